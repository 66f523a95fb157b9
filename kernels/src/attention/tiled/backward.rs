//! Gradients of queries, keys and values by tiles.

use std::mem::MaybeUninit;

use super::{Padded, SIDE, TWO, load_right, scores, square_shapes};
use crate::attention::backward::KnownHead;
use crate::attention::head::Head;
use crate::lines::Lines;
use crate::matrix::{Shapes, Unit, unit_kernel};
use crate::simd::Simd;
use crate::transpose::transpose_into;

/// Queries whose weights are kept until they are spread: few enough for the first-level cache.
const CHUNK: usize = 128;

/// A head's sides.
struct Sides {
    padded: Padded,
    /// Queries and gradients, by token.
    queries: Lines,
    grads: Lines,
    /// The same by channel.
    query_channels: Lines,
    grad_channels: Lines,
    /// Keys, times the scale of base 2, and values, by pair of channels.
    keys: Lines,
    values: Lines,
    /// Keys by pair of tokens.
    key_pairs: Lines,
    /// Of each query: the logarithm of its sum, and its gradient times its result.
    log_sums: Vec<f32>,
    pulls: Vec<f32>,
}

impl Sides {
    fn new(head: Head, known: &KnownHead<'_>) -> Self {
        let padded = Padded::new(head, 0);
        let [q, k, v] = known.parts;
        let zeros_behind = |mut numbers: Vec<f32>| {
            numbers.resize(padded.tokens, 0.0);
            numbers
        };
        Self {
            padded,
            queries: padded.by_token(&padded.by_pair(q, 1.0)),
            grads: padded.by_token(&padded.by_pair(known.grad, 1.0)),
            query_channels: padded.by_channel(q),
            grad_channels: padded.by_channel(known.grad),
            keys: padded.by_pair(k, head.scale_base2()),
            values: padded.by_pair(v, 1.0),
            key_pairs: padded.by_token_pair(k),
            log_sums: padded_with_last(known.log_sums, padded.tokens),
            pulls: zeros_behind(known.pulls(head)),
        }
    }
}

fn padded_with_last(numbers: &[f32], count: usize) -> Vec<f32> {
    let mut padded = numbers.to_vec();
    padded.resize(count, numbers[numbers.len() - 1]);
    padded
}

/// [`TWO`] keys.
struct Keys<'a> {
    sides: &'a Sides,
    first: usize,
    /// Of sixteen queries each: two tiles of scores, two of the weights' gradients; twice.
    made: *mut f32,
    /// Of a chunk of queries: (half of the keys, pair of queries, key).
    weights: *mut f32,
    slopes: *mut f32,
    /// (query, pair of keys).
    slope_rows: *mut f32,
    /// (half of the keys, channel, key): sums.
    k_slopes: *mut f32,
    v_slopes: *mut f32,
    /// (query, channel): sums over all keys.
    q_slopes: *mut f32,
}

/// Distance of the two halves of keys.
const HALF: usize = CHUNK / 2 * SIDE;

unit_kernel! {
    /// Adds what all queries give.
    fn add(keys: &Keys<'_>) = add_of
}

#[inline(always)]
unsafe fn add_of<V: Simd, U: Unit>(keys: &Keys<'_>) {
    let padded = &keys.sides.padded;
    let [sums, left, right] = padded.shapes();
    // SAFETY: the caller vouches for whole tiles behind each pointer.
    unsafe {
        for begin in (0..padded.tokens).step_by(CHUNK) {
            let count = CHUNK.min(padded.tokens - begin);
            U::shape(&Shapes::new([sums, sums, sums, left, right, right, right, right]));
            load_right::<U, 4, 5>(padded, keys.right(&keys.sides.keys), 0);
            load_right::<U, 6, 7>(padded, keys.right(&keys.sides.values), 0);
            make_scores::<U>(keys, begin);
            store_scores::<U>(keys, begin);
            make_grads::<U>(keys, begin);
            store_grads::<U>(keys, begin);
            for at in (0..count).step_by(SIDE) {
                // The tiles of the next queries are made in between, and stored when others are made, so
                // that nothing waits for them. The last ones are made again, and not looked at.
                let (query, next) = (begin + at, begin + (at + SIDE).min(count - SIDE));
                make_scores::<U>(keys, next);
                weights_and_slopes::<V>(keys, query, at, 0);
                store_scores::<U>(keys, query + SIDE);
                make_grads::<U>(keys, next);
                weights_and_slopes::<V>(keys, query, at, 1);
                store_grads::<U>(keys, query + SIDE);
                weights_and_slopes::<V>(keys, query, at, 2);
                weights_and_slopes::<V>(keys, query, at, 3);
            }
            U::shape(&square_shapes());
            for first in (0..padded.channels).step_by(SIDE) {
                spread::<U>(keys, begin, count, first);
            }
        }
        U::release();
    }
}

impl Keys<'_> {
    /// Of all keys, as the right side of scores, these.
    fn right(&self, pairs: &[f32]) -> *const f32 {
        pairs[self.first..].as_ptr()
    }
}

