//! Sums along memory, always in the same order.

use super::simd::{Simd, kernel};

/// The sum of all numbers.
pub(super) fn sum(numbers: &[f32]) -> f32 {
    // SAFETY: reads within the slice only.
    unsafe { sum_of(numbers) }
}

/// The sum of the squares of all numbers.
pub(super) fn square_sum(numbers: &[f32]) -> f32 {
    // SAFETY: reads within the slice only.
    unsafe { square_sum_of(numbers) }
}

kernel! { fn sum_of(numbers: &[f32]) -> f32 = sum_body }
kernel! { fn square_sum_of(numbers: &[f32]) -> f32 = square_sum_body }

#[inline(always)]
unsafe fn sum_body<V: Simd>(numbers: &[f32]) -> f32 {
    // SAFETY: `fold` loads within the slice only.
    unsafe { fold::<V>(numbers, |sum, x| sum.add(x), |x| x) }
}

#[inline(always)]
unsafe fn square_sum_body<V: Simd>(numbers: &[f32]) -> f32 {
    // SAFETY: as above.
    unsafe { fold::<V>(numbers, |sum, x| x.mul_add(x, sum), |x| x * x) }
}

#[inline(always)]
unsafe fn fold<V: Simd>(
    numbers: &[f32],
    add: impl Fn(V, V) -> V,
    single: impl Fn(f32) -> f32,
) -> f32 {
    // SAFETY: every load lies within a chunk of two vectors.
    unsafe {
        let mut sums = [V::splat(0.0); 2];
        let chunks = numbers.chunks_exact(2 * V::LANES);
        let rest = chunks.remainder();
        for chunk in chunks {
            sums[0] = add(sums[0], V::load(chunk.as_ptr()));
            sums[1] = add(sums[1], V::load(chunk.as_ptr().add(V::LANES)));
        }
        sums[0].add(sums[1]).sum() + rest.iter().map(|&x| single(x)).sum::<f32>()
    }
}
