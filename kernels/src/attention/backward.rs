//! Gradients of queries, keys and values.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use super::head::Head;
use super::rows::{Rows, RowsShape};
use super::tile::{Lanes, Singles, TILE, over_tokens, scores, spread, spreadable};
use super::way::{InBf16, InF32, InWhole, Way};
use crate::arithmetic::{Arithmetic, Numbers};
use crate::simd::{Simd, kernel, pairs_kernel, whole_kernel};

/// A block of queries against a tile of keys in the backward pass.
#[derive(Clone, Copy)]
pub(super) struct BackwardTile {
    head: Head,
    /// How many of both there are.
    queries: usize,
    keys: usize,
    /// What scores that are sums of whole numbers are multiplied by: those of queries and keys, and of gradients
    /// and values.
    units: [f32; 2],
    /// As scores read them, and as they are spread.
    q: [Singles; 2],
    grad: [Singles; 2],
    /// Of each query.
    log_sums: *const f32,
    /// Of each query: its gradient times its result, summed over the channels.
    pulls: *const f32,
    /// Along the lanes, times the scale of base 2.
    k: *const f32,
    /// Along the lanes.
    v: *const f32,
    /// The same keys with the channels along the lanes.
    k_rows: *const f32,
    shape: RowsShape,
    /// Gradients of the scores: a row for each query; with pairs, two vectors of keys are one.
    score_slopes: *mut f32,
    /// Sums with the keys along the lanes.
    k_slopes: *mut f32,
    v_slopes: *mut f32,
    /// Sums with the channels along the lanes, as [`RowsShape`] says: a row for each query.
    q_slopes: *mut f32,
}

/// Gradients of the scores; adds those of queries, keys and values.
unsafe fn slopes(tile: &BackwardTile) {
    // SAFETY: the caller's promise.
    unsafe {
        match tile.head.numbers {
            Numbers::F32 => slopes_of_numbers(tile),
            Numbers::Bf16 => slopes_of_pairs(tile),
            Numbers::Whole => slopes_of_whole(tile),
        }
    }
}

kernel! { fn slopes_of_numbers(tile: &BackwardTile) = slopes_of_numbers_body }
pairs_kernel! { fn slopes_of_pairs(tile: &BackwardTile) = slopes_of_pairs_body }
whole_kernel! { fn slopes_of_whole(tile: &BackwardTile) = slopes_of_whole_body }

#[inline(always)]
unsafe fn slopes_of_numbers_body<V: Simd>(tile: &BackwardTile) {
    // SAFETY: the caller's promise.
    unsafe { slopes_of::<V, InF32>(tile) }
}

#[inline(always)]
unsafe fn slopes_of_pairs_body<V: Simd>(tile: &BackwardTile) {
    // SAFETY: the caller's promise.
    unsafe { slopes_of::<V, InBf16>(tile) }
}

#[inline(always)]
unsafe fn slopes_of_whole_body<V: Simd>(tile: &BackwardTile) {
    // SAFETY: the caller's promise.
    unsafe { slopes_of::<V, InWhole>(tile) }
}

#[inline(always)]
unsafe fn slopes_of<V: Simd, W: Way>(tile: &BackwardTile) {
    // SAFETY: the caller vouches for a whole tile behind each pointer.
    unsafe {
        for lane in (0..TILE).step_by(2 * V::LANES) {
            over_tokens!(tile.queries, [8, 4], key_slopes(tile, lane));
        }
        over_tokens!(tile.queries, [16, 8], query_slopes(tile));
    }
}

#[inline(always)]
unsafe fn key_slopes<V: Simd, const H: usize, W: Way>(tile: &BackwardTile, lane: usize, at: usize) {
    let BackwardTile { head, q, grad, .. } = *tile;
    // SAFETY: as for `slopes_of`.
    unsafe {
        let from = below::<V, H>(tile.log_sums.add(at));
        let mut weights =
            scores::<V, H, W>((head, tile.units[0]), q[0], at, tile.k.add(lane), from);
        for row in &mut weights {
            *row = [row[0].exp2(W::Scores::PAIRS), row[1].exp2(W::Scores::PAIRS)];
        }
        let spread_weights = spreadable::<V, H, W>(weights);
        spread::<V, H, W>(head, grad[1], at, &spread_weights, tile.v_slopes.add(lane));
        let from = below::<V, H>(tile.pulls.add(at));
        let mut slopes =
            scores::<V, H, W>((head, tile.units[1]), grad[0], at, tile.v.add(lane), from);
        for (h, (row, weight)) in slopes.iter_mut().zip(&weights).enumerate() {
            *row = [row[0].mul(weight[0]), row[1].mul(weight[1])];
            if W::Sums::PAIRS {
                row[0].pair(row[1]).store(tile.score_slopes.add((at + h) * TILE + lane / 2));
            } else {
                let to = tile.score_slopes.add((at + h) * TILE + lane);
                row[0].store(to);
                row[1].store(to.add(V::LANES));
            }
        }
        let slopes = spreadable::<V, H, W>(slopes);
        spread::<V, H, W>(head, q[1], at, &slopes, tile.k_slopes.add(lane));
    }
}

/// Minus each of H numbers, in all lanes of a row.
#[inline(always)]
unsafe fn below<V: Simd, const H: usize>(numbers: *const f32) -> [[V; 2]; H] {
    // SAFETY: the caller vouches for H numbers.
    unsafe {
        let mut rows = [[V::splat(0.0); 2]; H];
        for (h, row) in rows.iter_mut().enumerate() {
            *row = [V::splat(-*numbers.add(h)); 2];
        }
        rows
    }
}

