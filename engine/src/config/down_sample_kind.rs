//! How a level of the network halves width and height.

use serde::{Deserialize, Serialize};

/// What makes a picture half as wide and high, and what makes it large again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DownSampleKind {
    /// A 4x4 convolution with stride 2, and a transposed one: the reference's.
    #[default]
    Conv,
    /// The mean of each square of 2x2 pixels, as in Ho et al. 2020 (arXiv 2006.11239) without
    /// `resamp_with_conv`; each pixel as such a square with a 3x3 convolution behind it, which
    /// leaves no checkerboard (Odena et al. 2016, doi 10.23915/distill.00003).
    Pool,
}

impl DownSampleKind {
    pub const NAMES: &[&str] = &["conv", "pool"];
}
