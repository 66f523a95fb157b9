//! Values weighted by the softmax of the scores, by tiles.

use std::mem::MaybeUninit;

use super::{Padded, SIDE, TWO, load_right, scores, square_shapes};
use crate::attention::forward::SAFE_SCORE;
use crate::attention::head::Head;
use crate::lines::Lines;
use crate::matrix::{Shapes, Unit, unit_kernel};
use crate::simd::Simd;
use crate::stop::Wish;

/// A head's sides.
struct Sides {
    padded: Padded,
    /// By pair of channels, times the scale of base 2.
    queries: Lines,
    /// By token.
    keys: Lines,
    /// By channel; behind the last channel one of ones, whose weighted sum is that of the weights.
    values: Lines,
    /// Whether exponentials of scores might leave the range of f32.
    careful: bool,
}

impl Sides {
    fn new(head: Head, [q, k, v]: [&[f32]; 3]) -> Self {
        let padded = Padded::new(head, 1);
        // By Cauchy and Schwarz no score is larger than this.
        let bound = head.longest(q) * head.longest(k) * head.scale_base2();
        let mut values = padded.by_channel(v);
        let ones = &mut values[head.width * padded.tokens / 2..][..head.tokens.div_ceil(2)];
        ones.fill(crate::pairs::pair(1.0, 1.0));
        if let (Some(last), 1) = (ones.last_mut(), head.tokens % 2) {
            *last = crate::pairs::pair(1.0, 0.0);
        }
        Self {
            padded,
            queries: padded.by_pair(q, head.scale_base2()),
            keys: padded.by_token(&padded.by_pair(k, 1.0)),
            values,
            careful: bound.is_nan() || bound > SAFE_SCORE,
        }
    }
}

/// [`TWO`] queries. Tiles of theirs come in pairs: those of the first sixteen, then the others'.
struct Queries<'a> {
    sides: &'a Sides,
    first: usize,
    /// What is taken from each one's scores.
    shift: *mut f32,
    /// Tiles of [`TWO`] keys by as many queries: (half of the keys, half of the queries), twice.
    scores: *mut f32,
    /// (half of the queries, pair of keys, query).
    weights: *mut f32,
    /// (half of the queries, channel, query): sums of values, then of weights.
    sums: *mut f32,
}

/// Numbers of a tile of sums.
const TILE: usize = SIDE * SIDE;

unit_kernel! {
    /// Fills the sums.
    fn weigh(queries: &Queries<'_>) = weigh_of
}

#[inline(always)]
unsafe fn weigh_of<V: Simd, U: Unit>(queries: &Queries<'_>) {
    let padded = &queries.sides.padded;
    let [sums, left, right] = padded.shapes();
    // SAFETY: the caller vouches for whole tiles behind each pointer.
    unsafe {
        U::shape(&Shapes::new([sums, sums, sums, sums, left, left, right, right]));
        load_right::<U, 6, 7>(padded, queries.right(), 0);
        if queries.sides.careful {
            over_scores::<V, U, true>(queries);
        }
        over_scores::<V, U, false>(queries);
        U::shape(&square_shapes());
        let mut first = 0;
        while first < padded.channels {
            if first + SIDE < padded.channels {
                add_values::<V, U, true>(queries, first);
            } else {
                add_values::<V, U, false>(queries, first);
            }
            first += TWO;
        }
        U::release();
    }
}

impl Queries<'_> {
    fn right(&self) -> *const f32 {
        self.sides.queries[self.first..].as_ptr()
    }
}

