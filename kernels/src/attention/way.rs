//! What scores and weighted sums are made of.

use crate::arithmetic::{Arithmetic, Bf16, F32, Whole};

/// How a tile is multiplied.
pub(super) trait Way {
    /// Sums over channels.
    type Scores: Arithmetic;
    /// Sums over tokens.
    type Sums: Arithmetic;
}

pub(super) struct InF32;

impl Way for InF32 {
    type Scores = F32;
    type Sums = F32;
}

pub(super) struct InBf16;

impl Way for InBf16 {
    type Scores = Bf16;
    type Sums = Bf16;
}

/// Scores are sums of whole numbers. Weights have too wide a range for that.
pub(super) struct InWhole;

impl Way for InWhole {
    type Scores = Whole;
    type Sums = F32;
}
