//! Sums along memory, always in the same order.

use super::simd::{Simd, kernel};

/// The sum of all numbers.
pub(super) fn sum(numbers: &[f32]) -> f32 {
    // SAFETY: reads within the slice only.
    unsafe { sum_of(numbers) }
}

/// The sum of the squares of all numbers.
pub(super) fn square_sum(numbers: &[f32]) -> f32 {
    squares_around(numbers, 0.0)
}

/// The sum of the squares of all numbers less `centre`.
pub(super) fn squares_around(numbers: &[f32], centre: f32) -> f32 {
    // SAFETY: reads within the slice only.
    unsafe { squares_of(numbers, centre) }
}

/// Sums that run beside each other: one addition takes as long as four begin.
const SUMS: usize = 4;

kernel! { fn sum_of(numbers: &[f32]) -> f32 = sum_body }
kernel! { fn squares_of(numbers: &[f32], centre: f32) -> f32 = squares_body }

#[inline(always)]
unsafe fn sum_body<V: Simd>(numbers: &[f32]) -> f32 {
    let chunks = numbers.chunks_exact(SUMS * V::LANES);
    let vectors = chunks.remainder().chunks_exact(V::LANES);
    let rest = vectors.remainder().iter().sum::<f32>();
    // SAFETY: every load lies within a chunk.
    unsafe {
        let mut sums = [V::splat(0.0); SUMS];
        for chunk in chunks {
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum = sum.add(V::load(chunk.as_ptr().add(i * V::LANES)));
            }
        }
        for (vector, sum) in vectors.zip(&mut sums) {
            *sum = sum.add(V::load(vector.as_ptr()));
        }
        together(sums).sum() + rest
    }
}

#[inline(always)]
unsafe fn squares_body<V: Simd>(numbers: &[f32], centre: f32) -> f32 {
    let chunks = numbers.chunks_exact(SUMS * V::LANES);
    let vectors = chunks.remainder().chunks_exact(V::LANES);
    let rest = vectors.remainder().iter().map(|x| (x - centre) * (x - centre)).sum::<f32>();
    // SAFETY: every load lies within a chunk.
    unsafe {
        let (mut sums, centre) = ([V::splat(0.0); SUMS], V::splat(centre));
        for chunk in chunks {
            for (i, sum) in sums.iter_mut().enumerate() {
                let x = V::load(chunk.as_ptr().add(i * V::LANES)).sub(centre);
                *sum = x.mul_add(x, *sum);
            }
        }
        for (vector, sum) in vectors.zip(&mut sums) {
            let x = V::load(vector.as_ptr()).sub(centre);
            *sum = x.mul_add(x, *sum);
        }
        together(sums).sum() + rest
    }
}

#[inline(always)]
unsafe fn together<V: Simd>([a, b, c, d]: [V; SUMS]) -> V {
    // SAFETY: the caller's promise of the instruction set.
    unsafe { a.add(b).add(c.add(d)) }
}