/// Adds to the gradients of H queries.
#[inline(always)]
unsafe fn query_slopes<V: Simd, const H: usize, W: Way>(tile: &BackwardTile, at: usize) {
    for lane in (0..tile.shape.length).step_by(V::LANES) {
        // SAFETY: the caller vouches for all lanes.
        unsafe {
            match tile.shape.group {
                4 => query_lanes::<V, H, 4, W>(tile, at, lane),
                2 => query_lanes::<V, H, 2, W>(tile, at, lane),
                _ => query_lanes::<V, H, 1, W>(tile, at, lane),
            }
        }
    }
}

/// A vector of the rows of H queries; G keys at once.
#[inline(always)]
unsafe fn query_lanes<V: Simd, const H: usize, const G: usize, W: Way>(
    tile: &BackwardTile,
    at: usize,
    lane: usize,
) {
    let length = tile.shape.length;
    let keys = if W::Sums::PAIRS { TILE / 2 } else { tile.keys };
    // SAFETY: the caller vouches for as many keys, and for H queries.
    unsafe {
        let mut sums = [V::splat(0.0); H];
        let slopes = tile.score_slopes.add(at * TILE);
        for group in 0..keys.div_ceil(G) {
            let row = V::load(tile.k_rows.add(group * length + lane));
            for (h, sum) in sums.iter_mut().enumerate() {
                let slope = slopes.add(h * TILE + group * G);
                let slope = match G {
                    4 => V::repeat_four(slope),
                    2 => V::repeat_two(slope),
                    _ => V::splat(*slope),
                };
                *sum = W::Sums::add(*sum, slope, row);
            }
        }
        for (h, sum) in sums.iter().enumerate() {
            let to = tile.q_slopes.add((at + h) * length + lane);
            V::load(to).add(*sum).store(to);
        }
    }
}

/// What the forward pass and the loss say of one head.
pub(super) struct KnownHead<'a> {
    /// Queries, keys, values: (width, tokens) each.
    pub parts: [&'a [f32]; 3],
    pub out: &'a [f32],
    pub grad: &'a [f32],
    pub log_sums: &'a [f32],
}

/// Numbers of each query: as scores read them, and as they are spread.
struct Side<'a> {
    by_channel: Cow<'a, [f32]>,
    by_token: Cow<'a, [f32]>,
    /// What whole numbers are multiplied by.
    unit: f32,
}

impl<'a> Side<'a> {
    fn new(head: Head, channels: &'a [f32]) -> Self {
        let (by_channel, unit) = head.by_channel(channels, head.reach(channels));
        Self { by_channel, by_token: head.by_token(channels), unit }
    }

    fn singles(&self, head: Head, first: usize) -> [Singles; 2] {
        let by_channel = Singles::channels(head, &self.by_channel, first);
        [by_channel, Singles::tokens(head, &self.by_token, first)]
    }
}

impl KnownHead<'_> {
    /// The gradient of each query times its result, summed over the channels.
    pub fn pulls(&self, head: Head) -> Vec<f32> {
        head.products(self.out, self.grad)
    }
}

/// Writes all of the gradients of queries, keys and values, (width, tokens) each.
pub(super) fn head_backward(
    head: Head,
    known: &KnownHead,
    [dq, dk, dv]: [&mut [MaybeUninit<f32>]; 3],
) {
    let [q, k, v] = known.parts;
    let (queries, grads, pulls) =
        (Side::new(head, q), Side::new(head, known.grad), known.pulls(head));
    let [keys, values, k_slopes, v_slopes] = &mut std::array::from_fn(|_| Lanes::default());
    let along_keys = head.along(head.reach(k), head.scale_base2());
    let along_values = head.along(head.reach(v), 1.0);
    let units = [queries.unit * along_keys.unit, grads.unit * along_values.unit];
    let shape = RowsShape::of(head);
    let mut rows = Rows::default();
    let mut q_slopes = vec![0.0; head.tokens * shape.length];
    let mut score_slopes = [0f32; TILE * TILE];
    for first in (0..head.tokens).step_by(TILE) {
        let count = TILE.min(head.tokens - first);
        keys.gather(head, k, first, count, along_keys);
        values.gather(head, v, first, count, along_values);
        let k_rows = rows.gather(head, k, first, count).as_ptr();
        k_slopes.zero(head);
        v_slopes.zero(head);
        for begin in (0..head.tokens).step_by(TILE) {
            let tile = BackwardTile {
                head,
                queries: TILE.min(head.tokens - begin),
                keys: count,
                units,
                q: queries.singles(head, begin),
                grad: grads.singles(head, begin),
                log_sums: known.log_sums[begin..].as_ptr(),
                pulls: pulls[begin..].as_ptr(),
                k: keys.0.as_ptr(),
                v: values.0.as_ptr(),
                k_rows,
                shape,
                score_slopes: score_slopes.as_mut_ptr(),
                k_slopes: k_slopes.0.as_mut_ptr(),
                v_slopes: v_slopes.0.as_mut_ptr(),
                q_slopes: q_slopes[begin * shape.length..].as_mut_ptr(),
            };
            // SAFETY: every pointer is to a whole tile, or to as many tokens as the tile says.
            unsafe { slopes(&tile) };
        }
        k_slopes.scatter(head, dk, first, &[head.scale(); TILE][..count]);
        v_slopes.scatter(head, dv, first, &[1.0; TILE][..count]);
    }
    q_slopes.iter_mut().for_each(|slope| *slope *= head.scale());
    shape.take_back(head, &q_slopes, dq);
}
