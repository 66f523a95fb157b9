//! Half the width and height on the left side of the U, twice both on the right.

use candle_core::Tensor;

use super::border::Border;
use super::layers::{Conv2d, ConvTranspose2d};
use super::params::Params;
use crate::Result;
use crate::config::DownSampleKind;
use crate::kernels::{self, ConvShape};

/// Halves width and height, which are even.
#[derive(Clone, Debug)]
pub(super) enum Shrink {
    Conv(Conv2d),
    Pool,
}

impl Shrink {
    pub fn new(params: &mut Params, kind: DownSampleKind, channels: usize) -> Result<Self> {
        let halve = ConvShape { stride: 2, padding: 1 };
        Ok(match kind {
            DownSampleKind::Conv => Self::Conv(Conv2d::new(params, channels, channels, 4, halve)?),
            DownSampleKind::Pool => Self::Pool,
        })
    }

    /// (batch, channels, height, width) to (batch, channels, height / 2, width / 2).
    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        match self {
            Self::Conv(conv) => conv.forward(x, border),
            // Whole squares: none reaches beyond an edge.
            Self::Pool => Ok(kernels::halve(x)?),
        }
    }
}

/// Doubles width and height.
#[derive(Clone, Debug)]
pub(super) enum Grow {
    Conv(ConvTranspose2d),
    /// Behind the doubled pixels.
    Pool(Conv2d),
}

impl Grow {
    pub fn new(params: &mut Params, kind: DownSampleKind, channels: usize) -> Result<Self> {
        Ok(match kind {
            DownSampleKind::Conv => Self::Conv(ConvTranspose2d::new(params, channels)?),
            DownSampleKind::Pool => Self::Pool(Conv2d::three(params, channels, channels)?),
        })
    }

    /// (batch, channels, height, width) to (batch, channels, 2 height, 2 width).
    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        match self {
            Self::Conv(conv) => conv.forward(x, border),
            Self::Pool(conv) => conv.forward(&kernels::double(x)?, border),
        }
    }
}
