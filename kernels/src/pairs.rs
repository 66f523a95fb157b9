//! Two numbers as bf16 in the place of one f32, the first in the lower half: what
//! [`Simd::mul_add_pairs`] multiplies.

use super::precision::Precision;
use super::simd::{Simd, kernel};

/// Whether sums over so many channels are to run over pairs of them. An odd number stays f32: only
/// an image's own channels are ever odd, and they are few.
pub(super) fn of_channels(channels: usize) -> bool {
    Precision::current() == Precision::Bf16 && channels.is_multiple_of(2)
}

/// The pair of two numbers, each rounded to the nearest.
#[inline(always)]
pub(super) fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits((rounded(second) & 0xffff_0000) | (rounded(first) >> 16))
}

/// Bits whose upper half is the nearest bf16, ties to even.
#[inline(always)]
fn rounded(number: f32) -> u32 {
    let bits = number.to_bits();
    bits.wrapping_add(0x7fff + (bits >> 16 & 1))
}

kernel! {
    /// Pairs of the numbers of two rows, as many as `to` has room for.
    fn pair_rows(first: &[f32], second: &[f32], to: &mut [f32]) = pair_rows_of
}

#[expect(clippy::extra_unused_type_parameters, reason = "the compiler finds the vectors")]
#[inline(always)]
unsafe fn pair_rows_of<V: Simd>(first: &[f32], second: &[f32], to: &mut [f32]) {
    for ((to, first), second) in to.iter_mut().zip(first).zip(second) {
        *to = pair(*first, *second);
    }
}

kernel! {
    /// Pairs of neighbours in each row of `width`; the last of an odd row has a zero beside it.
    fn pair_neighbours(from: &[f32], width: usize, to: &mut [f32]) = pair_neighbours_of
}

#[expect(clippy::extra_unused_type_parameters, reason = "the compiler finds the vectors")]
#[inline(always)]
unsafe fn pair_neighbours_of<V: Simd>(from: &[f32], width: usize, to: &mut [f32]) {
    for (to, from) in to.chunks_exact_mut(width.div_ceil(2)).zip(from.chunks_exact(width)) {
        let whole = from.chunks_exact(2);
        let rest = whole.remainder();
        for (to, from) in to.iter_mut().zip(whole) {
            *to = pair(from[0], from[1]);
        }
        if let (Some(to), [last]) = (to.last_mut(), rest) {
            *to = pair(*last, 0.0);
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
        // SAFETY: plain slices.
        unsafe { pair_neighbours(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 3, &mut to) };
        assert_eq!(to, [pair(1.0, 2.0), pair(3.0, 0.0), pair(4.0, 5.0), pair(6.0, 0.0)]);
    }
}
