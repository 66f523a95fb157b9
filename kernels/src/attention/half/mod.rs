//! Attention in half precision, twice as many numbers at a time as in f32.
//!
//! Numbers of f16 are told apart to three digits and end at 65504, so ranges are known beforehand:
//! keys come without their mean, which changes no weight and makes the largest score of a query
//! positive and all of them smaller; values and gradients come times a number that brings the longest
//! to a length of its own. Sums over tokens go on in f32 before they can grow too long. A head whose
//! scores may still be too large, or none, goes the other way.

mod backward;
mod forward;

pub(super) use backward::head_backward;
pub(super) use forward::head_forward;

use half::f16;

use super::head::Head;
use super::tile::TILE;
use crate::lines::Lines;
use crate::simd::{HALVES, Halves, half_kernel};

/// Up to here scores, in base 2, are rounded no worse than bf16 rounds what they are made of.
const LARGEST_SCORE: f32 = 64.0;

/// Below, numbers of queries and keys come near the least that half precision tells apart.
const SMALLEST_SCORE: f32 = 1e-6;

/// Tokens that are worth it: of fewer, most vectors would have empty lanes.
pub(super) const FEWEST_TOKENS: usize = 64;

const _: () = assert!(TILE == HALVES);

/// Numbers of f16, in memory that its thread uses again.
struct Buffer(Lines);

impl Buffer {
    fn zeros(count: usize) -> Self {
        Self(Lines::zeros(count.div_ceil(2)))
    }

    fn at(&self, at: usize) -> *const f16 {
        self.0[at / 2..].as_ptr().cast::<f16>().wrapping_add(at % 2)
    }

    fn at_mut(&mut self, at: usize) -> *mut f16 {
        self.0[at / 2..].as_mut_ptr().cast::<f16>().wrapping_add(at % 2)
    }
}

/// A head and the rows its channels have: one for each, zeros beyond the last token.
#[derive(Clone, Copy)]
pub(super) struct Layout {
    head: Head,
    /// Distance of rows, whole vectors.
    pitch: usize,
}

impl Layout {
    fn of(head: Head) -> Self {
        let padded = head.tokens.next_multiple_of(HALVES);
        // At a distance of whole kilobytes too few places of the cache are there for them.
        let pitch = if padded.is_multiple_of(512) { padded + HALVES } else { padded };
        Self { head, pitch }
    }

    /// Tokens that stand for all, as loops that take eight or sixteen at a time see them.
    fn padded_tokens(&self) -> usize {
        self.head.tokens.next_multiple_of(8)
    }

    /// (width, tokens) less each channel's mean, times each token's factor.
    fn narrow(&self, channels: &[f32], means: &[f32], factors: &[f32]) -> Buffer {
        let mut buffer = Buffer::zeros(means.len() * self.pitch);
        // SAFETY: the buffer has a row for each mean.
        unsafe { narrow(*self, channels, means, factors, buffer.at_mut(0)) }
        buffer
    }

    /// A row of numbers, one for each token.
    fn row(&self, numbers: &[f32]) -> Buffer {
        self.narrow(numbers, &[0.0], &vec![1.0; self.head.tokens])
    }
}

half_kernel! {
    /// Rows of `channels` less their means, times the tokens' factors, to `to`.
    fn narrow(layout: Layout, channels: &[f32], means: &[f32], factors: &[f32], to: *mut f16) = narrow_of
}

#[inline(always)]
unsafe fn narrow_of<V: Halves>(
    layout: Layout,
    channels: &[f32],
    means: &[f32],
    factors: &[f32],
    to: *mut f16,
) {
    let tokens = layout.head.tokens;
    let (whole_factors, last_factors) = factors[..tokens].as_chunks::<HALVES>();
    for ((c, row), mean) in channels.chunks_exact(tokens).enumerate().zip(means) {
        // SAFETY: the caller vouches for a row of whole vectors for each channel.
        unsafe {
            let mut to = to.add(c * layout.pitch);
            let (whole, last) = row.as_chunks::<HALVES>();
            let mut numbers = [0.0; HALVES];
            for (from, factors) in whole.iter().zip(whole_factors) {
                for lane in 0..HALVES {
                    numbers[lane] = (from[lane] - mean) * factors[lane];
                }
                V::narrow(numbers.as_ptr()).store(to);
                to = to.add(HALVES);
            }
            if !last.is_empty() {
                numbers = [0.0; HALVES];
                for (lane, (number, factor)) in last.iter().zip(last_factors).enumerate() {
                    numbers[lane] = (number - mean) * factor;
                }
                V::narrow(numbers.as_ptr()).store(to);
            }
        }
    }
}

