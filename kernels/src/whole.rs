//! Numbers of 16 bits with a common scale, whose products are summed in 32 bits.
//!
//! An image is scaled by its largest number, a row of weights by the sum of its magnitudes, so that no sum
//! over the row can leave 32 bits, whatever the image. The more products there are, the less room each side has;
//! both get about the same, of normal numbers.

use super::pool;
use super::simd::{Simd, kernel};
use super::tile::panels;

/// The largest number of 16 bits.
const LARGEST: f32 = 32767.0;

/// What the products of a row sum up to at most: a little less than 2^31, since sums of magnitudes are rounded.
const LARGEST_SUM: f32 = 2.146e9;

/// The largest whole number of an image, for sums of so many products.
fn largest(depth: usize) -> f32 {
    // So much of the sum that a normal image, whose largest number is four times its root mean square, has as
    // much room for that as such weights have.
    (4.0 / 0.8 * LARGEST_SUM / depth as f32).sqrt().clamp(1023.0, 16383.0)
}

/// What magnitudes count as at least: those of smaller numbers are no longer told apart from zero.
const LEAST: f32 = 1e-18;

/// Between numbers and whole ones.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale {
    /// What numbers are multiplied by to become whole.
    pub by: f32,
    /// What whole numbers are multiplied by.
    pub unit: f32,
}

impl Scale {
    /// Of an image, or several that share a scale, for sums of `depth` products.
    pub fn of_image(numbers: &[f32], depth: usize) -> Self {
        let magnitudes = Magnitudes::of(numbers);
        Self::new(largest(depth) / magnitudes.largest.max(LEAST), magnitudes.sum)
    }

    /// Of vectors whose products with such others are summed, by the length of the longest: by Cauchy and
    /// Schwarz no sum is larger than the product of two such lengths.
    pub fn of_length(longest: f32) -> Self {
        Self::new(LARGEST / longest.max(LEAST), longest)
    }

    /// Of a row of `depth` weights.
    fn of_row(magnitudes: Magnitudes, depth: usize) -> Self {
        // Each may be rounded up by a half, and an image's largest number too.
        let most = LARGEST_SUM / (largest(depth) + 0.5) - 0.5 * depth as f32;
        let by_sum = most.max(1.0) / magnitudes.sum.max(LEAST);
        let by_largest = LARGEST / magnitudes.largest.max(LEAST);
        Self::new(by_sum.min(by_largest), magnitudes.sum)
    }

    /// Where the sum of magnitudes is none, so is what comes of whole numbers.
    fn new(by: f32, sum: f32) -> Self {
        Self { by, unit: if sum.is_finite() { 1.0 / by } else { f32::NAN } }
    }

    /// Of each of so many rows of `depth` weights, which `magnitudes` gives.
    pub fn of_rows(
        rows: usize,
        depth: usize,
        magnitudes: impl Fn(usize) -> Magnitudes + Sync,
    ) -> Vec<Self> {
        let of_panel = |(first, height): (usize, usize)| -> Vec<Self> {
            let row = |row| Self::of_row(magnitudes(row), depth);
            (first..first + height).map(row).collect()
        };
        let all: Vec<_> = panels(rows).collect();
        pool::map(all.into_iter(), of_panel).concat()
    }
}

/// Of some numbers, without their signs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Magnitudes {
    pub sum: f32,
    pub largest: f32,
}

impl Magnitudes {
    pub fn of(numbers: &[f32]) -> Self {
        let mut magnitudes = Self::default();
        // SAFETY: reads the slice only.
        unsafe { measure(numbers, &mut magnitudes) }
        magnitudes
    }

    /// Of both.
    pub fn and(self, other: Self) -> Self {
        Self { sum: self.sum + other.sum, largest: self.largest.max(other.largest) }
    }

    /// Of each column of rows that are so long.
    pub fn of_columns(numbers: &[f32], columns: usize) -> Vec<Self> {
        let mut magnitudes = vec![Self::default(); columns];
        for row in numbers.chunks_exact(columns) {
            for (magnitudes, number) in magnitudes.iter_mut().zip(row) {
                let magnitude = number.abs();
                *magnitudes = magnitudes.and(Self { sum: magnitude, largest: magnitude });
            }
        }
        magnitudes
    }
}

kernel! { fn measure(numbers: &[f32], magnitudes: &mut Magnitudes) = measure_of }

#[inline(always)]
unsafe fn measure_of<V: Simd>(numbers: &[f32], magnitudes: &mut Magnitudes) {
    const AT_ONCE: usize = 4;
    // SAFETY: the caller vouches for the instruction set; every vector lies within the slice.
    unsafe {
        let zero = V::splat(0.0);
        let (mut sums, mut largest) = ([zero; AT_ONCE], [zero; AT_ONCE]);
        let blocks = numbers.chunks_exact(AT_ONCE * V::LANES);
        let rest = blocks.remainder();
        for block in blocks {
            for at in 0..AT_ONCE {
                let number = V::load(block.as_ptr().add(at * V::LANES));
                let magnitude = number.max(zero.sub(number));
                sums[at] = sums[at].add(magnitude);
                largest[at] = largest[at].max(magnitude);
            }
        }
        for part in rest.chunks(V::LANES) {
            let number = V::load_first(part.as_ptr(), part.len());
            let magnitude = number.max(zero.sub(number));
            sums[0] = sums[0].add(magnitude);
            largest[0] = largest[0].max(magnitude);
        }
        let mut lanes = [0.0; 16];
        let [a, b, c, d] = largest;
        a.max(b).max(c.max(d)).store(lanes.as_mut_ptr());
        let [a, b, c, d] = sums;
        magnitudes.sum = a.add(b).add(c.add(d)).sum();
        magnitudes.largest = lanes.into_iter().fold(0.0, f32::max);
    }
}
