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
    let chunks = numbers.chunks_exact(V::LANES);
    let rest = chunks.remainder().iter().sum::<f32>();
    // SAFETY: every load lies within a chunk.
    unsafe {
        let mut sum = V::splat(0.0);
        for chunk in chunks {
            sum = sum.add(V::load(chunk.as_ptr()));
        }
        sum.sum() + rest
    }
}

#[inline(always)]
unsafe fn square_sum_body<V: Simd>(numbers: &[f32]) -> f32 {
    let chunks = numbers.chunks_exact(V::LANES);
    let rest = chunks.remainder().iter().map(|x| x * x).sum::<f32>();
    // SAFETY: every load lies within a chunk.
    unsafe {
        let mut sum = V::splat(0.0);
        for chunk in chunks {
            let x = V::load(chunk.as_ptr());
            sum = x.mul_add(x, sum);
        }
        sum.sum() + rest
    }
}
