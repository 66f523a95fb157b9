//! A tile of scores: made in registers, used from there.
//!
//! In bf16 every sum runs over pairs: of channels for scores, of tokens where a tile is spread. Whole numbers
//! are those of scores alone.

use std::borrow::Cow;
use std::mem::MaybeUninit;

use super::way::Way;
use crate::arithmetic::{Arithmetic, Numbers};
use crate::matrix;
use crate::pairs::Rounding;
use crate::simd::{Simd, kernel};
use crate::whole::Scale;

/// Tokens along the lanes of a tile: two of the widest vectors.
pub(super) const TILE: usize = 32;

/// Sizes of one head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub width: usize,
    pub tokens: usize,
    /// What scores are sums of.
    pub numbers: Numbers,
}

impl Head {
    /// Whether tiles of bf16 are multiplied at once.
    pub fn by_tiles(&self) -> bool {
        self.numbers == Numbers::Bf16 && matrix::is_on()
    }

    /// Rows of a side that scores are summed over.
    pub fn depth(&self) -> usize {
        if self.numbers.are_pairs() { self.width / 2 } else { self.width }
    }

    /// Whether sums over tokens run over pairs of them.
    pub fn sums_pairs(&self) -> bool {
        self.numbers == Numbers::Bf16
    }

    /// (width, tokens), of which no token is longer than `longest`, as scores read it, and what whole numbers
    /// of it are multiplied by.
    pub fn by_channel<'a>(&self, channels: &'a [f32], longest: f32) -> (Cow<'a, [f32]>, f32) {
        if !self.numbers.are_pairs() {
            return (Cow::Borrowed(channels), 1.0);
        }
        let (rounding, unit) = self.rounding(longest);
        let mut pairs = vec![0.0; self.depth() * self.tokens];
        rounding.pair_channels(channels, self.tokens, &mut pairs);
        (Cow::Owned(pairs), unit)
    }

    /// How tokens that are no longer than `longest` become pairs of channels, and what whole numbers of them
    /// are multiplied by.
    fn rounding(&self, longest: f32) -> (Rounding, f32) {
        if self.numbers != Numbers::Whole {
            return (Rounding::Bf16, 1.0);
        }
        let Scale { by, unit } = Scale::of_length(longest);
        (Rounding::Whole(by), unit)
    }

    /// How tokens that are no longer than `longest` come along the lanes, times `by`.
    pub fn along(&self, longest: f32, by: f32) -> Along {
        let (rounding, unit) = self.rounding(longest);
        match self.numbers {
            Numbers::Whole => Along { by: 1.0, rounding, unit: by * unit },
            _ => Along { by, rounding, unit },
        }
    }

    /// (width, tokens) as [`spread`] reads it.
    pub fn by_token<'a>(&self, channels: &'a [f32]) -> Cow<'a, [f32]> {
        if !self.sums_pairs() {
            return Cow::Borrowed(channels);
        }
        let mut pairs = vec![0.0; self.width * self.tokens.div_ceil(2)];
        Rounding::Bf16.pair_neighbours(channels, self.tokens, &mut pairs);
        Cow::Owned(pairs)
    }

    pub fn scale(&self) -> f32 {
        (1.0 / (self.width as f64).sqrt()) as f32
    }

    /// What scores are multiplied by so that 2 to their power is the softmax's exponential.
    pub fn scale_base2(&self) -> f32 {
        self.scale() * std::f32::consts::LOG2_E
    }

    /// Of each token, the products of both (width, tokens) summed over the channels.
    pub fn products(&self, a: &[f32], b: &[f32]) -> Vec<f32> {
        let size = self.width * self.tokens;
        let mut sums = vec![0.0; self.tokens];
        // SAFETY: reads and writes within the slices only.
        unsafe { sum_products(&a[..size], &b[..size], &mut sums) }
        sums
    }

    /// [`Head::longest`], where whole numbers want it.
    pub fn reach(&self, channels: &[f32]) -> f32 {
        if self.numbers == Numbers::Whole { self.longest(channels) } else { 0.0 }
    }

    /// The largest length of a token's vector.
    pub fn longest(&self, channels: &[f32]) -> f32 {
        let squares = self.products(channels, channels);
        // `max` would forget that something is no number.
        let largest = |a: f32, b: f32| if b > a || b.is_nan() { b } else { a };
        squares.into_iter().fold(0.0, largest).sqrt()
    }
}

/// How tokens come along the lanes of a tile.
#[derive(Clone, Copy)]
pub(super) struct Along {
    by: f32,
    rounding: Rounding,
    /// What scores that are sums of whole numbers are multiplied by.
    pub unit: f32,
}

kernel! {
    /// Rows of products, as long as `sums`, summed up.
    fn sum_products(a: &[f32], b: &[f32], sums: &mut [f32]) = sum_products_of
}

#[inline(always)]
unsafe fn sum_products_of<V: Simd>(a: &[f32], b: &[f32], sums: &mut [f32]) {
    let (row, size) = (sums.len(), a.len());
    assert!(b.len() == size && size.is_multiple_of(row));
    for first in (0..row).step_by(V::LANES) {
        let count = V::LANES.min(row - first);
        // SAFETY: so many numbers of each row are there.
        unsafe {
            let mut sum = V::splat(0.0);
            for at in (first..size).step_by(row) {
                let (a, b) = (a.as_ptr().add(at), b.as_ptr().add(at));
                sum = V::load_first(a, count).mul_add(V::load_first(b, count), sum);
            }
            sum.store_first(sums.as_mut_ptr().add(first), count);
        }
    }
}

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
        self.0.clear();
        self.0.resize(head.width * TILE, 0.0);
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
