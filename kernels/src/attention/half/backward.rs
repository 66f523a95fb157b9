//! Gradients of queries, keys and values.

use std::mem::MaybeUninit;

use half::f16;

use super::{Buffer, Layout, Scores, factor, scores, spread};
use crate::attention::backward::{self, KnownHead};
use crate::attention::head::Head;
use crate::attention::tile::{Lanes, TILE};
use crate::simd::{HALVES, Halves, half_kernel};
use crate::transpose::{transpose, transpose_into};

/// 2 to this power is the largest weight: the small ones keep more of their bits.
const HIGHEST: f32 = 5.0;

/// Queries whose gradients of keys and values are summed in f16. Weights being up to 32, gradients, values
/// and results up to one, queries up to the square root of the largest score long, their sum ends at 2^15.
const SPAN: usize = 64;

/// A tile of keys.
pub(super) struct BackwardTile {
    layout: Layout,
    /// How many keys are no padding.
    keys: usize,
    q: *const f16,
    grad: *const f16,
    /// Of each query: minus the logarithm of its sum of exponentials, or nearly.
    below: *const f16,
    /// Of each query: minus its gradient times its result, summed over the channels.
    pulls: *const f16,
    k: *const f16,
    v: *const f16,
    /// All keys with the channels along the lanes, from these on.
    k_rows: *const f16,
    shape: GroupShape,
    /// (query of a span, key): weights, gradients of the scores.
    weights: *mut f16,
    score_slopes: *mut f16,
    /// (width, [`TILE`]): sums.
    k_slopes: *mut f32,
    v_slopes: *mut f32,
    /// A row for each query, as `shape` says.
    q_slopes: *mut f16,
}

/// How channels fill vectors where they run along the lanes: each channel's numbers of `group` tokens lie side
/// by side.
#[derive(Clone, Copy)]
struct GroupShape {
    /// Two, four or eight.
    group: usize,
    /// Numbers of a row, whole vectors.
    length: usize,
}

impl GroupShape {
    fn of(head: Head) -> Self {
        let group = [8, 4].into_iter().find(|group| group * head.width <= HALVES).unwrap_or(2);
        Self { group, length: (group * head.width).next_multiple_of(HALVES) }
    }

    /// Rows of `numbers`, a group of tokens each.
    fn gather(&self, Layout { head, pitch }: Layout, numbers: &Buffer) -> Buffer {
        // Two tokens of a channel are a word: words change places.
        let (words, channels) = (pitch / 2, self.length / self.group);
        let mut pairs = Buffer::zeros(2 * words * channels);
        transpose(&numbers.0, (head.width, words), words, &mut pairs.0, channels);
        let side = self.group / 2;
        if side == 1 {
            return pairs;
        }
        let mut rows = Buffer::zeros(2 * words * channels);
        let each = pairs.0.chunks_exact(side * channels);
        for (row, pairs) in rows.0.chunks_exact_mut(side * channels).zip(each) {
            transpose(pairs, (side, channels), channels, row, side);
        }
        rows
    }

    /// Rows of sums, one for each token, to all of (width, tokens), each times `by`.
    fn take_back(&self, head: Head, rows: &[f32], by: f32, channels: &mut [MaybeUninit<f32>]) {
        let (tokens, group) = (head.tokens, self.group);
        let mut apart = Vec::with_capacity(group * head.width * tokens);
        let spare = &mut apart.spare_capacity_mut()[..group * head.width * tokens];
        transpose_into(rows, (tokens, group * head.width), self.length, spare, tokens);
        // SAFETY: all of it was written.
        unsafe { apart.set_len(group * head.width * tokens) }
        for (row, group) in
            channels.chunks_exact_mut(tokens).zip(apart.chunks_exact_mut(group * tokens))
        {
            let (sums, others) = group.split_at_mut(tokens);
            for other in others.chunks_exact(tokens) {
                sums.iter_mut().zip(other).for_each(|(sum, number)| *sum += number);
            }
            row.iter_mut().zip(sums).for_each(|(to, sum)| {
                to.write(*sum * by);
            });
        }
    }
}

half_kernel! {
    /// Adds to the gradients of queries, keys and values.
    fn slopes(tile: &BackwardTile) = slopes_of
}

