//! A tile of scores: made in registers, used from there.
//!
//! In bf16 every sum runs over pairs: of channels for scores, of tokens where a tile is spread. Whole numbers
//! are those of scores alone.

use std::mem::MaybeUninit;

use super::head::{Along, Head};
use super::way::Way;
use crate::arithmetic::Arithmetic;
use crate::pairs::Rounding;
use crate::simd::{Simd, kernel};

/// Tokens along the lanes of a tile: two of the widest vectors.
pub(super) const TILE: usize = 32;

/// (width, [`TILE`]) numbers, the tokens of a tile along the lanes.
#[derive(Default)]
pub(super) struct Lanes(pub Vec<f32>);

impl Lanes {
    /// Tokens `first..first + count` of (width, tokens) as scores read them; the last once more for each that
    /// is missing.
    pub fn gather(
        &mut self,
        head: Head,
        channels: &[f32],
        first: usize,
        count: usize,
        along: Along,
    ) {
        self.0.resize(head.width * TILE, 0.0);
        // SAFETY: reads and writes within the slices only.
        unsafe { gather_tile(&channels[first..], head.tokens, along.by, count, &mut self.0) }
        if head.numbers.are_pairs() {
            self.pair(along.rounding);
        }
    }

    /// Two channels become one.
    fn pair(&mut self, rounding: Rounding) {
        for at in 0..self.0.len() / (2 * TILE) {
            let mut both = [0.0; 2 * TILE];
            both.copy_from_slice(&self.0[2 * at * TILE..][..2 * TILE]);
            let (first, second) = both.split_at(TILE);
            rounding.pair_rows(first, second, &mut self.0[at * TILE..][..TILE]);
        }
    }

    pub fn zero(&mut self, head: Head) {
        self.zero_rows(head.width);
    }

    pub fn zero_rows(&mut self, rows: usize) {
        self.0.clear();
        self.0.resize(rows * TILE, 0.0);
    }

    /// Writes the tile back, each lane times its `scale`.
    pub fn scatter(
        &self,
        head: Head,
        channels: &mut [MaybeUninit<f32>],
        first: usize,
        scale: &[f32],
    ) {
        // SAFETY: reads and writes within the slices only.
        unsafe { scatter_tile(&self.0, scale, &mut channels[first..], head.tokens) }
    }
}

kernel! {
    /// `count` numbers, times `by`, of rows that are `pitch` apart to rows of a tile, whose rest repeats
    /// the last of them.
    fn gather_tile(from: &[f32], pitch: usize, by: f32, count: usize, tile: &mut [f32]) = gather_tile_of
}

#[inline(always)]
unsafe fn gather_tile_of<V: Simd>(
    from: &[f32],
    pitch: usize,
    by: f32,
    count: usize,
    tile: &mut [f32],
) {
    let scale = [by; TILE];
    for (to, from) in tile.chunks_exact_mut(TILE).zip(from.chunks(pitch)) {
        let (to, rest) = to.split_at_mut(count);
        // SAFETY: as many of each.
        unsafe { scaled::<V>(&from[..count], &scale[..count], to.as_mut_ptr()) }
        rest.fill(to[count - 1]);
    }
}

kernel! {
    /// The first of each row of a tile, as many as there are scales, each times its own, to rows that
    /// are `pitch` apart.
    fn scatter_tile(tile: &[f32], scale: &[f32], to: &mut [MaybeUninit<f32>], pitch: usize)
        = scatter_tile_of
}

#[inline(always)]
unsafe fn scatter_tile_of<V: Simd>(
    tile: &[f32],
    scale: &[f32],
    to: &mut [MaybeUninit<f32>],
    pitch: usize,
) {
    let count = scale.len();
    for (from, to) in tile.chunks_exact(TILE).zip(to.chunks_mut(pitch)) {
        // SAFETY: as many of each.
        unsafe { scaled::<V>(&from[..count], scale, to[..count].as_mut_ptr().cast()) }
    }
}

/// to = from x scale, number by number, as many as there are of both.
#[inline(always)]
unsafe fn scaled<V: Simd>(from: &[f32], scale: &[f32], to: *mut f32) {
    let (count, mut at) = (from.len(), 0);
    // SAFETY: the caller vouches for as many numbers of all three; every vector lies within them.
    unsafe {
        while at < count && count >= V::LANES {
            // The last vector once more, up to the end.
            at = at.min(count - V::LANES);
            let number = V::load(from.as_ptr().add(at));
            number.mul(V::load(scale.as_ptr().add(at))).store(to.add(at));
            at += V::LANES;
        }
        for at in at..count {
            to.add(at).write(from[at] * scale[at]);
        }
    }
}

/// A number for each lane of a tile.
pub(super) type Row = [f32; TILE];

/// A side of a product that comes as single numbers, from some token on.
#[derive(Clone, Copy)]
pub(super) struct Singles {
    from: *const f32,
    pitch: usize,
}

impl Singles {
    /// Of what [`Head::by_channel`] made, for [`scores`].
    pub fn channels(head: Head, numbers: &[f32], first: usize) -> Self {
        Self { from: numbers[first..].as_ptr(), pitch: head.tokens }
    }

    /// Of what [`Head::by_token`] made, for [`spread`]; `first` is even.
    pub fn tokens(head: Head, numbers: &[f32], first: usize) -> Self {
        let each = if head.sums_pairs() { 2 } else { 1 };
        Self { from: numbers[first / each..].as_ptr(), pitch: head.tokens.div_ceil(each) }
    }
}

