//! Values weighted by the softmax of the scores.

use std::mem::MaybeUninit;

use super::head::Head;
use super::tile::{Lanes, Row, Singles, TILE, over_tokens, scores, spread, spreadable};
use super::way::{InBf16, InF32, InWhole, Way};
use crate::arithmetic::{Arithmetic, Numbers};
use crate::pairs::pair;
use crate::simd::{Simd, kernel, pairs_kernel, whole_kernel};
use crate::stop::Wish;

/// Scores of this size, in base 2, and their sums are far from the ends of f32.
pub(super) const SAFE_SCORE: f32 = 60.0;

/// A tile of queries in the forward pass.
#[derive(Clone, Copy)]
pub(super) struct ForwardTile {
    head: Head,
    /// What scores that are sums of whole numbers are multiplied by.
    unit: f32,
    q: *const f32,
    k: Singles,
    v: Singles,
    /// Taken from each score, so that its exponential stays in range.
    shift: *mut f32,
    sum: *mut f32,
    out: *mut f32,
}

/// Puts each query's highest score into `shift`.
unsafe fn highest_scores(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe {
        match tile.head.numbers {
            Numbers::F32 => highest_of_numbers(tile),
            Numbers::Bf16 => highest_of_pairs(tile),
            Numbers::Whole => highest_of_whole(tile),
        }
    }
}

kernel! { fn highest_of_numbers(tile: &ForwardTile) = highest_of_numbers_body }
pairs_kernel! { fn highest_of_pairs(tile: &ForwardTile) = highest_of_pairs_body }
whole_kernel! { fn highest_of_whole(tile: &ForwardTile) = highest_of_whole_body }

#[inline(always)]
unsafe fn highest_of_numbers_body<V: Simd>(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe { highest_scores_of::<V, InF32>(tile) }
}

#[inline(always)]
unsafe fn highest_of_pairs_body<V: Simd>(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe { highest_scores_of::<V, InBf16>(tile) }
}

#[inline(always)]
unsafe fn highest_of_whole_body<V: Simd>(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe { highest_scores_of::<V, InWhole>(tile) }
}

#[inline(always)]
unsafe fn highest_scores_of<V: Simd, W: Way>(tile: &ForwardTile) {
    // SAFETY: the caller vouches for a whole tile behind each pointer.
    unsafe {
        for lane in (0..TILE).step_by(2 * V::LANES) {
            over_tokens!(tile.head.tokens, [12, 4], highest_of_keys(tile, lane));
        }
    }
}

#[inline(always)]
unsafe fn highest_of_keys<V: Simd, const H: usize, W: Way>(
    tile: &ForwardTile,
    lane: usize,
    at: usize,
) {
    // SAFETY: as for `highest_scores_of`.
    unsafe {
        let zeros = [[V::splat(0.0); 2]; H];
        let rows = scores::<V, H, W>((tile.head, tile.unit), tile.k, at, tile.q.add(lane), zeros);
        for half in 0..2 {
            let to = tile.shift.add(lane + half * V::LANES);
            let mut highest = V::load(to);
            for row in &rows {
                highest = highest.max(row[half]);
            }
            highest.store(to);
        }
    }
}

/// Adds the values weighted by exponentials to `out` and the exponentials to `sum`.
unsafe fn weigh_values(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe {
        match tile.head.numbers {
            Numbers::F32 => weigh_numbers(tile),
            Numbers::Bf16 => weigh_pairs(tile),
            Numbers::Whole => weigh_whole(tile),
        }
    }
}

kernel! { fn weigh_numbers(tile: &ForwardTile) = weigh_numbers_body }
pairs_kernel! { fn weigh_pairs(tile: &ForwardTile) = weigh_pairs_body }
whole_kernel! { fn weigh_whole(tile: &ForwardTile) = weigh_whole_body }

#[inline(always)]
unsafe fn weigh_numbers_body<V: Simd>(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe { weigh_values_of::<V, InF32>(tile) }
}

#[inline(always)]
unsafe fn weigh_pairs_body<V: Simd>(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe { weigh_values_of::<V, InBf16>(tile) }
}

