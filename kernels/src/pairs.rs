//! Two numbers of 16 bits in the place of one f32, the first in the lower half: what
//! [`Simd::mul_add_pairs`] and [`Simd::mul_add_whole`] multiply.

use super::arithmetic::Numbers;
use super::scratch;
use super::simd::{ROUNDING, Simd, kernel, pairs_kernel, whole_kernel};
use super::whole::Scale;

/// How two numbers become one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Rounding {
    /// Each to the nearest bf16.
    Bf16,
    /// Each, times this, to the nearest whole number.
    Whole(f32),
}

impl Rounding {
    /// How an image's numbers become pairs for sums of `depth` products, and what whole ones are multiplied by.
    pub fn of_image((numbers, depth): (Numbers, usize), image: &[f32]) -> (Self, f32) {
        if numbers != Numbers::Whole {
            return (Self::Bf16, 1.0);
        }
        let Scale { by, unit } = Scale::of_image(image, depth);
        (Self::Whole(by), unit)
    }

    #[inline(always)]
    pub fn pair(self, first: f32, second: f32) -> f32 {
        match self {
            Self::Bf16 => Nearest.one(first, second),
            Self::Whole(scale) => Scaled(scale).one(first, second),
        }
    }

    /// Pairs of the numbers of two rows, as many as `to` has room for.
    pub fn pair_rows(self, first: &[f32], second: &[f32], to: &mut [f32]) {
        assert!(first.len() >= to.len() && second.len() >= to.len());
        // SAFETY: reads and writes within the slices only.
        unsafe {
            match self {
                Self::Bf16 => pair_rows(first, second, to),
                Self::Whole(scale) => round_rows(first, second, Scaled(scale), to),
            }
        }
    }

    /// (channels, size) to (channels / 2, size): pairs of two channels that follow each other.
    pub fn pair_channels(self, channels: &[f32], size: usize, to: &mut [f32]) {
        if size == 1 {
            return self.pair_neighbours(channels, channels.len(), to);
        }
        for (to, both) in to.chunks_exact_mut(size).zip(channels.chunks_exact(2 * size)) {
            let (first, second) = both.split_at(size);
            self.pair_rows(first, second, to);
        }
    }

    /// Pairs of neighbours in each row of `width`; the last of an odd row has a zero beside it.
    pub fn pair_neighbours(self, from: &[f32], width: usize, to: &mut [f32]) {
        // SAFETY: reads and writes within the slices only.
        unsafe { pair_neighbours(self, from, width, to) }
    }
}

/// Calls `work` with an image's channels of `size`, made pairs of two if `numbers` are, for sums of `depth`
/// products, and with what whole ones are multiplied by.
pub(super) fn with_pairs<T>(
    (numbers, depth): (Numbers, usize),
    image: &[f32],
    size: usize,
    work: impl FnOnce(&[f32], f32) -> T,
) -> T {
    if !numbers.are_pairs() {
        return work(image, 1.0);
    }
    let (rounding, unit) = Rounding::of_image((numbers, depth), image);
    scratch::with(&scratch::PAIRS, image.len() / 2, |paired| {
        rounding.pair_channels(image, size, paired);
        work(paired, unit)
    })
}

/// How a vector of pairs is made.
pub(super) trait Pair: Copy {
    fn one(self, first: f32, second: f32) -> f32;
    unsafe fn pair<V: Simd>(self, first: V, second: V) -> V;
}

/// [`Rounding::Bf16`].
#[derive(Clone, Copy)]
pub(super) struct Nearest;

impl Pair for Nearest {
    #[inline(always)]
    fn one(self, first: f32, second: f32) -> f32 {
        pair(first, second)
    }

    #[inline(always)]
    unsafe fn pair<V: Simd>(self, first: V, second: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { first.pair_nearest(second) }
    }
}

/// [`Rounding::Whole`].
#[derive(Clone, Copy)]
pub(super) struct Scaled(pub f32);

impl Pair for Scaled {
    #[inline(always)]
    fn one(self, first: f32, second: f32) -> f32 {
        // The last bits of what is rounded to a whole number.
        let (first, second) = (first * self.0 + ROUNDING, second * self.0 + ROUNDING);
        f32::from_bits((first.to_bits() & 0xffff) | second.to_bits() << 16)
    }

    #[inline(always)]
    unsafe fn pair<V: Simd>(self, first: V, second: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { first.pair_whole(second, V::splat(self.0)) }
    }
}

/// The pair of two numbers, each rounded to the nearest.
#[inline(always)]
pub(super) fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits((rounded(second) & 0xffff_0000) | (rounded(first) >> 16))
}

/// The nearest bf16, ties to even.
#[inline(always)]
pub(super) fn nearest(number: f32) -> u16 {
    (rounded(number) >> 16) as u16
}

/// Bits whose upper half is the nearest bf16, ties to even.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    bits.wrapping_add(0x7fff + (bits >> 16 & 1))
}

pairs_kernel! {
    /// Pairs of the numbers of two rows, as many as `to` has room for.
    fn pair_rows(first: &[f32], second: &[f32], to: &mut [f32]) = pair_rows_of
}

#[inline(always)]
unsafe fn pair_rows_of<V: Simd>(first: &[f32], second: &[f32], to: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe { pairs_of_rows::<V>(Nearest, first, second, to) }
}

whole_kernel! {
    /// The same in whole numbers.
    fn round_rows(first: &[f32], second: &[f32], scaled: Scaled, to: &mut [f32]) = round_rows_of
}