/// Sums the values of sixteen channels, or of `DOUBLE` as many. Of few, every other pair of tiles has sums of
/// its own, which need not wait for the others.
#[inline(always)]
unsafe fn add_values<V: Simd, U: Unit, const DOUBLE: bool>(queries: &Queries<'_>, first: usize) {
    let padded = &queries.sides.padded;
    let words = padded.tokens / 2;
    let half = padded.tokens / 2 * SIDE;
    // SAFETY: as for `weigh_of`.
    unsafe {
        let values = queries.sides.values.as_ptr().add(first * words);
        U::zero::<0>();
        U::zero::<1>();
        U::zero::<2>();
        U::zero::<3>();
        for step in 0..padded.steps() {
            let (values, weights) = (values.add(step * SIDE), queries.weights.add(step * TILE));
            U::load::<6>(weights, SIDE);
            U::load::<7>(weights.add(half), SIDE);
            if DOUBLE || step % 2 == 0 {
                U::load::<4>(values, words);
                U::dot::<0, 4, 6>();
                U::dot::<1, 4, 7>();
            }
            if DOUBLE || step % 2 == 1 {
                U::load::<5>(if DOUBLE { values.add(SIDE * words) } else { values }, words);
                U::dot::<2, 5, 6>();
                U::dot::<3, 5, 7>();
            }
        }
        let to = queries.sums.add(first * SIDE);
        let (scratch, other) = (queries.scores, padded.channels * SIDE);
        U::store::<0>(to, SIDE);
        U::store::<1>(to.add(other), SIDE);
        if DOUBLE {
            U::store::<2>(to.add(TILE), SIDE);
            return U::store::<3>(to.add(other + TILE), SIDE);
        }
        U::store::<2>(scratch, SIDE);
        U::store::<3>(scratch.add(TILE), SIDE);
        for at in (0..TILE).step_by(V::LANES) {
            for half in 0..2 {
                let to = to.add(half * other + at);
                V::load(to).add(V::load(scratch.add(half * TILE + at))).store(to);
            }
        }
    }
}

/// Finds the highest of all scores, or makes weights of them. Tiles of the next [`TWO`] keys are made in
/// between, and stored when others are made, so that nothing waits for them.
#[inline(always)]
unsafe fn over_scores<V: Simd, U: Unit, const HIGHEST: bool>(queries: &Queries<'_>) {
    let steps = queries.sides.padded.steps();
    // SAFETY: as for `weigh_of`.
    unsafe {
        make_scores::<U, 0, 1>(queries, 0);
        make_scores::<U, 2, 3>(queries, 0);
        store_scores::<U, 0, 1>(queries, 0);
        for at in 0..steps {
            // The last ones are made again, and not looked at.
            let next = (at + 1).min(steps - 1);
            store_scores::<U, 2, 3>(queries, at);
            make_scores::<U, 0, 1>(queries, next);
            see_scores::<V, HIGHEST>(queries, at, 0);
            see_scores::<V, HIGHEST>(queries, at, 1);
            store_scores::<U, 0, 1>(queries, at + 1);
            make_scores::<U, 2, 3>(queries, next);
            see_scores::<V, HIGHEST>(queries, at, 2);
            see_scores::<V, HIGHEST>(queries, at, 3);
        }
    }
}

/// Makes two of the four tiles of the keys numbered `at`: those of sixteen keys.
#[inline(always)]
unsafe fn make_scores<U: Unit, const FIRST: usize, const SECOND: usize>(
    queries: &Queries<'_>,
    at: usize,
) {
    let padded = &queries.sides.padded;
    // SAFETY: as for `weigh_of`.
    unsafe {
        let row = SIDE * padded.pairs.padded();
        let left = queries.sides.keys.as_ptr().add((2 * at + FIRST / 2) * row);
        scores::<U, FIRST, SECOND, 4, 6, 7>(padded, left, queries.right());
    }
}

/// Stores them.
#[inline(always)]
unsafe fn store_scores<U: Unit, const FIRST: usize, const SECOND: usize>(
    queries: &Queries<'_>,
    at: usize,
) {
    // SAFETY: as for `weigh_of`.
    unsafe {
        let to = queries.scores.add(at % 2 * 4 * TILE);
        U::store::<FIRST>(to.add(FIRST * TILE), SIDE);
        U::store::<SECOND>(to.add(SECOND * TILE), SIDE);
    }
}

