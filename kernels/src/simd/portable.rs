//! Vectors that every processor has.

use super::{AROUND_ZERO, LEAST_POWER, Powers, ROUNDING, Simd};
use crate::pairs::{nearest, pair};

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
    const POWERS: Powers = AROUND_ZERO;

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
    unsafe fn load_first(from: *const f32, count: usize) -> Self {
        // SAFETY: the caller vouches for so many numbers.
        Self(std::array::from_fn(|i| if i < count { unsafe { *from.add(i) } } else { 0.0 }))
    }
    #[inline(always)]
    unsafe fn store_first(self, to: *mut f32, count: usize) {
        // SAFETY: as in `load_first`.
        unsafe { to.copy_from_nonoverlapping(self.0.as_ptr(), count) }
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
    unsafe fn pair_nearest(self, second: Self) -> Self {
        lanewise!(self, second, pair)
    }
    #[inline(always)]
    unsafe fn pair_whole(self, second: Self, scale: Self) -> Self {
        // The last bits of what is rounded to a whole number.
        let whole = |x: f32, scale: f32| (x * scale + ROUNDING).to_bits();
        let both = lanewise!(self, scale, |x, scale| f32::from_bits(whole(x, scale) & 0xffff));
        let upper = lanewise!(second, scale, |x, scale| f32::from_bits(whole(x, scale) << 16));
        lanewise!(both, upper, |a: f32, b: f32| f32::from_bits(a.to_bits() | b.to_bits()))
    }
    #[inline(always)]
    unsafe fn mul_add_whole(self, b: Self, c: Self) -> Self {
        let first = |pair: f32| i32::from(pair.to_bits() as i16);
        let second = |pair: f32| pair.to_bits() as i32 >> 16;
        let dot = |a, b| first(a) * first(b) + second(a) * second(b);
        let dots = lanewise!(self, b, |a, b| f32::from_bits(dot(a, b) as u32));
        lanewise!(dots, c, |a: f32, b: f32| f32::from_bits(a.to_bits().wrapping_add(b.to_bits())))
    }
    #[inline(always)]
    unsafe fn whole(self) -> Self {
        Self(self.0.map(|whole| whole.to_bits() as i32 as f32))
    }
    #[inline(always)]
    unsafe fn store_nearest(self, to: *mut u16) {
        // SAFETY: the caller vouches for eight numbers; an unaligned write needs no more.
        unsafe { to.cast::<[u16; 8]>().write_unaligned(self.0.map(nearest)) }
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
