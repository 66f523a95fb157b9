//! Which instruction set kernels run on.

use std::sync::atomic::{AtomicU8, Ordering};

use super::arithmetic::{Numbers, Pairs, is_wide};

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
    pub(super) const ALL: [Level; 3] = [Level::Portable, Level::Avx2, Level::Avx512];

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

    /// Numbers in a vector of this level that multiplies such.
    pub(super) fn lanes(self, numbers: Numbers) -> usize {
        let has_wide = match numbers {
            Numbers::F32 => true,
            Numbers::Bf16 => is_wide(Pairs::Bf16),
            Numbers::Whole => is_wide(Pairs::Whole),
        };
        if self == Level::Avx512 && has_wide { 16 } else { 8 }
    }

    /// The best this processor has.
    pub fn detected() -> Self {
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq") {
                return Level::Avx512;
            }
            if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                return Level::Avx2;
            }
        }
        Level::Portable
    }
}
