//! Vectors of eight on processors that multiply pairs of whole numbers in them with one instruction (AVX-VNNI:
//! Intel's for laptops and desktops since 2021), not with two as AVX2 has it.

#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "each is AVX2's function of the same name, or one instruction, that the trait's caller vouches for"
)]

use std::arch::x86_64::{
    __m256, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_dpwssds_avx_epi32,
};

use super::{AROUND_ZERO, Powers, Simd};

/// All that AVX2 does, and sums of products of whole numbers.
#[derive(Clone, Copy)]
#[repr(transparent)]
pub struct Vnni8(__m256);

/// Functions that are those of AVX2's vectors, of so many more vectors than the first.
macro_rules! as_avx2 {
    ($($name:ident($($other:ident),*);)*) => {$(
        #[inline(always)]
        unsafe fn $name(self, $($other: Self),*) -> Self {
            Self(unsafe { self.0.$name($($other.0),*) })
        }
    )*};
}

// SAFETY: every function is AVX2's, but for one instruction that the caller vouches for.
unsafe impl Simd for Vnni8 {
    const LANES: usize = 8;
    type Half = Self;
    const POWERS: Powers = AROUND_ZERO;

    as_avx2! {
        add(other);
        sub(other);
        mul(other);
        div(other);
        max(other);
        min(other);
        mul_add(b, c);
        mul_add_pairs(b, c);
        pair(second);
        pair_nearest(second);
        pair_whole(second, scale);
        whole();
        times_exp2(whole);
    }

    #[inline(always)]
    unsafe fn mul_add_whole(self, b: Self, c: Self) -> Self {
        unsafe {
            let [a, b, c] =
                [_mm256_castps_si256(self.0), _mm256_castps_si256(b.0), _mm256_castps_si256(c.0)];
            // Where it would not saturate either, the compiler makes two instructions of it.
            Self(_mm256_castsi256_ps(_mm256_dpwssds_avx_epi32(c, a, b)))
        }
    }

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self(unsafe { __m256::splat(value) })
    }

    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        Self(unsafe { __m256::load(from) })
    }

    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        unsafe { self.0.store(to) }
    }

    #[inline(always)]
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        Self(unsafe { __m256::load_first(from, count) })
    }

    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        unsafe { self.0.store_first(to, count) }
    }

    #[inline(always)]
    unsafe fn repeat_two(from: *const f32) -> Self {
        Self(unsafe { __m256::repeat_two(from) })
    }

    #[inline(always)]
    unsafe fn repeat_four(from: *const f32) -> Self {
        Self(unsafe { __m256::repeat_four(from) })
    }

    #[inline(always)]
    unsafe fn store_nearest(self, to: *mut u16) {
        unsafe { self.0.store_nearest(to) }
    }

    #[inline(always)]
    unsafe fn whole_and_rest(self) -> [Self; 2] {
        let [whole, rest] = unsafe { self.0.whole_and_rest() };
        [Self(whole), Self(rest)]
    }

    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        unsafe { self.0.sum() }
    }
}
