//! What vectors multiply: f32, or two numbers of 16 bits in the place of one.

use std::sync::atomic::{AtomicU8, Ordering};

use super::matrix;
use super::precision::Precision;
use super::simd::{Level, Simd};

/// What is multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Numbers {
    F32,
    /// Pairs of bf16.
    Bf16,
    /// Pairs of whole numbers of 16 bits, which have a scale in common with others.
    Whole,
}

impl Numbers {
    /// What the precision that is chosen stands for on this processor.
    pub fn current() -> Self {
        match (Precision::current(), Pairs::current()) {
            (Precision::F32, _) => Self::F32,
            _ if matrix::is_on() => Self::Bf16,
            (_, Pairs::Absent) => Self::F32,
            (_, Pairs::Bf16) => Self::Bf16,
            (_, Pairs::Whole) => Self::Whole,
        }
    }

    /// The same for sums over so many channels, two of which become one. An odd number stays f32: only an
    /// image's own channels are ever odd, and they are few.
    pub fn of_channels(channels: usize) -> Self {
        if channels.is_multiple_of(2) { Self::current() } else { Self::F32 }
    }

    /// Two numbers are one.
    pub fn are_pairs(self) -> bool {
        self != Self::F32
    }
}

/// What two numbers in the place of one are, where vectors multiply them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pairs {
    /// There are none: f32 is quicker.
    Absent,
    /// Numbers of bf16, each with an exponent of its own.
    Bf16,
    /// Whole numbers with a common scale: block floating point.
    Whole,
}

/// 0 until looked up, then the place among all of them plus one.
static PAIRS: AtomicU8 = AtomicU8::new(0);

impl Pairs {
    const ALL: [Self; 3] = [Self::Absent, Self::Bf16, Self::Whole];

    /// What is quickest on this processor, or what [`Pairs::force`] said.
    pub fn current() -> Self {
        match PAIRS.load(Ordering::Relaxed) {
            0 => {
                let pairs = Self::detected();
                pairs.force();
                pairs
            }
            stored => Self::ALL[stored as usize - 1],
        }
    }

    /// Makes all kernels multiply these, however slow that is.
    pub fn force(self) {
        PAIRS.store(self as u8 + 1, Ordering::Relaxed);
    }

    /// What is quickest on this processor.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        if is_wide(Self::Bf16) && !is_by_intel() {
            return Self::Bf16;
        }
        // AVX2 multiplies pairs of whole numbers too.
        if Level::detected() == Level::Portable { Self::Absent } else { Self::Whole }
    }
}

/// Whether this processor multiplies such pairs in its widest vectors.
pub(super) fn is_wide(pairs: Pairs) -> bool {
    #[cfg(target_arch = "x86_64")]
    return match pairs {
        Pairs::Absent => false,
        Pairs::Bf16 => {
            is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512vnni")
        }
        Pairs::Whole => is_x86_feature_detected!("avx512vnni"),
    };
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = pairs;
        false
    }
}

/// Whether it does in vectors of eight.
#[cfg(target_arch = "x86_64")]
pub(super) fn is_narrow(pairs: Pairs) -> bool {
    pairs == Pairs::Whole && is_x86_feature_detected!("avxvnni")
}

/// Intel's processors have a unit for tiles of bf16; their vectors take a sixth of the speed of whole numbers
/// for it, less than half of that of f32.
#[cfg(target_arch = "x86_64")]
fn is_by_intel() -> bool {
    let id = std::arch::x86_64::__cpuid(0);
    [id.ebx, id.edx, id.ecx].map(u32::to_le_bytes).as_flattened() == b"GenuineIntel"
}

/// How numbers are multiplied.
pub(super) trait Arithmetic {
    /// Two numbers are one.
    const PAIRS: bool = true;
    /// Sums are whole numbers.
    const WHOLE: bool = false;

    /// The sum, and a x b.
    unsafe fn add<V: Simd>(sum: V, a: V, b: V) -> V;
}

pub(super) struct F32;

impl Arithmetic for F32 {
    const PAIRS: bool = false;

    #[inline(always)]
    unsafe fn add<V: Simd>(sum: V, a: V, b: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { a.mul_add(b, sum) }
    }
}

pub(super) struct Bf16;

impl Arithmetic for Bf16 {
    #[inline(always)]
    unsafe fn add<V: Simd>(sum: V, a: V, b: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { a.mul_add_pairs(b, sum) }
    }
}

pub(super) struct Whole;

impl Arithmetic for Whole {
    const WHOLE: bool = true;

    #[inline(always)]
    unsafe fn add<V: Simd>(sum: V, a: V, b: V) -> V {
        // SAFETY: the caller's promise.
        unsafe { a.mul_add_whole(b, sum) }
    }
}
