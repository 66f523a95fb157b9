//! The vectors of AVX512-FP16.

#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "each block is one instruction, or two, of the set that the trait's caller vouches for"
)]

use std::arch::x86_64::*;

use half::f16;

use super::Halves;

/// To whole numbers, the next lower one.
const DOWN: i32 = _MM_FROUND_TO_NEG_INF;

// SAFETY: every function needs no more than the set the caller vouches for.
unsafe impl Halves for __m512h {
    #[inline(always)]
    unsafe fn splat(value: f16) -> Self {
        unsafe { _mm512_castsi512_ph(_mm512_set1_epi16(value.to_bits() as i16)) }
    }
    #[inline(always)]
    unsafe fn load(from: *const f16) -> Self {
        unsafe { _mm512_castsi512_ph(_mm512_loadu_si512(from.cast())) }
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f16) {
        unsafe { _mm512_storeu_si512(to.cast(), _mm512_castph_si512(self)) }
    }
    #[inline(always)]
    unsafe fn repeat<const COUNT: usize>(from: *const f16) -> Self {
        unsafe {
            _mm512_castsi512_ph(match COUNT {
                8 => _mm512_broadcast_i32x4(_mm_loadu_si128(from.cast())),
                4 => _mm512_set1_epi64(from.cast::<i64>().read_unaligned()),
                2 => _mm512_set1_epi32(from.cast::<i32>().read_unaligned()),
                _ => _mm512_set1_epi16(from.cast::<i16>().read_unaligned()),
            })
        }
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        unsafe { _mm512_sub_ph(self, other) }
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        unsafe { _mm512_mul_ph(self, other) }
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        unsafe { _mm512_max_ph(self, other) }
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        unsafe { _mm512_fmadd_ph(self, b, c) }
    }
    #[inline(always)]
    unsafe fn fraction(self) -> Self {
        unsafe { _mm512_reduce_ph::<DOWN>(self) }
    }
    #[inline(always)]
    unsafe fn times_exp2(self, power: Self) -> Self {
        unsafe { _mm512_scalef_ph(self, power) }
    }
    #[inline(always)]
    unsafe fn narrow(from: *const f32) -> Self {
        unsafe {
            let [low, high] = [from, from.add(16)];
            let [low, high] =
                [_mm512_cvtxps_ph(_mm512_loadu_ps(low)), _mm512_cvtxps_ph(_mm512_loadu_ps(high))];
            let [low, high] = [_mm256_castph_si256(low), _mm256_castph_si256(high)];
            _mm512_castsi512_ph(_mm512_inserti64x4::<1>(_mm512_castsi256_si512(low), high))
        }
    }
    #[inline(always)]
    unsafe fn add_to(self, sums: *mut f32) {
        unsafe {
            let both = _mm512_castph_si512(self);
            let low = _mm512_castsi512_si256(both);
            let high = _mm512_extracti64x4_epi64::<1>(both);
            let low = _mm512_cvtxph_ps(_mm256_castsi256_ph(low));
            let high = _mm512_cvtxph_ps(_mm256_castsi256_ph(high));
            let beyond = sums.add(16);
            _mm512_storeu_ps(sums, _mm512_add_ps(_mm512_loadu_ps(sums), low));
            _mm512_storeu_ps(beyond, _mm512_add_ps(_mm512_loadu_ps(beyond), high));
        }
    }
}
