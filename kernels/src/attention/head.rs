//! A head: its sizes, and what is asked of its sides.

use std::borrow::Cow;

use super::half;
use crate::arithmetic::Numbers;
use crate::half_precision;
use crate::matrix;
use crate::pairs::Rounding;
use crate::simd::{Simd, kernel};
use crate::whole::Scale;

/// What does the work of a head.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// A unit for tiles of bf16.
    Tiles,
    /// Vectors of half precision.
    Halves,
    /// Vectors of the head's numbers.
    Vectors,
}

/// Sizes of one head.
#[derive(Clone, Copy)]
pub(super) struct Head {
    pub width: usize,
    pub tokens: usize,
    /// What scores are sums of.
    pub numbers: Numbers,
}

impl Head {
    pub fn way(&self) -> By {
        match self.numbers {
            Numbers::Bf16 if matrix::is_on() => By::Tiles,
            _ if half_precision::is_on() && self.tokens >= half::FEWEST_TOKENS => By::Halves,
            _ => By::Vectors,
        }
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

    /// (width, tokens) as [`spread`](super::tile::spread) reads it.
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

    /// The mean of each channel of (width, tokens).
    pub fn means(&self, channels: &[f32]) -> Vec<f32> {
        let mut means = vec![0.0; self.width];
        // SAFETY: reads and writes within the slices only.
        unsafe { mean_rows(&channels[..self.width * self.tokens], &mut means) }
        means
    }

    /// The largest length of a token's vector.
    pub fn longest(&self, channels: &[f32]) -> f32 {
        self.longest_beside(channels, &vec![0.0; self.width])
    }

    /// The same, each less `means`.
    pub fn longest_beside(&self, channels: &[f32], means: &[f32]) -> f32 {
        let mut squares = [0.0; 2];
        // SAFETY: reads and writes within the slices only.
        unsafe { longest_square(&channels[..self.width * self.tokens], means, &mut squares) }
        let [longest, sum] = squares;
        // A maximum forgets that something is no number.
        if sum.is_nan() { f32::NAN } else { longest.sqrt() }
    }
}

/// How tokens come along the lanes of a tile.
#[derive(Clone, Copy)]
pub(super) struct Along {
    pub by: f32,
    pub rounding: Rounding,
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

kernel! {
    /// Of columns of rows, of which there are as many as means, each less its mean: the largest sum of squares,
    /// and all of them.
    fn longest_square(rows: &[f32], means: &[f32], squares: &mut [f32; 2]) = longest_square_of
}

#[inline(always)]
unsafe fn longest_square_of<V: Simd>(rows: &[f32], means: &[f32], squares: &mut [f32; 2]) {
    let row = rows.len() / means.len();
    // SAFETY: so many numbers of each row are there.
    unsafe {
        let [mut longest, mut all] = [V::splat(0.0); 2];
        for first in (0..row).step_by(V::LANES) {
            let count = V::LANES.min(row - first);
            let mut sum = V::splat(0.0);
            for (at, mean) in means.iter().enumerate() {
                let number = V::load_first(rows.as_ptr().add(at * row + first), count);
                let number = number.sub(V::splat(*mean));
                sum = number.mul_add(number, sum);
            }
            if count < V::LANES {
                // Nothing beyond the last column.
                let mut lanes = [0.0; 16];
                sum.store_first(lanes.as_mut_ptr(), count);
                sum = V::load(lanes.as_ptr());
            }
            longest = longest.max(sum);
            all = all.add(sum);
        }
        let mut lanes = [0.0; 16];
        longest.store(lanes.as_mut_ptr());
        *squares = [lanes.into_iter().fold(0.0, f32::max), all.sum()];
    }
}

kernel! {
    /// The mean of each row, of which there are as many as `means`.
    fn mean_rows(rows: &[f32], means: &mut [f32]) = mean_rows_of
}

#[inline(always)]
unsafe fn mean_rows_of<V: Simd>(rows: &[f32], means: &mut [f32]) {
    let length = rows.len() / means.len();
    for (row, mean) in rows.chunks_exact(length).zip(means) {
        // SAFETY: so many numbers are there.
        unsafe {
            let mut sum = V::splat(0.0);
            for first in (0..length).step_by(V::LANES) {
                let count = V::LANES.min(length - first);
                sum = sum.add(V::load_first(row.as_ptr().add(first), count));
            }
            *mean = sum.sum() / length as f32;
        }
    }
}