/// Where the tiles of the sixteen queries from `query` on are: two of scores, two of weights' gradients.
#[inline(always)]
fn place(query: usize) -> usize {
    query / SIDE % 2 * 4 * SIDE * SIDE
}

/// Makes the scores of sixteen queries.
#[inline(always)]
unsafe fn make_scores<U: Unit>(keys: &Keys<'_>, query: usize) {
    let padded = &keys.sides.padded;
    // SAFETY: as for `add_of`.
    unsafe {
        let left = keys.sides.queries.as_ptr().add(query * padded.pairs.padded());
        scores::<U, 0, 1, 3, 4, 5>(padded, left, keys.right(&keys.sides.keys));
    }
}

/// Makes the gradients of their weights; the scores must have been stored.
#[inline(always)]
unsafe fn make_grads<U: Unit>(keys: &Keys<'_>, query: usize) {
    let padded = &keys.sides.padded;
    // SAFETY: as for `add_of`.
    unsafe {
        let left = keys.sides.grads.as_ptr().add(query * padded.pairs.padded());
        scores::<U, 2, 0, 3, 6, 7>(padded, left, keys.right(&keys.sides.values));
    }
}

#[inline(always)]
unsafe fn store_scores<U: Unit>(keys: &Keys<'_>, query: usize) {
    // SAFETY: as for `add_of`.
    unsafe {
        let to = keys.made.add(place(query));
        U::store::<0>(to, SIDE);
        U::store::<1>(to.add(SIDE * SIDE), SIDE);
    }
}

#[inline(always)]
unsafe fn store_grads<U: Unit>(keys: &Keys<'_>, query: usize) {
    // SAFETY: as for `add_of`.
    unsafe {
        let to = keys.made.add(place(query) + 2 * SIDE * SIDE);
        U::store::<2>(to, SIDE);
        U::store::<0>(to.add(SIDE * SIDE), SIDE);
    }
}

/// What four of sixteen queries give of weights and gradients of scores. `at` counts queries in their
/// chunk.
#[inline(always)]
unsafe fn weights_and_slopes<V: Simd>(keys: &Keys<'_>, query: usize, at: usize, quarter: usize) {
    // SAFETY: as for `add_of`.
    unsafe {
        let made = keys.made.add(place(query));
        let log_sums = keys.sides.log_sums.as_ptr().add(query);
        let pulls = keys.sides.pulls.as_ptr().add(query);
        for lane in (0..SIDE).step_by(V::LANES) {
            for pair in quarter * SIDE / 8..(quarter + 1) * SIDE / 8 {
                let [mut weights, mut slopes] = [[[V::splat(0.0); 2]; 2]; 2];
                for i in 0..2 {
                    let row = 2 * pair + i;
                    let (log_sum, pull) = (V::splat(*log_sums.add(row)), V::splat(*pulls.add(row)));
                    for half in 0..2 {
                        let scores = made.add(half * SIDE * SIDE + row * SIDE + lane);
                        let grad = V::load(scores.add(2 * SIDE * SIDE));
                        weights[half][i] = V::load(scores).sub(log_sum).exp2(true);
                        slopes[half][i] = weights[half][i].mul(grad.sub(pull));
                    }
                    let to = keys.slope_rows.add((at + row) * SIDE + lane);
                    slopes[0][i].pair(slopes[1][i]).store(to);
                }
                for half in 0..2 {
                    let to = half * HALF + (at / 2 + pair) * SIDE + lane;
                    weights[half][0].pair(weights[half][1]).store(keys.weights.add(to));
                    slopes[half][0].pair(slopes[half][1]).store(keys.slopes.add(to));
                }
            }
        }
    }
}

