//! How exactly convolutions and attention multiply.

use std::sync::atomic::{AtomicBool, Ordering};

/// The numbers that convolutions and attention multiply. Their sums are f32 in any case, and so are
/// exponentials, weights, optimizer and norms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    #[default]
    F32,
    /// Numbers of 16 bits, two products to an instruction: bf16 where the processor is fast at it and eight
    /// bits of mantissa are near enough, else whole numbers with a common scale. f32 where neither is quicker.
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
}