#[inline(always)]
unsafe fn slopes_of<V: Halves>(tile: &BackwardTile) {
    let (layout, queries) = (tile.layout, tile.layout.padded_tokens());
    // SAFETY: the caller vouches for whole tiles behind each pointer.
    unsafe {
        for begin in (0..queries).step_by(SPAN) {
            let (mut at, end) = (begin, queries.min(begin + SPAN));
            while at + 16 <= end {
                score_slopes::<V, 16>(tile, at, at - begin);
                query_slopes::<V, 16>(tile, at, at - begin);
                at += 16;
            }
            if at < end {
                score_slopes::<V, 8>(tile, at, at - begin);
                query_slopes::<V, 8>(tile, at, at - begin);
            }
            let count = end - begin;
            spread::<V>(layout, tile.grad.add(begin), (tile.weights, count), tile.v_slopes);
            spread::<V>(layout, tile.q.add(begin), (tile.score_slopes, count), tile.k_slopes);
        }
    }
}

/// Weights and gradients of the scores of H queries.
#[inline(always)]
unsafe fn score_slopes<V: Halves, const H: usize>(tile: &BackwardTile, at: usize, row: usize) {
    let BackwardTile { layout, q, grad, k, v, .. } = *tile;
    // SAFETY: as for `slopes_of`.
    unsafe {
        let weights = tile.weights.add(row * TILE);
        let scores_of = scores::<V, H>(layout, q.add(at), k, spread_out(tile.below.add(at)));
        for (h, score) in scores_of.iter().enumerate() {
            score.exp2().store(weights.add(h * TILE));
        }
        let slopes = tile.score_slopes.add(row * TILE);
        let pulled = scores::<V, H>(layout, grad.add(at), v, spread_out(tile.pulls.add(at)));
        for (h, slope) in pulled.iter().enumerate() {
            slope.mul(V::load(weights.add(h * TILE))).store(slopes.add(h * TILE));
        }
    }
}

/// Each of H numbers, in all lanes of a vector.
#[inline(always)]
unsafe fn spread_out<V: Halves, const H: usize>(numbers: *const f16) -> [V; H] {
    // SAFETY: the caller vouches for H numbers.
    unsafe {
        let mut rows = [V::splat(f16::ZERO); H];
        for (h, row) in rows.iter_mut().enumerate() {
            *row = V::repeat::<1>(numbers.add(h));
        }
        rows
    }
}

/// Adds to the gradients of H queries.
#[inline(always)]
unsafe fn query_slopes<V: Halves, const H: usize>(tile: &BackwardTile, at: usize, row: usize) {
    for lane in (0..tile.shape.length).step_by(HALVES) {
        // SAFETY: the caller vouches for all lanes.
        unsafe {
            match tile.shape.group {
                8 => query_lanes::<V, H, 8>(tile, at, row, lane),
                4 => query_lanes::<V, H, 4>(tile, at, row, lane),
                _ => query_lanes::<V, H, 2>(tile, at, row, lane),
            }
        }
    }
}

/// A vector of the rows of H queries; G keys at once.
#[inline(always)]
unsafe fn query_lanes<V: Halves, const H: usize, const G: usize>(
    tile: &BackwardTile,
    at: usize,
    row: usize,
    lane: usize,
) {
    let length = tile.shape.length;
    // SAFETY: the caller vouches for as many keys, and for H queries.
    unsafe {
        let mut sums = [V::splat(f16::ZERO); H];
        let q_slopes = tile.q_slopes.add(at * length + lane);
        for (h, sum) in sums.iter_mut().enumerate() {
            *sum = V::load(q_slopes.add(h * length));
        }
        let slopes = tile.score_slopes.add(row * TILE);
        for group in 0..tile.keys.div_ceil(G) {
            let keys = V::load(tile.k_rows.add(group * length + lane));
            for (h, sum) in sums.iter_mut().enumerate() {
                *sum = V::repeat::<G>(slopes.add(h * TILE + group * G)).mul_add(keys, *sum);
            }
        }
        for (h, sum) in sums.iter().enumerate() {
            sum.store(q_slopes.add(h * length));
        }
    }
}

half_kernel! {
    /// Whole vectors of f16 added to as many numbers of f32.
    fn widen(from: *const f16, to: &mut [f32]) = widen_of
}

