//! Vectors of 32 numbers in half precision.

use half::f16;

/// 32 numbers of f16 and what kernels do with them.
///
/// # Safety
/// The instruction set behind an implementation must be there when its functions run, and pointers
/// must be good for as many numbers as each function says.
#[expect(clippy::missing_safety_doc, reason = "the trait's own section speaks for its functions")]
pub unsafe trait Halves: Copy {
    unsafe fn splat(value: f16) -> Self;
    unsafe fn load(from: *const f16) -> Self;
    unsafe fn store(self, to: *mut f16);
    /// `COUNT` numbers, again and again: 1, 2, 4 or 8.
    unsafe fn repeat<const COUNT: usize>(from: *const f16) -> Self;
    unsafe fn sub(self, other: Self) -> Self;
    unsafe fn mul(self, other: Self) -> Self;
    unsafe fn max(self, other: Self) -> Self;
    /// self x b + c, rounded once.
    unsafe fn mul_add(self, b: Self, c: Self) -> Self;
    /// What is left of self beyond the next lower whole number.
    unsafe fn fraction(self) -> Self;
    /// self x 2 to the power of `power` without its fraction.
    unsafe fn times_exp2(self, power: Self) -> Self;
    /// The nearest to 32 numbers of f32.
    unsafe fn narrow(from: *const f32) -> Self;
    /// Added to 32 numbers of f32.
    unsafe fn add_to(self, sums: *mut f32);

    /// 2 to the power of self, which is at most 15 and not infinite: a polynomial as exact as f16 is.
    #[inline(always)]
    unsafe fn exp2(self) -> Self {
        // SAFETY: the caller's promise holds for every call below.
        unsafe {
            let rest = self.fraction();
            let mut p = Self::splat(EXP2[0]);
            for c in &EXP2[1..] {
                p = p.mul_add(rest, Self::splat(*c));
            }
            p.times_exp2(self)
        }
    }
}

/// Lanes of such a vector.
pub(crate) const HALVES: usize = 32;

/// Of 2 to the power of numbers from 0 to 1, the highest power first; fitted to the least relative error, 8e-5
/// before rounding.
const EXP2: [f16; 4] = [
    f16::from_f32_const(7.802_454e-2),
    f16::from_f32_const(2.260_671_8e-1),
    f16::from_f32_const(6.958_335e-1),
    f16::ONE,
];

/// Plain Rust in the place of instructions.
#[derive(Clone, Copy)]
pub struct Emulated32([f16; HALVES]);

impl Emulated32 {
    fn of(number: impl Fn(usize) -> f64) -> Self {
        Self(std::array::from_fn(|lane| f16::from_f64(number(lane))))
    }

    fn number(&self, lane: usize) -> f64 {
        self.0[lane].to_f64()
    }
}

// SAFETY: plain Rust runs everywhere.
unsafe impl Halves for Emulated32 {
    unsafe fn splat(value: f16) -> Self {
        Self([value; HALVES])
    }
    unsafe fn load(from: *const f16) -> Self {
        // SAFETY: the caller vouches for 32 numbers.
        Self(unsafe { from.cast::<[f16; HALVES]>().read() })
    }
    unsafe fn store(self, to: *mut f16) {
        // SAFETY: as in `load`.
        unsafe { to.cast::<[f16; HALVES]>().write(self.0) }
    }
    unsafe fn repeat<const COUNT: usize>(from: *const f16) -> Self {
        // SAFETY: the caller vouches for so many numbers.
        Self(std::array::from_fn(|lane| unsafe { *from.add(lane % COUNT) }))
    }
    unsafe fn sub(self, other: Self) -> Self {
        Self::of(|lane| self.number(lane) - other.number(lane))
    }
    unsafe fn mul(self, other: Self) -> Self {
        Self::of(|lane| self.number(lane) * other.number(lane))
    }
    unsafe fn max(self, other: Self) -> Self {
        Self::of(|lane| self.number(lane).max(other.number(lane)))
    }
    unsafe fn mul_add(self, b: Self, c: Self) -> Self {
        Self::of(|lane| self.number(lane) * b.number(lane) + c.number(lane))
    }
    unsafe fn fraction(self) -> Self {
        Self::of(|lane| self.number(lane) - self.number(lane).floor())
    }
    unsafe fn times_exp2(self, power: Self) -> Self {
        Self::of(|lane| self.number(lane) * power.number(lane).floor().exp2())
    }
    unsafe fn narrow(from: *const f32) -> Self {
        // SAFETY: the caller vouches for 32 numbers.
        Self(std::array::from_fn(|lane| f16::from_f32(unsafe { *from.add(lane) })))
    }
    unsafe fn add_to(self, sums: *mut f32) {
        for (lane, number) in self.0.iter().enumerate() {
            // SAFETY: the caller vouches for 32 numbers.
            unsafe { *sums.add(lane) += number.to_f32() }
        }
    }
}

/// As [`kernel`](super::kernel), of a body over [`Halves`].
macro_rules! half_kernel {
    ($(#[$doc:meta])* fn $name:ident($($arg:ident: $type:ty),* $(,)?) = $body:ident) => {
        $(#[$doc])*
        pub(super) unsafe fn $name($($arg: $type),*) {
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512fp16")]
                unsafe fn avx512($($arg: $type),*) {
                    // SAFETY: the caller's promise, and the instruction set is there.
                    unsafe { $body::<std::arch::x86_64::__m512h>($($arg),*) }
                }
                use crate::half_precision::HalfPrecision;
                if HalfPrecision::current() == HalfPrecision::Avx512Fp16 {
                    // SAFETY: the processor was asked.
                    return unsafe { avx512($($arg),*) };
                }
            }
            // SAFETY: the caller's promise; plain Rust runs everywhere.
            unsafe { $body::<crate::simd::Emulated32>($($arg),*) }
        }
    };
}
pub(crate) use half_kernel;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::half_precision::HalfPrecision;

    half_kernel! { fn powers(numbers: &mut [f16]) = powers_of }

    #[inline(always)]
    unsafe fn powers_of<V: Halves>(numbers: &mut [f16]) {
        for numbers in numbers.chunks_exact_mut(HALVES) {
            // SAFETY: a vector of numbers each time.
            unsafe { V::load(numbers.as_ptr()).exp2().store(numbers.as_mut_ptr()) }
        }
    }

    #[test]
    fn powers_of_two_are_as_exact_as_half_precision_and_no_number_stays_none() {
        let all = (0..=u16::MAX).map(f16::from_bits);
        let exponents: Vec<f16> = all.filter(|x| x.is_finite() && x.to_f32() <= 15.0).collect();
        for way in [HalfPrecision::Emulated, HalfPrecision::detected()] {
            way.force();
            let mut powers_of_two = exponents.clone();
            // SAFETY: reads and writes within the slice only.
            unsafe { powers(&mut powers_of_two) };
            let whole = exponents.len() / HALVES * HALVES;
            for (x, power) in exponents.iter().zip(&powers_of_two).take(whole) {
                let wanted = x.to_f64().exp2();
                let error = (power.to_f64() - wanted).abs();
                // A bit of the last place, of subnormal numbers half of the least one.
                assert!(error < wanted * 1e-3 + 3.1e-8, "{way:?}: 2^{x} is not {power}");
            }
            let mut odd = [f16::NAN; HALVES];
            // SAFETY: as above.
            unsafe { powers(&mut odd) };
            assert!(odd.iter().all(|power| power.is_nan()), "{way:?}");
        }
        HalfPrecision::detected().force();
    }
}
