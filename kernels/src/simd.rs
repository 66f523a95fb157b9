//! Vectors of f32 as wide as the processor has them.
//!
//! Kernels are written once over [`Simd`] and compiled for each instruction set; [`Level::detected`]
//! chooses at run time. The portable set needs nothing beyond what the target always has.

use std::sync::atomic::{AtomicU8, Ordering};

use super::precision::Precision;

/// An instruction set the kernels are compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Portable,
    Avx2,
    Avx512,
}

/// 0 until looked up, then the level plus one.
static LEVEL: AtomicU8 = AtomicU8::new(0);

impl Level {
    const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

    /// The best this processor has, or what [`Level::force`] said.
    pub fn current() -> Self {
        match LEVEL.load(Ordering::Relaxed) {
            0 => {
                let level = Self::detected();
                LEVEL.store(level as u8 + 1, Ordering::Relaxed);
                level
            }
            stored => Self::ALL[stored as usize - 1],
        }
    }

    /// Makes all kernels use `level`, or the best there is if the processor lacks it.
    pub fn force(level: Level) {
        LEVEL.store(level.min(Self::detected()) as u8 + 1, Ordering::Relaxed);
    }

    /// Numbers in a vector of this level; of one that multiplies `pairs` of bf16.
    pub(super) fn lanes(self, pairs: bool) -> usize {
        let wide = self == Level::Avx512 && (!pairs || Precision::bf16_is_fast());
        if wide { 16 } else { 8 }
    }

    /// The best this processor has.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                return Level::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Level::Avx2;
            }
        }
        Level::Portable
    }
}

/// A vector of f32 and what kernels do with it.
///
/// # Safety
/// The instruction set behind an implementation must be there when its functions run, and pointers
/// must be good for `LANES` numbers.
#[expect(clippy::missing_safety_doc, reason = "the trait's own section speaks for its functions")]
pub unsafe trait Simd: Copy {
    const LANES: usize;
    /// A vector of half as many lanes, where there are such and more than eight are too many.
    type Half: Simd;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    unsafe fn add(self, other: Self) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn div(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    unsafe fn min(self, other: Self) -> Self;
    /// self x b + c
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// c plus both products of the bf16 pairs in self and b.
    unsafe fn mul_add_pairs(self, b: Self, c: Self) -> Self;
    /// Two numbers, or four, again and again.
    unsafe fn repeat_two(from: *const f32) -> Self;
    unsafe fn repeat_four(from: *const f32) -> Self;
    /// The upper halves of self and second as pairs of bf16, self's first: both are rounded toward
    /// zero.
    unsafe fn pair(self, second: Self) -> Self;
    /// The nearest whole number, of numbers that are less than 2^22 from zero.
    unsafe fn round(self) -> Self;
    /// self x 2 to the power of n, which holds whole numbers of at most 127; of less than -126 it is
    /// enough to come as close to zero as -126 does.
    unsafe fn times_exp2(self, n: Self) -> Self;
    /// The sum of all lanes, always in the same order.
    unsafe fn sum(self) -> f32;

    /// [`Simd::mul_add_pairs`] with `PAIRS`, else [`Simd::mul_add`].
    #[inline(always)]
    unsafe fn product<const PAIRS: bool>(self, b: Self, c: Self) -> Self {
        // SAFETY: the caller's promise.
        unsafe { if PAIRS { self.mul_add_pairs(b, c) } else { self.mul_add(b, c) } }
    }

    /// 2 to the power of self, which is at most 126: a polynomial fitted to the least relative error,
    /// 3e-6, or 8e-5 if it is `ROUGH`. Below -126 it goes to zero or stays at the least normal number.
    #[inline(always)]
    unsafe fn exp2<const ROUGH: bool>(self) -> Self {
        // SAFETY: the caller's promise holds for every call below.
        unsafe {
            let n = self.round();
            let r = self.sub(n);
            let mut p = Self::splat(if ROUGH { ROUGH_EXP2[0] } else { EXP2[0] });
            for c in if ROUGH { &ROUGH_EXP2[1..] } else { &EXP2[1..] } {
                p = p.mul_add(r, Self::splat(*c));
            }
            p.times_exp2(n)
        }
    }
}

/// Of 2 to the power of numbers between -1/2 and 1/2, the highest power first.
const EXP2: [f32; 5] = [9.570_1e-3, 5.591_786e-2, 2.402_474_5e-1, 6.931_218e-1, 0.999_999_3];
const ROUGH_EXP2: [f32; 4] = [5.517_167e-2, 2.426_111_2e-1, 6.932_61e-1, 0.999_928_07];

/// Eight lanes in plain Rust; the compiler makes of them what the target has.
#[derive(Clone, Copy)]
pub struct Lanes8([f32; 8]);

macro_rules! lanewise {
    ($a:expr, $b:expr, $op:expr) => {{
        let (a, b) = ($a.0, $b.0);
        Lanes8(std::array::from_fn(|i| $op(a[i], b[i])))
    }};
}

// SAFETY: plain Rust runs everywhere.
unsafe impl Simd for Lanes8 {
    const LANES: usize = 8;
    type Half = Self;