#[inline(always)]
unsafe fn widen_of<V: Halves>(from: *const f16, to: &mut [f32]) {
    for (at, to) in to.chunks_exact_mut(HALVES).enumerate() {
        // SAFETY: the caller vouches for as many numbers.
        unsafe { V::load(from.add(at * HALVES)).add_to(to.as_mut_ptr()) }
    }
}

/// Of each query, what scores and their gradients begin from.
struct Queries {
    grads: Buffer,
    below: Buffer,
    pulls: Buffer,
    /// What gradients were multiplied by.
    by: f32,
}

impl Queries {
    /// The values are multiplied by `values_by`.
    fn new(layout: Layout, known: &KnownHead, values_by: f32) -> Self {
        let head = layout.head;
        let by = factor(head.longest(known.grad), 1.0);
        // A logarithm is rounded to f16; what that makes of all of a query's weights is taken back from its
        // gradient, which is only ever multiplied by them.
        let below: Vec<f32> = known.log_sums.iter().map(|log_sum| HIGHEST - log_sum).collect();
        let rounded = |below: &f32| f16::from_f32(*below).to_f32();
        let factors = below.iter().map(|below| by * (below - rounded(below)).exp2());
        let factors: Vec<f32> = factors.collect();
        let mut pulls = known.pulls(head);
        pulls.iter_mut().zip(&factors).for_each(|(pull, factor)| *pull *= -factor * values_by);
        Self {
            grads: layout.narrow(known.grad, &vec![0.0; head.width], &factors),
            below: layout.row(&below),
            pulls: layout.row(&pulls),
            by,
        }
    }
}

/// As [`backward::head_backward`].
pub(in crate::attention) fn head_backward(
    head: Head,
    known: &KnownHead,
    [dq, dk, dv]: [&mut [MaybeUninit<f32>]; 3],
) {
    let [q, k, v] = known.parts;
    let Some(sides) = Scores::of(head, q, k) else {
        return backward::head_backward(head, known, [dq, dk, dv]);
    };
    let layout = sides.layout;
    let values_by = factor(head.longest(v), 1.0);
    let values = layout.narrow(v, &vec![0.0; head.width], &vec![values_by; head.tokens]);
    let queries = Queries::new(layout, known, values_by);
    let shape = GroupShape::of(head);
    let k_rows = shape.gather(layout, &sides.keys);
    let numbers = layout.padded_tokens() * shape.length;
    let mut q_slopes = Buffer::zeros(numbers);
    let [mut k_slopes, mut v_slopes] = [(); 2].map(|()| Lanes::default());
    let mut weights = Buffer::zeros(SPAN * TILE);
    let mut score_slopes = Buffer::zeros(SPAN * TILE);
    // Weights are 2^HIGHEST too large.
    let unit = (-HIGHEST).exp2() / queries.by;
    let score_unit = head.scale() * unit / values_by;
    for first in (0..head.tokens).step_by(TILE) {
        let count = TILE.min(head.tokens - first);
        k_slopes.zero(head);
        v_slopes.zero(head);
        let tile = BackwardTile {
            layout,
            keys: count,
            q: sides.queries.at(0),
            grad: queries.grads.at(0),
            below: queries.below.at(0),
            pulls: queries.pulls.at(0),
            k: sides.keys.at(first),
            v: values.at(first),
            k_rows: k_rows.at(first / shape.group * shape.length),
            shape,
            weights: weights.at_mut(0),
            score_slopes: score_slopes.at_mut(0),
            k_slopes: k_slopes.0.as_mut_ptr(),
            v_slopes: v_slopes.0.as_mut_ptr(),
            q_slopes: q_slopes.at_mut(0),
        };
        // SAFETY: every pointer is to a whole tile or to all tokens.
        unsafe { slopes(&tile) };
        k_slopes.scatter(head, dk, first, &[score_unit / sides.by[0]; TILE][..count]);
        v_slopes.scatter(head, dv, first, &[unit; TILE][..count]);
    }
    let mut wide = vec![0.0; numbers];
    // SAFETY: as many of both.
    unsafe { widen(q_slopes.at(0), &mut wide) };
    shape.take_back(head, &wide, score_unit / sides.by[1], dq);
}
