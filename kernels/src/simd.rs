//! Vectors of f32 as wide as the processor has them.
//!
//! Kernels are written once over [`Simd`] and compiled for each instruction set; [`Level::detected`]
//! chooses at run time. The portable set needs nothing beyond what the target always has.

pub use super::level::Level;

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
    /// The nearest whole number, in a form that [`Simd::times_exp2`] takes, and what is left, at most
    /// 1/2 from zero. Of numbers that are at most 126; those below -126 may count as -126.
    unsafe fn whole_and_rest(self) -> [Self; 2];
    /// self, which is about 1, x 2 to the power of `whole`.
    unsafe fn times_exp2(self, whole: Self) -> Self;
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
            let [whole, rest] = self.whole_and_rest();
            let mut p = Self::splat(if ROUGH { ROUGH_EXP2[0] } else { EXP2[0] });
            for c in if ROUGH { &ROUGH_EXP2[1..] } else { &EXP2[1..] } {
                p = p.mul_add(rest, Self::splat(*c));
            }
            p.times_exp2(whole)
        }
    }
}

/// Of 2 to the power of numbers between -1/2 and 1/2, the highest power first.
const EXP2: [f32; 5] = [9.570_1e-3, 5.591_786e-2, 2.402_474_5e-1, 6.931_218e-1, 0.999_999_3];
const ROUGH_EXP2: [f32; 4] = [5.517_167e-2, 2.426_111_2e-1, 6.932_61e-1, 0.999_928_07];

/// 1.5 x 2^23: a number added to it is rounded to a whole one, which its last bits then hold.
const ROUNDING: f32 = 12_582_912.0;
/// The least power of two that a normal number has.
const LEAST_POWER: f32 = -126.0;

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
    unsafe fn whole_and_rest(self) -> [Self; 2] {
        // What is no number stays none.
        let x = self.0.map(|x| if x < LEAST_POWER { LEAST_POWER } else { x });
        let whole = x.map(|x| x + ROUNDING);
        [Self(whole), lanewise!(Self(x), Self(whole), |x: f32, n: f32| x - (n - ROUNDING))]
    }
    #[inline(always)]
    unsafe fn times_exp2(self, whole: Self) -> Self {
        // The last bits of the one are added to the exponent of the other.
        lanewise!(self, whole, |x: f32, n: f32| {
            f32::from_bits(x.to_bits().wrapping_add(n.to_bits() << 23))
        })
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

    use super::{LEAST_POWER, ROUNDING, Simd};

    macro_rules! simd_of {
        ($vector:ty, $half:ty, $lanes:expr, $set1:ident, $loadu:ident, $storeu:ident, $add:ident, $sub:ident,
         $mul:ident, $div:ident, $max:ident, $min:ident, $fmadd:ident, $two:expr, $four:expr, $pairs:expr, $pair:expr, $whole:expr, $exp2:expr, $sum:expr) => {
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
        |x| {
            let whole = _mm512_roundscale_ps::<{ _MM_FROUND_TO_NEAREST_INT }>(x);
            [whole, _mm512_sub_ps(x, whole)]
        },
        |x, whole| _mm512_scalef_ps(x, whole),
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

#[cfg(test)]
mod tests {
    use super::*;

    kernel! { fn powers(numbers: &mut [f32]) = powers_of }

    #[inline(always)]
    unsafe fn powers_of<V: Simd>(numbers: &mut [f32]) {
        for numbers in numbers.chunks_exact_mut(V::LANES) {
            // SAFETY: a vector of numbers each time.
            unsafe { V::load(numbers.as_ptr()).exp2::<false>().store(numbers.as_mut_ptr()) }
        }
    }

    #[test]
    fn powers_of_two_are_exact_to_their_last_bits_and_no_number_stays_none() {
        let exponents: Vec<f32> = (-8000..8000).map(|i| i as f32 / 64.0).collect();
        for level in Level::ALL {
            Level::force(level);
            let mut powers_of_two = exponents.clone();
            // SAFETY: reads and writes within the slice only.
            unsafe { powers(&mut powers_of_two) };
            for (x, power) in exponents.iter().zip(powers_of_two) {
                assert!((power / x.exp2() - 1.0).abs() < 4e-6, "{level:?}: 2^{x} is not {power}");
            }
            let mut odd = [f32::NAN; 16];
            odd[0] = f32::NEG_INFINITY;
            odd[1] = -1e30;
            // SAFETY: as above.
            unsafe { powers(&mut odd) };
            assert!(odd[..2].iter().all(|power| (0.0..1.2e-38).contains(power)), "{level:?}");
            assert!(odd[2..].iter().all(|power| power.is_nan()), "{level:?}");
        }
        Level::force(Level::detected());
    }
}
