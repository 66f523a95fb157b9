//! Vectors of f32 as wide as the processor has them.
//!
//! Kernels are written once over [`Simd`] and compiled for each instruction set; [`Level::detected`]
//! chooses at run time. The portable set needs nothing beyond what the target always has.

#[cfg(target_arch = "x86_64")]
mod fp16;
mod halves;
mod portable;
#[cfg(target_arch = "x86_64")]
mod vnni;
#[cfg(target_arch = "x86_64")]
mod x86;

pub use super::level::Level;
pub use halves::{Emulated32, Halves};
pub(crate) use halves::{HALVES, half_kernel};
pub use portable::Lanes8;
#[cfg(target_arch = "x86_64")]
pub use vnni::Vnni8;

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
    /// Of 2 to the power of what [`Simd::whole_and_rest`] leaves.
    const POWERS: Powers;
    unsafe fn splat(value: f32) -> Self;
    unsafe fn load(from: *const f32) -> Self;
    unsafe fn store(self, to: *mut f32);
    /// The first `count` numbers, zeros behind them; others are not touched. At most [`Simd::LANES`].
    unsafe fn load_first(from: *const f32, count: usize) -> Self;
    unsafe fn store_first(self, to: *mut f32, count: usize);
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
    /// The same, each rounded to the nearest, ties to even.
    unsafe fn pair_nearest(self, second: Self) -> Self;
    /// The whole numbers nearest to self x `scale` and second x `scale` as pairs of 16 bits, self's
    /// first; they must not be further than 32767 from zero.
    unsafe fn pair_whole(self, second: Self, scale: Self) -> Self;
    /// c plus both products of the pairs of whole numbers in self and b. What c holds, and the result, are
    /// whole numbers of 32 bits.
    unsafe fn mul_add_whole(self, b: Self, c: Self) -> Self;
    /// The whole numbers of 32 bits that self holds.
    unsafe fn whole(self) -> Self;
    /// As bf16, the upper halves of f32, each the nearest, ties to even.
    unsafe fn store_nearest(self, to: *mut u16);
    /// A whole number, in a form that [`Simd::times_exp2`] takes, and what is left, in the range of
    /// [`Simd::POWERS`]. Of numbers that are at most 126; those below -126 may count as -126.
    unsafe fn whole_and_rest(self) -> [Self; 2];
    /// self, which is about 1, x 2 to the power of `whole`.
    unsafe fn times_exp2(self, whole: Self) -> Self;
    /// The sum of all lanes, always in the same order.
    unsafe fn sum(self) -> f32;

    /// 2 to the power of self, which is at most 126: a polynomial fitted to the least relative error,
    /// 3e-6, or 8e-5 if it is `rough`. Below -126 it goes to zero or stays at the least normal number.
    #[inline(always)]
    unsafe fn exp2(self, rough: bool) -> Self {
        // SAFETY: the caller's promise holds for every call below.
        unsafe {
            let [whole, rest] = self.whole_and_rest();
            let (rough_powers, powers) = (&Self::POWERS.rough, &Self::POWERS.fine);
            let mut p = Self::splat(if rough { rough_powers[0] } else { powers[0] });
            for c in if rough { &rough_powers[1..] } else { &powers[1..] } {
                p = p.mul_add(rest, Self::splat(*c));
            }
            p.times_exp2(whole)
        }
    }
}

/// Polynomials for 2 to the power of a number, the highest power first.
pub struct Powers {
    fine: [f32; 5],
    rough: [f32; 4],
}

/// Of numbers between -1/2 and 1/2.
const AROUND_ZERO: Powers = Powers {
    fine: [9.570_1e-3, 5.591_786e-2, 2.402_474_5e-1, 6.931_218e-1, 0.999_999_3],
    rough: [5.517_167e-2, 2.426_111_2e-1, 6.932_61e-1, 0.999_928_07],
};
/// Of numbers from 0 to 1: the same polynomials moved by 1/2, times the square root of two.
#[cfg(target_arch = "x86_64")]
const FROM_ZERO: Powers = Powers {
    fine: [1.353_416_5e-2, 5.201_146_6e-2, 2.414_427_6e-1, 6.930_038_1e-1, 1.000_002_7],
    rough: [7.802_452e-2, 2.260_671_5e-1, 6.958_336e-1, 0.999_925_2],
};

/// 1.5 x 2^23: a number added to it is rounded to a whole one, which its last bits then hold.
pub(super) const ROUNDING: f32 = 12_582_912.0;
/// The least power of two that a normal number has.
const LEAST_POWER: f32 = -126.0;

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
                #[target_feature(enable = "avx512f,avx512dq")]
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
    ($($kernel:tt)*) => {
        crate::simd::kernel_of_pairs! {
            "avx512f,avx512dq,avx512bf16,avx512vnni", Bf16, "avx2,fma", std::arch::x86_64::__m256, $($kernel)*
        }
    };
}
pub(super) use pairs_kernel;

/// The same, of a body that multiplies pairs of whole numbers.
macro_rules! whole_kernel {
    ($($kernel:tt)*) => {
        crate::simd::kernel_of_pairs! {
            "avx512f,avx512dq,avx512vnni", Whole, "avx2,fma,avxvnni", crate::simd::Vnni8, $($kernel)*
        }
    };
}
pub(super) use whole_kernel;

macro_rules! kernel_of_pairs {
    (
        $features:literal, $pairs:ident, $narrow_features:literal, $narrow:ty,
        $(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:ident
    ) => {
        $(#[$doc])*
        pub(super) unsafe fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = $features)]
                unsafe fn avx512($($arg: $type),*) {
                    // SAFETY: the caller's promise, and the instruction set is there.
                    unsafe { $body::<std::arch::x86_64::__m512>($($arg),*) }
                }
                #[target_feature(enable = $narrow_features)]
                unsafe fn narrow($($arg: $type),*) {
                    // SAFETY: as above.
                    unsafe { $body::<$narrow>($($arg),*) }
                }
                #[target_feature(enable = "avx2,fma")]
                unsafe fn avx2($($arg: $type),*) {
                    // SAFETY: as above.
                    unsafe { $body::<std::arch::x86_64::__m256>($($arg),*) }
                }
                use crate::arithmetic::{Pairs, is_narrow, is_wide};
                use crate::simd::Level;
                match Level::current() {
                    Level::Avx512 if is_wide(Pairs::$pairs) => {
                        // SAFETY: the processor was asked.
                        return unsafe { avx512($($arg),*) };
                    }
                    Level::Avx512 | Level::Avx2 if is_narrow(Pairs::$pairs) => {
                        // SAFETY: the processor was asked; AVX-512 has all of AVX2.
                        return unsafe { narrow($($arg),*) };
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
pub(super) use kernel_of_pairs;

#[cfg(test)]
mod tests {
    use super::*;

    kernel! { fn powers(numbers: &mut [f32]) = powers_of }

    #[inline(always)]
    unsafe fn powers_of<V: Simd>(numbers: &mut [f32]) {
        for numbers in numbers.chunks_exact_mut(V::LANES) {
            // SAFETY: a vector of numbers each time.
            unsafe { V::load(numbers.as_ptr()).exp2(false).store(numbers.as_mut_ptr()) }
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
