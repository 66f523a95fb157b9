//! The vectors of x86-64: sixteen lanes of AVX-512, eight of AVX2.

#![expect(
    clippy::undocumented_unsafe_blocks,
    reason = "each block is one instruction of the set that the trait's caller vouches for"
)]

use std::arch::x86_64::*;

use super::{AROUND_ZERO, FROM_ZERO, LEAST_POWER, Powers, ROUNDING, Simd};

/// Numbers i and i + 16 beside each other.
const IN_TURN: [u16; 32] = {
    let mut places = [0; 32];
    let mut at = 0;
    while at < 32 {
        places[at] = (at / 2 + at % 2 * 16) as u16;
        at += 1;
    }
    places
};

/// A mask of the first `count` of eight lanes.
#[inline(always)]
unsafe fn first_lanes(count: usize) -> __m256i {
    unsafe {
        let lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
        _mm256_cmpgt_epi32(_mm256_set1_epi32(count as i32), lanes)
    }
}

macro_rules! simd_of {
    ($vector:ty, $half:ty, $lanes:expr, $powers:expr, $set1:ident, $loadu:ident, $storeu:ident, $first:expr, $store_first:expr, $add:ident, $sub:ident,
     $mul:ident, $div:ident, $max:ident, $min:ident, $fmadd:ident, $two:expr, $four:expr, $pairs:expr, $pair:expr, $nearest:expr, $pair_whole:expr, $wholes:expr, $from_whole:expr, $store_nearest:expr, $whole:expr, $exp2:expr, $sum:expr) => {
        // SAFETY: every function is one instruction of the set the caller vouches for.
        unsafe impl Simd for $vector {
            const LANES: usize = $lanes;
            type Half = $half;
            const POWERS: Powers = $powers;
            #[inline(always)]
            unsafe fn splat(value: f32) -> Self {
                unsafe { $set1(value) }
            }
            #[inline(always)]
            unsafe fn load(from: *const f32) -> Self {
                unsafe { $loadu(from) }
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut f32) {
                unsafe { $storeu(to, self) }
            }
            #[inline(always)]
            unsafe fn load_first(from: *const f32, count: usize) -> Self {
                unsafe { $first(from, count) }
            }
            #[inline(always)]
            unsafe fn store_first(self, to: *mut f32, count: usize) {
                unsafe { $store_first(self, to, count) }
            }
            #[inline(always)]
            unsafe fn add(self, other: Self) -> Self {
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sub(self, other: Self) -> Self {
                unsafe { $sub(self, other) }
            }
            #[inline(always)]
            unsafe fn mul(self, other: Self) -> Self {
                unsafe { $mul(self, other) }
            }
            #[inline(always)]
            unsafe fn div(self, other: Self) -> Self {
                unsafe { $div(self, other) }
            }
            #[inline(always)]
            unsafe fn max(self, other: Self) -> Self {
                unsafe { $max(self, other) }
            }
            #[inline(always)]
            unsafe fn min(self, other: Self) -> Self {
                unsafe { $min(self, other) }
            }
            #[inline(always)]
            unsafe fn mul_add(self, b: Self, c: Self) -> Self {
                unsafe { $fmadd(self, b, c) }
            }
            #[inline(always)]
            unsafe fn mul_add_pairs(self, b: Self, c: Self) -> Self {
                unsafe { $pairs(self, b, c) }
            }
            #[inline(always)]
            unsafe fn repeat_two(from: *const f32) -> Self {
                unsafe { $two(from) }
            }
            #[inline(always)]
            unsafe fn repeat_four(from: *const f32) -> Self {
                unsafe { $four(from) }
            }
            #[inline(always)]
            unsafe fn pair(self, second: Self) -> Self {
                unsafe { $pair(self, second) }
            }
            #[inline(always)]
            unsafe fn pair_nearest(self, second: Self) -> Self {
                unsafe { $nearest(self, second) }
            }
            #[inline(always)]
            unsafe fn pair_whole(self, second: Self, scale: Self) -> Self {
                unsafe { $pair_whole(self, second, scale) }
            }
            #[inline(always)]
            unsafe fn mul_add_whole(self, b: Self, c: Self) -> Self {
                unsafe { $wholes(self, b, c) }
            }
            #[inline(always)]
            unsafe fn whole(self) -> Self {
                unsafe { $from_whole(self) }
            }
            #[inline(always)]
            unsafe fn store_nearest(self, to: *mut u16) {
                unsafe { $store_nearest(self, to) }
            }
            #[inline(always)]
            unsafe fn whole_and_rest(self) -> [Self; 2] {
                unsafe { $whole(self) }
            }
            #[inline(always)]
            unsafe fn times_exp2(self, whole: Self) -> Self {
                unsafe { $exp2(self, whole) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> f32 {
                unsafe { $sum(self) }
            }
        }
    };
}

simd_of!(
    __m512,
    __m256,
    16,
    FROM_ZERO,
    _mm512_set1_ps,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    |from, count| _mm512_maskz_loadu_ps(((1u32 << count) - 1) as u16, from),
    |v, to, count| _mm512_mask_storeu_ps(to, ((1u32 << count) - 1) as u16, v),
    _mm512_add_ps,
    _mm512_sub_ps,
    _mm512_mul_ps,
    _mm512_div_ps,
    _mm512_max_ps,
    _mm512_min_ps,
    _mm512_fmadd_ps,
    |two: *const f32| _mm512_castpd_ps(_mm512_set1_pd(two.cast::<f64>().read_unaligned())),
    |four| _mm512_broadcast_f32x4(_mm_loadu_ps(four)),
    |a, b, c| {
        // Bits of the same register, seen otherwise.
        let [a, b]: [__m512bh; 2] = std::mem::transmute([a, b]);
        _mm512_dpbf16_ps(c, a, b)
    },
    |a, b| {
        let first = _mm512_srli_epi32::<16>(_mm512_castps_si512(a));
        let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
        // Bits of the second where the mask has them, of the first elsewhere.
        let both = _mm512_ternarylogic_epi32::<0xe4>(_mm512_castps_si512(b), first, upper);
        _mm512_castsi512_ps(both)
    },
    |a, b| {
        // All of the first, then all of the second; then one of each.
        let both = std::mem::transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(b, a));
        let places = _mm512_loadu_si512(IN_TURN.as_ptr().cast());
        _mm512_castsi512_ps(_mm512_permutexvar_epi16(places, both))
    },
    |a, b, scale| {
        // The last bits of what is rounded to a whole number.
        let rounding = _mm512_set1_ps(ROUNDING);
        let whole = |x| _mm512_castps_si512(_mm512_fmadd_ps(x, scale, rounding));
        let second = _mm512_slli_epi32::<16>(whole(b));
        let upper = _mm512_set1_epi32(0xffff_0000_u32 as i32);
        let both = _mm512_ternarylogic_epi32::<0xe4>(second, whole(a), upper);
        _mm512_castsi512_ps(both)
    },
    |a, b, c| {
        let [a, b, c] = [a, b, c].map(|x| _mm512_castps_si512(x));
        // Where it would not saturate either, the compiler makes two instructions of it.
        _mm512_castsi512_ps(_mm512_dpwssds_epi32(c, a, b))
    },
    |v| _mm512_cvtepi32_ps(_mm512_castps_si512(v)),
    |v, to: *mut u16| to.cast::<__m256bh>().write_unaligned(_mm512_cvtneps_pbh(v)),
    // What `scalef` takes loses its fraction there.
    |x| [x, _mm512_reduce_ps::<{ _MM_FROUND_TO_NEG_INF }>(x)],
    |x, whole| _mm512_scalef_ps(x, whole),
    |v| _mm512_reduce_add_ps(v)
);

simd_of!(
    __m256,
    __m256,
    8,
    AROUND_ZERO,
    _mm256_set1_ps,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    |from, count| _mm256_maskload_ps(from, first_lanes(count)),
    |v, to, count| _mm256_maskstore_ps(to, first_lanes(count), v),
    _mm256_add_ps,
    _mm256_sub_ps,
    _mm256_mul_ps,
    _mm256_div_ps,
    _mm256_max_ps,
    _mm256_min_ps,
    _mm256_fmadd_ps,
    |two: *const f32| _mm256_castpd_ps(_mm256_set1_pd(two.cast::<f64>().read_unaligned())),
    |four: *const f32| _mm256_broadcast_ps(&four.cast::<__m128>().read_unaligned()),
    |a, b, c| {
        let upper = _mm256_castsi256_ps(_mm256_set1_epi32(0xffff_0000_u32 as i32));
        let first = |x| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(x)));
        let second = |x| _mm256_and_ps(x, upper);
        let sum = _mm256_fmadd_ps(first(a), first(b), c);
        _mm256_fmadd_ps(second(a), second(b), sum)
    },
    |a, b| {
        let first = _mm256_castsi256_ps(_mm256_srli_epi32::<16>(_mm256_castps_si256(a)));
        let upper = _mm256_castsi256_ps(_mm256_set1_epi32(0xffff_0000_u32 as i32));
        _mm256_or_ps(_mm256_and_ps(b, upper), first)
    },
    |a, b| {
        let nearest = |x| {
            let bits = _mm256_castps_si256(x);
            let last = _mm256_and_si256(_mm256_srli_epi32::<16>(bits), _mm256_set1_epi32(1));
            _mm256_add_epi32(bits, _mm256_add_epi32(last, _mm256_set1_epi32(0x7fff)))
        };
        let upper = _mm256_set1_epi32(0xffff_0000_u32 as i32);
        let first = _mm256_srli_epi32::<16>(nearest(a));
        _mm256_castsi256_ps(_mm256_or_si256(_mm256_and_si256(nearest(b), upper), first))
    },
    |a, b, scale| {
        let rounding = _mm256_set1_ps(ROUNDING);
        let whole = |x| _mm256_castps_si256(_mm256_fmadd_ps(x, scale, rounding));
        let second = _mm256_slli_epi32::<16>(whole(b));
        _mm256_castsi256_ps(_mm256_blend_epi16::<0xaa>(whole(a), second))
    },
    |a, b, c| {
        let [a, b, c] = [a, b, c].map(|x| _mm256_castps_si256(x));
        _mm256_castsi256_ps(_mm256_add_epi32(c, _mm256_madd_epi16(a, b)))
    },
    |v| _mm256_cvtepi32_ps(_mm256_castps_si256(v)),
    |v, to: *mut u16| {
        let numbers: [f32; 8] = std::mem::transmute(v);
        to.cast::<[u16; 8]>().write_unaligned(numbers.map(crate::pairs::nearest));
    },
    |x| {
        // Of the second if either is no number.
        let x = _mm256_max_ps(_mm256_set1_ps(LEAST_POWER), x);
        let rounding = _mm256_set1_ps(ROUNDING);
        let whole = _mm256_add_ps(x, rounding);
        [whole, _mm256_sub_ps(x, _mm256_sub_ps(whole, rounding))]
    },
    |x, whole| {
        let power = _mm256_slli_epi32::<23>(_mm256_castps_si256(whole));
        _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), power))
    },
    |v| {
        let halves = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
        let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
        _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
    }
);