#[inline(always)]
unsafe fn weigh_whole_body<V: Simd>(tile: &ForwardTile) {
    // SAFETY: the caller's promise.
    unsafe { weigh_values_of::<V, InWhole>(tile) }
}

#[inline(always)]
unsafe fn weigh_values_of<V: Simd, W: Way>(tile: &ForwardTile) {
    // SAFETY: the caller vouches for a whole tile behind each pointer.
    unsafe {
        for lane in (0..TILE).step_by(2 * V::LANES) {
            over_tokens!(tile.head.tokens, [12, 4], weigh_keys(tile, lane));
        }
    }
}

#[inline(always)]
unsafe fn weigh_keys<V: Simd, const H: usize, W: Way>(tile: &ForwardTile, lane: usize, at: usize) {
    // SAFETY: as for `weigh_values_of`.
    unsafe {
        let (shift, zero) = (tile.shift.add(lane), V::splat(0.0));
        let below = [zero.sub(V::load(shift)), zero.sub(V::load(shift.add(V::LANES)))];
        let from = [below; H];
        let mut rows =
            scores::<V, H, W>((tile.head, tile.unit), tile.k, at, tile.q.add(lane), from);
        for row in &mut rows {
            *row = [row[0].exp2(W::Scores::PAIRS), row[1].exp2(W::Scores::PAIRS)];
        }
        let rows = spreadable::<V, H, W>(rows);
        add_rows::<V, H, W>(&rows, tile.sum.add(lane));
        spread::<V, H, W>(tile.head, tile.v, at, &rows, tile.out.add(lane));
    }
}

/// Adds all rows of what [`spreadable`] gave to `sums`.
#[inline(always)]
unsafe fn add_rows<V: Simd, const H: usize, W: Way>(rows: &[[V; 2]; H], sums: *mut f32) {
    // SAFETY: the caller vouches for two vectors.
    unsafe {
        let ones = V::splat(pair(1.0, 1.0));
        for half in 0..2 {
            let to = sums.add(half * V::LANES);
            let mut sum = V::load(to);
            for row in &rows[..if W::Sums::PAIRS { H.div_ceil(2) } else { H }] {
                sum = if W::Sums::PAIRS {
                    row[half].mul_add_pairs(ones, sum)
                } else {
                    sum.add(row[half])
                };
            }
            sum.store(to);
        }
    }
}

/// Writes all of `out` (width, tokens) and `log_sums` (tokens), unless `wish` ends it.
pub(super) fn head_forward(
    head: Head,
    [q, k, v]: [&[f32]; 3],
    out: &mut [MaybeUninit<f32>],
    log_sums: &mut [f32],
    wish: &Wish,
) {
    // By Cauchy and Schwarz no score is larger than this.
    let longest = [q, k].map(|side| head.longest(side));
    let bound = longest[0] * longest[1] * head.scale_base2();
    let along = head.along(longest[0], head.scale_base2());
    let (keys, unit) = head.by_channel(k, longest[1]);
    let values = head.by_token(v);
    let (mut queries, mut sums) = (Lanes::default(), Lanes::default());
    for first in (0..head.tokens).step_by(TILE) {
        wish.look();
        let count = TILE.min(head.tokens - first);
        queries.gather(head, q, first, count, along);
        sums.zero(head);
        let careful = bound.is_nan() || bound > SAFE_SCORE;
        let mut shift: Row = [if careful { f32::MIN } else { 0.0 }; TILE];
        let mut sum: Row = [0.0; TILE];
        let tile = ForwardTile {
            head,
            unit: unit * along.unit,
            q: queries.0.as_ptr(),
            k: Singles::channels(head, &keys, 0),
            v: Singles::tokens(head, &values, 0),
            shift: shift.as_mut_ptr(),
            sum: sum.as_mut_ptr(),
            out: sums.0.as_mut_ptr(),
        };
        // SAFETY: every pointer is to a whole tile or to all tokens.
        unsafe {
            if careful {
                highest_scores(&tile);
            }
            weigh_values(&tile);
        }
        let over = sum.map(|sum| 1.0 / sum);
        sums.scatter(head, out, first, &over[..count]);
        for (lane, log_sum) in log_sums[first..first + count].iter_mut().enumerate() {
            *log_sum = shift[lane] + sum[lane].log2();
        }
    }
}