/// Adds a chunk of queries to the sums of sixteen channels.
#[inline(always)]
unsafe fn spread<U: Unit>(keys: &Keys<'_>, begin: usize, count: usize, first: usize) {
    let Keys { sides, .. } = *keys;
    let padded = &sides.padded;
    let (words, tile) = (padded.tokens / 2, first * SIDE);
    // SAFETY: as for `add_of`.
    unsafe {
        let row = first * words + begin / 2;
        let (grads, queries) =
            (sides.grad_channels.as_ptr().add(row), sides.query_channels.as_ptr().add(row));
        let half = padded.channels * SIDE;
        let (v, k) = (keys.v_slopes.add(tile), keys.k_slopes.add(tile));
        U::load::<0>(v, SIDE);
        U::load::<1>(v.add(half), SIDE);
        U::load::<2>(k, SIDE);
        U::load::<3>(k.add(half), SIDE);
        for step in 0..count / TWO {
            let (left, right) = (step * SIDE, step * SIDE * SIDE);
            U::load::<4>(grads.add(left), words);
            U::load::<6>(keys.weights.add(right), SIDE);
            U::dot::<0, 4, 6>();
            U::load::<7>(keys.weights.add(HALF + right), SIDE);
            U::dot::<1, 4, 7>();
            U::load::<5>(queries.add(left), words);
            U::load::<6>(keys.slopes.add(right), SIDE);
            U::dot::<2, 5, 6>();
            U::load::<7>(keys.slopes.add(HALF + right), SIDE);
            U::dot::<3, 5, 7>();
        }
        U::store::<0>(v, SIDE);
        U::store::<1>(v.add(half), SIDE);
        U::store::<2>(k, SIDE);
        U::store::<3>(k.add(half), SIDE);
        let pairs = sides.key_pairs.as_ptr().add(keys.first / 2 * padded.channels + first);
        U::load::<7>(pairs, padded.channels);
        for at in (0..count).step_by(TWO) {
            let to = keys.q_slopes.add((begin + at) * padded.channels + first);
            let (rows, below) = (keys.slope_rows.add(at * SIDE), SIDE * padded.channels);
            U::load::<1>(to, padded.channels);
            U::load::<3>(to.add(below), padded.channels);
            U::load::<4>(rows, SIDE);
            U::dot::<1, 4, 7>();
            U::load::<5>(rows.add(SIDE * SIDE), SIDE);
            U::dot::<3, 5, 7>();
            U::store::<1>(to, padded.channels);
            U::store::<3>(to.add(below), padded.channels);
        }
    }
}

/// Writes all of the gradients of queries, keys and values, (width, tokens) each.
pub(in crate::attention) fn head_backward(
    head: Head,
    known: &KnownHead<'_>,
    [dq, dk, dv]: [&mut [MaybeUninit<f32>]; 3],
) {
    let sides = Sides::new(head, known);
    let Padded { tokens, channels, .. } = sides.padded;
    let mut made = Lines::any(8 * SIDE * SIDE);
    let [mut weights, mut slopes] = std::array::from_fn(|_| Lines::any(2 * HALF));
    let mut slope_rows = Lines::any(CHUNK * SIDE);
    let mut q_slopes = Lines::zeros(tokens * channels);
    let [mut k_slopes, mut v_slopes] = std::array::from_fn(|_| Lines::any(channels * TWO));
    for first in (0..head.tokens).step_by(TWO) {
        k_slopes.fill(0.0);
        v_slopes.fill(0.0);
        let keys = Keys {
            sides: &sides,
            first,
            made: made.as_mut_ptr(),
            weights: weights.as_mut_ptr(),
            slopes: slopes.as_mut_ptr(),
            slope_rows: slope_rows.as_mut_ptr(),
            k_slopes: k_slopes.as_mut_ptr(),
            v_slopes: v_slopes.as_mut_ptr(),
            q_slopes: q_slopes.as_mut_ptr(),
        };
        // SAFETY: every pointer is to whole tiles; the unit was asked for.
        unsafe {
            add(&keys);
        }
        take_back(head, &k_slopes, first, head.scale(), dk);
        take_back(head, &v_slopes, first, 1.0, dv);
    }
    q_slopes.iter_mut().for_each(|slope| *slope *= head.scale());
    transpose_into(&q_slopes, (head.tokens, head.width), channels, dq, head.tokens);
}

/// Sums (half of the keys, channel, key), times `scale`, to the keys from `first` on of (width, tokens).
fn take_back(head: Head, sums: &[f32], first: usize, scale: f32, to: &mut [MaybeUninit<f32>]) {
    let halves = sums.chunks_exact(sums.len() / 2).zip([first, first + SIDE]);
    for (sums, first) in halves.filter(|(_, first)| *first < head.tokens) {
        let count = SIDE.min(head.tokens - first);
        for (to, sums) in to.chunks_exact_mut(head.tokens).zip(sums.chunks_exact(SIDE)) {
            for (to, sum) in to[first..first + count].iter_mut().zip(sums) {
                to.write(sum * scale);
            }
        }
    }
}