/// Looks at that tile.
#[inline(always)]
unsafe fn see_scores<V: Simd, const HIGHEST: bool>(queries: &Queries<'_>, at: usize, place: usize) {
    let half = queries.sides.padded.tokens / 2 * SIDE;
    // SAFETY: as for `weigh_of`.
    unsafe {
        let scores = queries.scores.add((at % 2 * 4 + place) * TILE);
        let shift = queries.shift.add(place % 2 * SIDE);
        if HIGHEST {
            highest::<V>(scores, shift);
        } else {
            let to = place % 2 * half + at * TILE + place / 2 * TILE / 2;
            exponentials::<V>(scores, shift, queries.weights.add(to));
        }
    }
}

/// Raises each query's `shift` to its highest score.
#[inline(always)]
unsafe fn highest<V: Simd>(scores: *const f32, shift: *mut f32) {
    for lane in (0..SIDE).step_by(V::LANES) {
        // SAFETY: the caller vouches for all scores.
        unsafe {
            let mut highest = V::load(shift.add(lane));
            for key in 0..SIDE {
                highest = highest.max(V::load(scores.add(key * SIDE + lane)));
            }
            highest.store(shift.add(lane));
        }
    }
}

/// Pairs of weights of two keys each.
#[inline(always)]
unsafe fn exponentials<V: Simd>(scores: *const f32, shift: *const f32, weights: *mut f32) {
    for lane in (0..SIDE).step_by(V::LANES) {
        // SAFETY: the caller vouches for all scores and weights.
        unsafe {
            let shift = V::load(shift.add(lane));
            for pair in 0..SIDE / 2 {
                let from = scores.add(2 * pair * SIDE + lane);
                let first = V::load(from).sub(shift).exp2(true);
                let second = V::load(from.add(SIDE)).sub(shift).exp2(true);
                first.pair(second).store(weights.add(pair * SIDE + lane));
            }
        }
    }
}

/// Writes all of `out` (width, tokens) and `log_sums` (tokens), unless `wish` ends it.
pub(in crate::attention) fn head_forward(
    head: Head,
    parts: [&[f32]; 3],
    out: &mut [MaybeUninit<f32>],
    log_sums: &mut [f32],
    wish: &Wish,
) {
    let sides = Sides::new(head, parts);
    let Padded { tokens, channels, .. } = sides.padded;
    let mut weights = Lines::any(tokens * SIDE);
    let mut sums = Lines::any(2 * channels * SIDE);
    let mut scores = Lines::any(8 * TILE);
    for first in (0..head.tokens).step_by(TWO) {
        wish.look();
        let mut shift = [if sides.careful { f32::MIN } else { 0.0 }; TWO];
        let queries = Queries {
            sides: &sides,
            first,
            shift: shift.as_mut_ptr(),
            scores: scores.as_mut_ptr(),
            weights: weights.as_mut_ptr(),
            sums: sums.as_mut_ptr(),
        };
        // SAFETY: every pointer is to whole tiles; the unit was asked for.
        unsafe {
            weigh(&queries);
        }
        let halves = sums.chunks_exact(channels * SIDE).zip(shift.chunks_exact(SIDE));
        for (first, (sums, shift)) in [first, first + SIDE].into_iter().zip(halves) {
            if first < head.tokens {
                take_back(head, sums, shift, first, out, log_sums);
            }
        }
    }
}

/// Results and logarithms of sums of the sixteen queries from `first` on.
fn take_back(
    head: Head,
    sums: &[f32],
    shift: &[f32],
    first: usize,
    out: &mut [MaybeUninit<f32>],
    log_sums: &mut [f32],
) {
    let count = SIDE.min(head.tokens - first);
    let (sums, sum) = sums[..(head.width + 1) * SIDE].split_at(head.width * SIDE);
    let over: [f32; SIDE] = std::array::from_fn(|query| 1.0 / sum[query]);
    for (out, sums) in out.chunks_exact_mut(head.tokens).zip(sums.chunks_exact(SIDE)) {
        for ((out, sum), over) in out[first..first + count].iter_mut().zip(sums).zip(&over) {
            out.write(sum * over);
        }
    }
    for (query, log_sum) in log_sums[first..first + count].iter_mut().enumerate() {
        *log_sum = shift[query] + sum[query].log2();
    }
}