#[inline(always)]
unsafe fn round_rows_of<V: Simd>(first: &[f32], second: &[f32], scaled: Scaled, to: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe { pairs_of_rows::<V>(scaled, first, second, to) }
}

#[inline(always)]
unsafe fn pairs_of_rows<V: Simd>(how: impl Pair, first: &[f32], second: &[f32], to: &mut [f32]) {
    let count = to.len();
    assert!(first.len() >= count && second.len() >= count);
    let (first, second, to) = (first.as_ptr(), second.as_ptr(), to.as_mut_ptr());
    let mut at = 0;
    // SAFETY: as many numbers of each as there is room for.
    unsafe {
        while at + V::LANES <= count {
            let pairs = how.pair(V::load(first.add(at)), V::load(second.add(at)));
            pairs.store(to.add(at));
            at += V::LANES;
        }
        if at < count {
            let rest = count - at;
            let first = V::load_first(first.add(at), rest);
            let second = V::load_first(second.add(at), rest);
            how.pair(first, second).store_first(to.add(at), rest);
        }
    }
}

whole_kernel! {
    /// Pairs of the numbers of two rows in whole numbers, each column by its own scale.
    fn round_columns(first: &[f32], second: &[f32], scales: &[f32], to: &mut [f32])
        = round_columns_of
}

#[inline(always)]
unsafe fn round_columns_of<V: Simd>(first: &[f32], second: &[f32], scales: &[f32], to: &mut [f32]) {
    let count = to.len();
    assert!(first.len() >= count && second.len() >= count && scales.len() >= count);
    for at in (0..count).step_by(V::LANES) {
        let rest = V::LANES.min(count - at);
        // SAFETY: as many numbers of each as there is room for.
        unsafe {
            let first = V::load_first(first.as_ptr().add(at), rest);
            let second = V::load_first(second.as_ptr().add(at), rest);
            let scale = V::load_first(scales.as_ptr().add(at), rest);
            first.pair_whole(second, scale).store_first(to.as_mut_ptr().add(at), rest);
        }
    }
}

kernel! {
    /// Pairs of neighbours in each row of `width`; the last of an odd row has a zero beside it.
    fn pair_neighbours(rounding: Rounding, from: &[f32], width: usize, to: &mut [f32])
        = pair_neighbours_of
}

#[expect(clippy::extra_unused_type_parameters, reason = "the compiler finds the vectors")]
#[inline(always)]
unsafe fn pair_neighbours_of<V: Simd>(
    rounding: Rounding,
    from: &[f32],
    width: usize,
    to: &mut [f32],
) {
    match rounding {
        Rounding::Bf16 => neighbours_of(Nearest, from, width, to),
        Rounding::Whole(scale) => neighbours_of(Scaled(scale), from, width, to),
    }
}

#[inline(always)]
fn neighbours_of(how: impl Pair, from: &[f32], width: usize, to: &mut [f32]) {
    for (to, from) in to.chunks_exact_mut(width.div_ceil(2)).zip(from.chunks_exact(width)) {
        let whole = from.chunks_exact(2);
        let rest = whole.remainder();
        for (to, from) in to.iter_mut().zip(whole) {
            *to = how.one(from[0], from[1]);
        }
        if let (Some(to), [last]) = (to.last_mut(), rest) {
            *to = how.one(*last, 0.0);
        }
    }
}

pairs_kernel! {
    /// Rows of `width` numbers, the last perhaps shorter, as bf16 to rows that begin `pitch` apart.
    fn narrow_rows(from: &[f32], width: usize, to: *mut u16, pitch: usize) = narrow_rows_of
}

#[inline(always)]
unsafe fn narrow_rows_of<V: Simd>(from: &[f32], width: usize, to: *mut u16, pitch: usize) {
    for (at, row) in from.chunks(width).enumerate() {
        let (from, count, mut done) = (row.as_ptr(), row.len(), 0);
        // SAFETY: the caller vouches for all rows of `to`; vectors lie within a row.
        unsafe {
            let to = to.add(at * pitch);
            while done < count && count >= V::LANES {
                // The last vector once more, up to the end.
                done = done.min(count - V::LANES);
                V::load(from.add(done)).store_nearest(to.add(done));
                done += V::LANES;
            }
            for (at, number) in row.iter().enumerate().skip(done) {
                to.add(at).write(nearest(*number));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_rounded_to_the_nearest_and_ties_to_even() {
        let halves = |first, second| {
            let bits = pair(first, second).to_bits();
            [f32::from_bits(bits << 16), f32::from_bits(bits & 0xffff_0000)]
        };
        assert_eq!(halves(1.0, -2.5), [1.0, -2.5]);
        assert_eq!(halves(1.0 + 1.0 / 256.0, 1.0 + 3.0 / 256.0), [1.0, 1.0 + 4.0 / 256.0]);
        assert_eq!(halves(0.0, f32::INFINITY), [0.0, f32::INFINITY]);
        assert!(halves(f32::NAN, 0.0)[0].is_nan());
    }

    #[test]
    fn the_last_of_an_odd_row_stands_alone() {
        let mut to = [0.0; 4];
        Rounding::Bf16.pair_neighbours(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, &mut to);
        assert_eq!(to, [pair(1.0, 2.0), pair(3.0, 0.0), pair(4.0, 5.0), pair(6.0, 0.0)]);
    }
}
