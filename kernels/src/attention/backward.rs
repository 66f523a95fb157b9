//! Gradients of queries, keys and values.

use super::tile::{Head, Lanes, Singles, TILE, over_tokens, scores, spread};
use crate::simd::{Simd, kernel};
use crate::transpose::transpose;

/// A block of queries against a tile of keys in the backward pass.
#[derive(Clone, Copy)]
pub(super) struct BackwardTile {
    head: Head,
    /// How many of both there are.
    queries: usize,
    keys: usize,
    q: Singles,
    grad: Singles,
    /// Of each query.
    log_sums: *const f32,
    /// Of each query: its gradient times its result, summed over the channels.
    pulls: *const f32,
    /// Along the lanes, times the scale of base 2.
    k: *const f32,
    /// Along the lanes.
    v: *const f32,
    /// The same keys as single numbers.
    k_singles: Singles,
    /// Gradients of the scores: a row for each query, the keys along the lanes.
    score_slopes: *mut f32,
    /// The same turned: a row for each key.
    turned: *const f32,
    /// Sums with the keys along the lanes.
    k_slopes: *mut f32,
    v_slopes: *mut f32,
    /// Sums with the queries along the lanes.
    q_slopes: *mut f32,
}

kernel! {
    /// Gradients of the scores; adds to those of the keys and values.
    fn key_slopes(tile: &BackwardTile) = key_slopes_of
}

kernel! {
    /// Adds to the gradients of the queries, from the turned gradients of the scores.
    fn query_slopes(tile: &BackwardTile) = query_slopes_of
}

#[inline(always)]
unsafe fn key_slopes_of<V: Simd>(tile: &BackwardTile) {
    // SAFETY: the caller vouches for a whole tile behind each pointer.
    unsafe {
        for lane in (0..TILE).step_by(2 * V::LANES) {
            over_tokens!(tile.queries, 8, key_slopes_by_queries(tile, lane));
        }
    }
}

#[inline(always)]
unsafe fn key_slopes_by_queries<V: Simd, const H: usize>(
    tile: &BackwardTile,
    lane: usize,
    at: usize,
) {
    // SAFETY: as for `key_slopes_of`.
    unsafe {
        let from = below::<V, H>(tile.log_sums.add(at));
        let mut weights = scores::<V, H>(tile.head, tile.q, at, tile.k.add(lane), from);
        for row in &mut weights {
            *row = [row[0].exp2(), row[1].exp2()];
        }
        spread(tile.head, tile.grad, at, &weights, tile.v_slopes.add(lane));
        let from = below::<V, H>(tile.pulls.add(at));
        let mut slopes = scores::<V, H>(tile.head, tile.grad, at, tile.v.add(lane), from);
        for (h, (row, weight)) in slopes.iter_mut().zip(&weights).enumerate() {
            *row = [row[0].mul(weight[0]), row[1].mul(weight[1])];
            let to = tile.score_slopes.add((at + h) * TILE + lane);
            row[0].store(to);
            row[1].store(to.add(V::LANES));
        }
        spread(tile.head, tile.q, at, &slopes, tile.k_slopes.add(lane));
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

#[inline(always)]
unsafe fn query_slopes_of<V: Simd>(tile: &BackwardTile) {
    // SAFETY: the caller vouches for a whole tile behind each pointer.
    unsafe {
        for lane in (0..TILE).step_by(2 * V::LANES) {
            over_tokens!(tile.keys, 8, query_slopes_by_keys(tile, lane));
        }
    }
}

#[inline(always)]
unsafe fn query_slopes_by_keys<V: Simd, const H: usize>(
    tile: &BackwardTile,
    lane: usize,
    at: usize,
) {
    // SAFETY: as for `query_slopes_of`.
    unsafe {
        let mut slopes = [[V::splat(0.0); 2]; H];
        for (h, row) in slopes.iter_mut().enumerate() {
            let from = tile.turned.add((at + h) * TILE + lane);
            *row = [V::load(from), V::load(from.add(V::LANES))];
        }
        spread(tile.head, tile.k_singles, at, &slopes, tile.q_slopes.add(lane));
    }
}

/// What the forward pass and the loss say of one head.
pub(super) struct Known<'a> {
    /// Queries, keys, values: (width, tokens) each.
    pub parts: [&'a [f32]; 3],
    pub out: &'a [f32],
    pub grad: &'a [f32],
    pub log_sums: &'a [f32],
}

/// Gradients of queries, keys and values, each (width, tokens).
pub(super) fn head_backward(head: Head, known: &Known, [dq, dk, dv]: [&mut [f32]; 3]) {
    let Known { parts: [q, k, v], out, grad, log_sums } = *known;
    let mut pulls = vec![0f32; head.tokens];
    for (out, grad) in out.chunks_exact(head.tokens).zip(grad.chunks_exact(head.tokens)) {
        for ((pull, out), grad) in pulls.iter_mut().zip(out).zip(grad) {
            *pull += out * grad;
        }
    }
    let [keys, values, k_slopes, v_slopes] = &mut std::array::from_fn(|_| Lanes::default());
    let mut q_slopes: Vec<Lanes> = Vec::new();
    q_slopes.resize_with(head.tokens.div_ceil(TILE), Lanes::default);
    q_slopes.iter_mut().for_each(|sums| sums.zero(head));
    let mut score_slopes = [0f32; TILE * TILE];
    let mut turned = [0f32; TILE * TILE];
    for first in (0..head.tokens).step_by(TILE) {
        let count = TILE.min(head.tokens - first);
        keys.gather(head, k, first, count, head.scale_base2());
        values.gather(head, v, first, count, 1.0);
        k_slopes.zero(head);
        v_slopes.zero(head);
        for (block, q_slopes) in q_slopes.iter_mut().enumerate() {
            let begin = block * TILE;
            let tile = BackwardTile {
                head,
                queries: TILE.min(head.tokens - begin),
                keys: count,
                q: Singles::new(head, q, begin),
                grad: Singles::new(head, grad, begin),
                log_sums: log_sums[begin..].as_ptr(),
                pulls: pulls[begin..].as_ptr(),
                k: keys.0.as_ptr(),
                v: values.0.as_ptr(),
                k_singles: Singles::new(head, k, first),
                score_slopes: score_slopes.as_mut_ptr(),
                turned: turned.as_ptr(),
                k_slopes: k_slopes.0.as_mut_ptr(),
                v_slopes: v_slopes.0.as_mut_ptr(),
                q_slopes: q_slopes.0.as_mut_ptr(),
            };
            // SAFETY: every pointer is to a whole tile, or to as many tokens as the tile says.
            unsafe { key_slopes(&tile) };
            transpose(&score_slopes, (TILE, TILE), TILE, &mut turned, TILE);
            // SAFETY: as above.
            unsafe { query_slopes(&BackwardTile { turned: turned.as_ptr(), ..tile }) };
        }
        k_slopes.scatter(head, dk, first, &[head.scale(); TILE][..count]);
        v_slopes.scatter(head, dv, first, &[1.0; TILE][..count]);
    }
    for (block, sums) in q_slopes.iter().enumerate() {
        let first = block * TILE;
        let count = TILE.min(head.tokens - first);
        sums.scatter(head, dq, first, &[head.scale(); TILE][..count]);
    }
}