/// scores[h][lane] = from[h][lane] + `unit` x sum over channels of singles[channel][at + h] x
/// lanes[channel][lane], for two vectors of lanes. The unit is one but for whole numbers.
#[inline(always)]
pub(super) unsafe fn scores<V: Simd, const H: usize, W: Way>(
    (head, unit): (Head, f32),
    singles: Singles,
    at: usize,
    lanes: *const f32,
    from: [[V; 2]; H],
) -> [[V; 2]; H] {
    // SAFETY: the caller vouches for tokens at..at + H and for two vectors of lanes in each row.
    unsafe {
        let mut sums = if W::Scores::WHOLE { [[V::splat(0.0); 2]; H] } else { from };
        let (mut single, mut lanes) = (singles.from.add(at), lanes);
        for _ in 0..if W::Scores::PAIRS { head.width / 2 } else { head.width } {
            let (left, right) = (V::load(lanes), V::load(lanes.add(V::LANES)));
            for (h, sum) in sums.iter_mut().enumerate() {
                let factor = V::splat(*single.add(h));
                sum[0] = W::Scores::add(sum[0], factor, left);
                sum[1] = W::Scores::add(sum[1], factor, right);
            }
            single = single.add(singles.pitch);
            lanes = lanes.add(TILE);
        }
        if W::Scores::WHOLE {
            let unit = V::splat(unit);
            for (sum, from) in sums.iter_mut().zip(&from) {
                for (sum, from) in sum.iter_mut().zip(from) {
                    *sum = sum.whole().mul_add(unit, *from);
                }
            }
        }
        sums
    }
}

/// What [`spread`] takes of a tile: of pairs, two rows become one, in the first half; the last of
/// an odd number has zeros beside it.
#[inline(always)]
pub(super) unsafe fn spreadable<V: Simd, const H: usize, W: Way>(
    mut rows: [[V; 2]; H],
) -> [[V; 2]; H] {
    if W::Sums::PAIRS {
        for pair in 0..H.div_ceil(2) {
            // SAFETY: the caller's promise of the instruction set.
            unsafe {
                let first = rows[2 * pair];
                let second = if 2 * pair + 1 < H { rows[2 * pair + 1] } else { [V::splat(0.0); 2] };
                rows[pair] = [first[0].pair(second[0]), first[1].pair(second[1])];
            }
        }
    }
    rows
}

/// sums[channel][lane] += sum over h of singles[channel][at + h] x tile[h][lane].
#[inline(always)]
pub(super) unsafe fn spread<V: Simd, const H: usize, W: Way>(
    head: Head,
    singles: Singles,
    at: usize,
    tile: &[[V; 2]; H],
    sums: *mut f32,
) {
    // SAFETY: as for `scores`.
    unsafe {
        let from = singles.from.add(if W::Sums::PAIRS { at / 2 } else { at });
        let mut channel = 0;
        // Sums of two channels at once: each waits for the one before it.
        while channel + 2 <= head.width {
            spread_channels::<V, H, 2, W>(from, singles.pitch, channel, tile, sums);
            channel += 2;
        }
        if channel < head.width {
            spread_channels::<V, H, 1, W>(from, singles.pitch, channel, tile, sums);
        }
    }
}

#[inline(always)]
unsafe fn spread_channels<V: Simd, const H: usize, const C: usize, W: Way>(
    singles: *const f32,
    pitch: usize,
    first: usize,
    tile: &[[V; 2]; H],
    sums: *mut f32,
) {
    // SAFETY: the caller vouches for C channels of both sides.
    unsafe {
        let mut rows = [[V::splat(0.0); 2]; C];
        for (c, row) in rows.iter_mut().enumerate() {
            let from = sums.add((first + c) * TILE);
            *row = [V::load(from), V::load(from.add(V::LANES))];
        }
        let count = if W::Sums::PAIRS { H.div_ceil(2) } else { H };
        for (h, weight) in tile[..count].iter().enumerate() {
            for (c, row) in rows.iter_mut().enumerate() {
                let factor = V::splat(*singles.add((first + c) * pitch + h));
                row[0] = W::Sums::add(row[0], factor, weight[0]);
                row[1] = W::Sums::add(row[1], factor, weight[1]);
            }
        }
        for (c, row) in rows.iter().enumerate() {
            let to = sums.add((first + c) * TILE);
            row[0].store(to);
            row[1].store(to.add(V::LANES));
        }
    }
}

/// Runs `$work::<V, H, W>(args, at)` over all tokens: `$most` at a time with the widest vectors,
/// of which there are twice as many, `$narrow` with others, and what is left four, two, one at a time.
macro_rules! over_tokens {
    ($tokens:expr, [$most:literal, $narrow:literal], $work:ident($($arg:expr),*)) => {{
        let (tokens, mut at) = ($tokens, 0);
        if V::LANES >= 16 {
            while at + $most <= tokens {
                $work::<V, $most, W>($($arg,)* at);
                at += $most;
            }
        } else {
            while at + $narrow <= tokens {
                $work::<V, $narrow, W>($($arg,)* at);
                at += $narrow;
            }
        }
        while at + 4 <= tokens {
            $work::<V, 4, W>($($arg,)* at);
            at += 4;
        }
        if at + 2 <= tokens {
            $work::<V, 2, W>($($arg,)* at);
            at += 2;
        }
        if at < tokens {
            $work::<V, 1, W>($($arg,)* at);
        }
    }};
}
pub(super) use over_tokens;
