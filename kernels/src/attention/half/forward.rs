//! Values weighted by the softmax of the scores.

use std::mem::MaybeUninit;

use half::f16;

use super::{Buffer, Layout, Scores, factor, scores, spread};
use crate::attention::forward;
use crate::attention::head::Head;
use crate::attention::tile::{Lanes, Row, TILE};
use crate::simd::{Halves, half_kernel};
use crate::stop::Wish;

/// Up to here exponentials of scores need nothing taken from them: none leaves the range, and, keys being
/// without their mean, a query's weights are one on average or more.
const SAFE_SCORE: f32 = 12.0;

/// What the largest score becomes where something is taken: the smallest weights keep more of their bits.
const HIGHEST: f32 = 8.0;

/// How long values are at most, and what stands for one where weights are summed: so many keys' values times
/// 2 to the power of [`SAFE_SCORE`] stay in range.
const LONGEST: f32 = 1.0 / 32.0;

/// Keys whose values are summed in f16.
const SPAN: usize = 128;

/// A tile of queries.
pub(super) struct ForwardTile {
    layout: Layout,
    q: *const f16,
    k: *const f16,
    /// Behind the last channel one of [`LONGEST`], whose sum is that of the weights.
    v: *const f16,
    /// Taken from each score.
    shift: *mut f16,
    /// (key of a span, query).
    weights: *mut f16,
    /// (width + 1, [`TILE`]): sums.
    out: *mut f32,
}

half_kernel! {
    /// Puts each query's highest score, less [`HIGHEST`], into `shift`.
    fn highest_scores(tile: &ForwardTile) = highest_scores_of
}

#[inline(always)]
unsafe fn highest_scores_of<V: Halves>(tile: &ForwardTile) {
    let (keys, mut at) = (tile.layout.padded_tokens(), 0);
    // SAFETY: the caller vouches for whole tiles behind each pointer.
    unsafe {
        // The mean of all scores is zero; so are those of keys that are none.
        let mut highest = V::splat(f16::ZERO);
        while at + 16 <= keys {
            highest = highest_of::<V, 16>(tile, at, highest);
            at += 16;
        }
        if at < keys {
            highest = highest_of::<V, 8>(tile, at, highest);
        }
        highest.sub(V::splat(f16::from_f32_const(HIGHEST))).store(tile.shift);
    }
}

#[inline(always)]
unsafe fn highest_of<V: Halves, const H: usize>(tile: &ForwardTile, at: usize, highest: V) -> V {
    let mut highest = highest;
    // SAFETY: as for `highest_scores_of`.
    unsafe {
        let zeros = [V::splat(f16::ZERO); H];
        for row in scores::<V, H>(tile.layout, tile.k.add(at), tile.q, zeros) {
            highest = highest.max(row);
        }
    }
    highest
}

half_kernel! {
    /// Adds values weighted by exponentials to `out`, and behind them the exponentials.
    fn weigh_values(tile: &ForwardTile) = weigh_values_of
}

#[inline(always)]
unsafe fn weigh_values_of<V: Halves>(tile: &ForwardTile) {
    let (layout, keys) = (tile.layout, tile.layout.padded_tokens());
    // SAFETY: as for `highest_scores_of`.
    unsafe {
        for begin in (0..keys).step_by(SPAN) {
            let (mut at, end) = (begin, keys.min(begin + SPAN));
            let mut totals = [V::splat(f16::ZERO); 2];
            while at + 16 <= end {
                totals = weigh_keys::<V, 16>(tile, at, at - begin, totals);
                at += 16;
            }
            if at < end {
                totals = weigh_keys::<V, 8>(tile, at, at - begin, totals);
            }
            spread::<V>(layout, tile.v.add(begin), (tile.weights, end - begin), tile.out);
            for total in totals {
                total.add_to(tile.out.add(layout.head.width * TILE));
            }
        }
    }
}

/// Weights of H keys, and their sums: two, since each waits for the one before it.
#[inline(always)]
unsafe fn weigh_keys<V: Halves, const H: usize>(
    tile: &ForwardTile,
    at: usize,
    row: usize,
    totals: [V; 2],
) -> [V; 2] {
    let Layout { head, pitch } = tile.layout;
    let [mut even, mut odd] = totals;
    // SAFETY: as for `highest_scores_of`.
    unsafe {
        let from = [V::splat(f16::ZERO).sub(V::load(tile.shift)); H];
        let scores = scores::<V, H>(tile.layout, tile.k.add(at), tile.q, from);
        let mut ones = tile.v.add(head.width * pitch + at);
        let mut to = tile.weights.add(row * TILE);
        for both in scores.as_chunks::<2>().0 {
            let weights = [both[0].exp2(), both[1].exp2()];
            even = V::repeat::<1>(ones).mul_add(weights[0], even);
            odd = V::repeat::<1>(ones.add(1)).mul_add(weights[1], odd);
            weights[0].store(to);
            weights[1].store(to.add(TILE));
            ones = ones.add(2);
            to = to.add(2 * TILE);
        }
    }
    [even, odd]
}

/// As [`forward::head_forward`].
pub(in crate::attention) fn head_forward(
    head: Head,
    parts: [&[f32]; 3],
    out: &mut [MaybeUninit<f32>],
    log_sums: &mut [f32],
    wish: &Wish,
) {
    let [q, k, v] = parts;
    let Some(sides) = Scores::of(head, q, k) else {
        return forward::head_forward(head, parts, out, log_sums, wish);
    };
    let (layout, width, tokens) = (sides.layout, head.width, head.tokens);
    let by = factor(head.longest(v), LONGEST);
    let values = values(layout, v, by);
    let mut shift = Buffer::zeros(TILE);
    let mut weights = Buffer::zeros(SPAN * TILE);
    let mut out_tile = Lanes::default();
    for first in (0..tokens).step_by(TILE) {
        wish.look();
        let count = TILE.min(tokens - first);
        out_tile.zero_rows(width + 1);
        let tile = ForwardTile {
            layout,
            q: sides.queries.at(first),
            k: sides.keys.at(0),
            v: values.at(0),
            shift: shift.at_mut(0),
            weights: weights.at_mut(0),
            out: out_tile.0.as_mut_ptr(),
        };
        // SAFETY: every pointer is to a whole tile or to all tokens.
        unsafe {
            if sides.bound > SAFE_SCORE {
                highest_scores(&tile);
            }
            weigh_values(&tile);
        }
        let total = &out_tile.0[width * TILE..];
        let scale: Row = std::array::from_fn(|lane| LONGEST / (by * total[lane]));
        for (lane, log_sum) in log_sums[first..first + count].iter_mut().enumerate() {
            // SAFETY: a number for each lane.
            let shift = unsafe { *shift.at(lane) };
            *log_sum = shift.to_f32() + (total[lane] / LONGEST).log2();
        }
        out_tile.0.truncate(width * TILE);
        out_tile.scatter(head, out, first, &scale[..count]);
    }
}

/// The values times `by`, and [`LONGEST`] for each token behind them.
fn values(layout: Layout, v: &[f32], by: f32) -> Buffer {
    let Head { width, tokens, .. } = layout.head;
    let mut channels = v.to_vec();
    channels.resize((width + 1) * tokens, LONGEST / by);
    layout.narrow(&channels, &vec![0.0; width + 1], &vec![by; tokens])
}
