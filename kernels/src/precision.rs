//! How exactly convolutions and attention multiply.

use std::sync::atomic::{AtomicBool, Ordering};

/// The numbers that convolutions and attention multiply. Their sums are f32 in any case, and so are
/// exponentials, weights, optimizer and norms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    F32,
    /// Eight bits of mantissa, two products to an instruction; where that would not be near enough, whole
    /// numbers of 16 bits with a common scale, or f32.
    Bf16,
}

static BF16: AtomicBool = AtomicBool::new(false);

impl Precision {
    /// What [`Precision::choose`] said last; f32 at first.
    pub fn current() -> Self {
        if BF16.load(Ordering::Relaxed) { Self::Bf16 } else { Self::F32 }
    }

    /// Makes all convolutions and attention of this program multiply so, whatever the processor.
    pub fn choose(self) {
        BF16.store(self == Self::Bf16, Ordering::Relaxed);
    }

    /// Whether this processor multiplies bf16 itself; on others it is slower than f32.
    pub fn bf16_is_fast() -> bool {
        #[cfg(target_arch = "x86_64")]
        return is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bf16")
            && is_x86_feature_detected!("avx512vnni");
        #[cfg(not(target_arch = "x86_64"))]
        false
    }
}