    #[inline(always)]
    unsafe fn splat(value: f32) -> Self {
        Self([value; 8])
    }
    #[inline(always)]
    unsafe fn load(from: *const f32) -> Self {
        // SAFETY: the caller vouches for eight numbers; an unaligned read needs no more.
        Self(unsafe { from.cast::<[f32; 8]>().read_unaligned() })
    }
    #[inline(always)]
    unsafe fn store(self, to: *mut f32) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<[f32; 8]>().write_unaligned(self.0) }
    }
    #[inline(always)]
    unsafe fn add(self, other: Self) -> Self {
        lanewise!(self, other, |a: f32, b: f32| a + b)
    }
    #[inline(always)]
    unsafe fn sub(self, other: Self) -> Self {
        lanewise!(self, other, |a: f32, b: f32| a - b)
    }
    #[inline(always)]
    unsafe fn mul(self, other: Self) -> Self {
        lanewise!(self, other, |a: f32, b: f32| a * b)
    }
    #[inline(always)]
    unsafe fn div(self, other: Self) -> Self {
        lanewise!(self, other, |a: f32, b: f32| a / b)
    }
    #[inline(always)]
    unsafe fn max(self, other: Self) -> Self {
        lanewise!(self, other, |a: f32, b: f32| if a > b { a } else { b })
    }
    #[inline(always)]
    unsafe fn min(self, other: Self) -> Self {
        lanewise!(self, other, |a: f32, b: f32| if a < b { a } else { b })
    }
    #[inline(always)]
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        // Not f32::mul_add: without the instruction that is a slow call.
        lanewise!(lanewise!(self, b, |a: f32, b: f32| a * b), c, |a: f32, b: f32| a + b)
    }
    #[inline(always)]
    unsafe fn mul_add_pairs(self, b: Self, c: Self) -> Self {
        let first = |pair: f32| f32::from_bits(pair.to_bits() << 16);
        let second = |pair: f32| f32::from_bits(pair.to_bits() & 0xffff_0000);
        let dot = |a, b| first(a) * first(b) + second(a) * second(b);
        lanewise!(lanewise!(self, b, dot), c, |a: f32, b: f32| a + b)
    }
    #[inline(always)]
    unsafe fn repeat_two(from: *const f32) -> Self {
        // SAFETY: the caller vouches for two numbers; an unaligned read needs no more.
        let [a, b] = unsafe { from.cast::<[f32; 2]>().read_unaligned() };
        Self([a, b, a, b, a, b, a, b])
    }
    #[inline(always)]
    unsafe fn repeat_four(from: *const f32) -> Self {
        // SAFETY: the caller vouches for four numbers; an unaligned read needs no more.
        let [a, b, c, d] = unsafe { from.cast::<[f32; 4]>().read_unaligned() };
        Self([a, b, c, d, a, b, c, d])
    }
    #[inline(always)]
    unsafe fn pair(self, second: Self) -> Self {
        lanewise!(self, second, |a: f32, b: f32| {
            f32::from_bits((b.to_bits() & 0xffff_0000) | (a.to_bits() >> 16))
        })
    }
    #[inline(always)]
    unsafe fn round(self) -> Self {
        // Adding and taking away 1.5 x 2^23 rounds to the nearest whole number.
        let magic = 12_582_912.0;
        Self(self.0.map(|x| (x + magic) - magic))
    }
    #[inline(always)]
    unsafe fn times_exp2(self, n: Self) -> Self {
        let power = |n: f32| f32::from_bits(((n.max(-126.0) as i32 + 127) as u32) << 23);
        lanewise!(self, n, |x: f32, n: f32| x * power(n))
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        let [a, b, c, d, e, f, g, h] = self.0;
        ((a + e) + (c + g)) + ((b + f) + (d + h))
    }
}