/// What scores are made of.
struct Scores {
    layout: Layout,
    queries: Buffer,
    keys: Buffer,
    /// What queries and keys were multiplied by; the product is the scale of scores in base 2.
    by: [f32; 2],
    /// No score is further from zero.
    bound: f32,
}

impl Scores {
    /// None where they may be too large, or queries and keys too small, or no numbers.
    fn of(head: Head, q: &[f32], k: &[f32]) -> Option<Self> {
        let (layout, means, zeros) = (Layout::of(head), head.means(k), vec![0.0; head.width]);
        // By Cauchy and Schwarz no score is larger than the product of these.
        let (query, key) = (head.longest(q), head.longest_beside(k, &means));
        let (scale, bound) = (head.scale_base2(), query * key * head.scale_base2());
        if !(SMALLEST_SCORE..=LARGEST_SCORE).contains(&bound) {
            return None;
        }
        // Both become equally long.
        let by = scale.sqrt() * (key.sqrt() / query.sqrt());
        let by = [by, scale / by];
        Some(Self {
            layout,
            queries: layout.narrow(q, &zeros, &vec![by[0]; head.tokens]),
            keys: layout.narrow(k, &means, &vec![by[1]; head.tokens]),
            by,
            bound,
        })
    }
}

/// What counts as the least length: that of smaller vectors is no longer told from none.
const LEAST: f32 = 1e-18;

/// What brings vectors that are no longer than `longest` to a length of `to`.
fn factor(longest: f32, to: f32) -> f32 {
    // NaN stays NaN.
    to / if longest < LEAST { LEAST } else { longest }
}

/// scores[h][lane] = from[h][lane] + sum over channels of singles[channel][h] x lanes[channel][lane].
#[inline(always)]
unsafe fn scores<V: Halves, const H: usize>(
    Layout { head, pitch }: Layout,
    singles: *const f16,
    lanes: *const f16,
    from: [V; H],
) -> [V; H] {
    let (mut sums, mut singles, mut lanes) = (from, singles, lanes);
    // SAFETY: the caller vouches for H tokens and for a vector of lanes in each row.
    unsafe {
        for _ in 0..head.width {
            let factors = V::load(lanes);
            for (h, sum) in sums.iter_mut().enumerate() {
                *sum = V::repeat::<1>(singles.add(h)).mul_add(factors, *sum);
            }
            singles = singles.wrapping_add(pitch);
            lanes = lanes.wrapping_add(pitch);
        }
    }
    sums
}

/// As many tokens as are a multiple of four:
/// sums[channel][lane] += sum over tokens of singles[channel][token] x tile[token][lane].
#[inline(always)]
unsafe fn spread<V: Halves>(
    layout: Layout,
    singles: *const f16,
    (tile, tokens): (*const f16, usize),
    sums: *mut f32,
) {
    let (width, mut channel) = (layout.head.width, 0);
    // SAFETY: the caller vouches for as many tokens and for a vector of lanes in each row.
    unsafe {
        // Each sum waits for the one before it: eight or more at once keep the processor busy.
        while channel + 16 <= width {
            spread_channels::<V, 16, 1>(layout, singles, channel, (tile, tokens), sums);
            channel += 16;
        }
        if channel + 8 <= width {
            spread_channels::<V, 8, 1>(layout, singles, channel, (tile, tokens), sums);
            channel += 8;
        }
        if channel + 4 <= width {
            spread_channels::<V, 4, 2>(layout, singles, channel, (tile, tokens), sums);
            channel += 4;
        }
        while channel < width {
            spread_channels::<V, 1, 4>(layout, singles, channel, (tile, tokens), sums);
            channel += 1;
        }
    }
}

/// C channels, N tokens at once.
#[inline(always)]
unsafe fn spread_channels<V: Halves, const C: usize, const N: usize>(
    Layout { pitch, .. }: Layout,
    singles: *const f16,
    first: usize,
    (tile, tokens): (*const f16, usize),
    sums: *mut f32,
) {
    // SAFETY: as for `spread`.
    unsafe {
        let singles = singles.add(first * pitch);
        let mut rows = [[V::splat(f16::ZERO); C]; N];
        for token in (0..tokens).step_by(N) {
            for (n, rows) in rows.iter_mut().enumerate() {
                let factors = V::load(tile.add((token + n) * TILE));
                for (c, row) in rows.iter_mut().enumerate() {
                    let single = V::repeat::<1>(singles.add(c * pitch + token + n));
                    *row = single.mul_add(factors, *row);
                }
            }
        }
        for rows in &rows {
            for (c, row) in rows.iter().enumerate() {
                row.add_to(sums.add((first + c) * TILE));
            }
        }
    }
}
