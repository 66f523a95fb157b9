//! Who calculates in half precision (IEEE 754 binary16): vectors of twice as many lanes as f32 has.
//!
//! Eleven bits of a number and five of its exponent are enough where the range of numbers is known
//! beforehand, and where sums are short or go on in f32.

use std::sync::atomic::{AtomicU8, Ordering};

use super::precision::Precision;
use super::simd::Level;

/// Who calculates in half precision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HalfPrecision {
    /// Nobody: what could be done in it is done in something else.
    Absent,
    Avx512Fp16,
    /// Plain Rust in the place of instructions, for tests.
    Emulated,
}

/// 0 until looked up, then the place among all of them plus one.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

impl HalfPrecision {
    const ALL: [Self; 3] = [Self::Absent, Self::Avx512Fp16, Self::Emulated];

    /// What this processor has, or what [`HalfPrecision::force`] said.
    pub fn current() -> Self {
        match CHOSEN.load(Ordering::Relaxed) {
            0 => {
                let detected = Self::detected();
                detected.force();
                detected
            }
            stored => Self::ALL[stored as usize - 1],
        }
    }

    /// Makes all kernels use `self`, or what there is if the processor lacks it.
    pub fn force(self) {
        let chosen = if self == Self::Avx512Fp16 { Self::detected() } else { self };
        CHOSEN.store(chosen as u8 + 1, Ordering::Relaxed);
    }

    /// What this processor has.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_x86_feature_detected!("avx512fp16") {
            return Self::Avx512Fp16;
        }
        Self::Absent
    }
}

/// Whether what may be rounded to 16 bits is calculated in half precision. Lower levels than the
/// processor's are there to see how others fare, which have none.
pub(super) fn is_on() -> bool {
    Precision::current() == Precision::Bf16
        && match HalfPrecision::current() {
            HalfPrecision::Absent => false,
            HalfPrecision::Avx512Fp16 => Level::current() == Level::Avx512,
            HalfPrecision::Emulated => true,
        }
}