#[cfg(target_arch = "x86_64")]
#[expect(
    clippy::undocumented_unsafe_blocks,
    reason = "each block is one instruction of the set that the trait's caller vouches for"
)]
mod x86 {
    use std::arch::x86_64::*;

    use super::Simd;

    macro_rules! simd_of {
        ($vector:ty, $half:ty, $lanes:expr, $set1:ident, $loadu:ident, $storeu:ident, $add:ident, $sub:ident,
         $mul:ident, $div:ident, $max:ident, $min:ident, $fmadd:ident, $two:expr, $four:expr, $pairs:expr, $pair:expr, $round:expr, $exp2:expr, $sum:expr) => {
            // SAFETY: every function is one instruction of the set the caller vouches for.
            unsafe impl Simd for $vector {
                const LANES: usize = $lanes;
                type Half = $half;
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
                unsafe fn round(self) -> Self {
                    unsafe { $round(self) }
                }
                #[inline(always)]
                unsafe fn times_exp2(self, n: Self) -> Self {
                    unsafe { $exp2(self, n) }
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
        _mm512_set1_ps,
        _mm512_loadu_ps,
        _mm512_storeu_ps,
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
        |x| _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT }>(x),
        |x, n| _mm512_scalef_ps(x, n),
        |v| _mm512_reduce_add_ps(v)
    );

    simd_of!(
        __m256,
        __m256,
        8,
        _mm256_set1_ps,
        _mm256_loadu_ps,
        _mm256_storeu_ps,
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
        |x| _mm256_round_ps::<{ _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC }>(x),
        |x, n| {
            let n = _mm256_max_ps(n, _mm256_set1_ps(-126.0));
            let bits = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
            _mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(bits)))
        },
        |v| {
            let halves = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
            let pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
            _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps::<1>(pairs, pairs)))
        }
    );
}

/// Compiles a kernel for each instruction set and calls the one for [`Level::current`].
///
/// `kernel!(fn name(args) = body)` makes a safe-looking call of `body::<V>(args)`; `body` must be
/// `#[inline(always)]` so that it is compiled with the caller's instruction set.
macro_rules! kernel {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) $(-> $out:ty)? = $body:ident) => {
        $(#[$doc])*
        pub(super) unsafe fn $name($($arg: $type),*) $(-> $out)? {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f")]
                unsafe fn avx512($($arg: $type),*) $(-> $out)? {
                    // SAFETY: the caller's promise, and the instruction set is there.
                    unsafe { $body::<std::arch::x86_64::__m512>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                unsafe fn avx2($($arg: $type),*) $(-> $out)? {
                    // SAFETY: as above.
                    unsafe { $body::<std::arch::x86_64::__m256>($($arg),*) }
                }
                match crate::simd::Level::current() {
                    // SAFETY: `Level` never names a set that the processor lacks.
                    crate::simd::Level::Avx512 => return unsafe { avx512($($arg),*) },
                    // SAFETY: as above.
                    crate::simd::Level::Avx2 => return unsafe { avx2($($arg),*) },
                    crate::simd::Level::Portable => {}
                }
            }
            // SAFETY: the caller's promise; plain Rust runs everywhere.
            unsafe { $body::<crate::simd::Lanes8>($($arg),*) }
        }
    };
}
pub(super) use kernel;

/// As [`kernel`], of a body that multiplies pairs of bf16. Processors with AVX-512 that lack its
/// instruction for pairs take narrower vectors.
macro_rules! pairs_kernel {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$doc])*
        pub(super) unsafe fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512bf16")]
                unsafe fn avx512($($arg: $type),*) {
                    // SAFETY: the caller's promise, and the instruction set is there.
                    unsafe { $body::<std::arch::x86_64::__m512>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                unsafe fn avx2($($arg: $type),*) {
                    // SAFETY: as above.
                    unsafe { $body::<std::arch::x86_64::__m256>($($arg),*) }
                }
                use crate::simd::Level;
                match Level::current() {
                    Level::Avx512 if crate::precision::Precision::bf16_is_fast() => {
                        // SAFETY: the processor was asked.
                        return unsafe { avx512($($arg),*) };
                    }
                    // SAFETY: AVX-512 has all of AVX2, and `Level` never names what the processor
                    // lacks.
                    Level::Avx512 | Level::Avx2 => return unsafe { avx2($($arg),*) },
                    Level::Portable => {}
                }
            }
            // SAFETY: the caller's promise; plain Rust runs everywhere.
            unsafe { $body::<crate::simd::Lanes8>($($arg),*) }
        }
    };
}
pub(super) use pairs_kernel;
