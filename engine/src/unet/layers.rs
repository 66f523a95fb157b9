//! The small layers all blocks are made of.

use candle_core::Tensor;

use super::border::{Border, wrapped};
use super::params::{Init, Params};
use crate::Result;
use crate::kernels::{self, ConvShape};

/// 2-D convolution with bias.
#[derive(Clone, Debug)]
pub struct Conv2d {
    weight: Tensor, // (out, in, kernel, kernel)
    bias: Tensor,   // (out)
    shape: ConvShape,
}

impl Conv2d {
    pub fn new(
        params: &mut Params,
        inputs: usize,
        outputs: usize,
        kernel: usize,
        shape: ConvShape,
    ) -> Result<Self> {
        let init = Init::for_fan_in(inputs * kernel * kernel);
        let weight = params.get("weight", (outputs, inputs, kernel, kernel), init)?;
        let bias = params.get("bias", outputs, init)?;
        Ok(Self { weight, bias, shape })
    }

    /// 3x3, keeping the size.
    pub fn three(params: &mut Params, inputs: usize, outputs: usize) -> Result<Self> {
        Self::new(params, inputs, outputs, 3, ConvShape { stride: 1, padding: 1 })
    }

    /// 1x1.
    pub fn one(params: &mut Params, inputs: usize, outputs: usize) -> Result<Self> {
        Self::new(params, inputs, outputs, 1, ConvShape { stride: 1, padding: 0 })
    }

    /// (batch, in, height, width) to (batch, out, height', width').
    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        self.with_bias(x, &self.bias, border)
    }

    /// As [`Self::forward`], with `shift` (batch, out) added to every pixel of its channel.
    pub fn forward_shifted(&self, x: &Tensor, shift: &Tensor, border: Border) -> Result<Tensor> {
        self.with_bias(x, &shift.broadcast_add(&self.bias)?, border)
    }

    fn with_bias(&self, x: &Tensor, bias: &Tensor, border: Border) -> Result<Tensor> {
        let ConvShape { stride, padding } = self.shape;
        Ok(match border {
            Border::Zeros => kernels::conv2d(x, &self.weight, bias, self.shape)?,
            Border::Opposite => {
                let shape = ConvShape { stride, padding: 0 };
                kernels::conv2d(&wrapped(x, padding, padding)?, &self.weight, bias, shape)?
            }
        })
    }
}

/// Transposed 4x4 convolution with stride 2: doubles width and height.
#[derive(Clone, Debug)]
pub struct ConvTranspose2d {
    weight: Tensor, // (in, out, 4, 4)
    bias: Tensor,   // (out)
}

impl ConvTranspose2d {
    pub fn new(params: &mut Params, channels: usize) -> Result<Self> {
        let init = Init::for_fan_in(channels * 16);
        let weight = params.get("weight", (channels, channels, 4, 4), init)?;
        let bias = params.get("bias", channels, init)?;
        Ok(Self { weight, bias })
    }

    /// On a weight (in, out, 4, 4) and a bias (out) that stand.
    pub fn from(weight: Tensor, bias: Tensor) -> Self {
        Self { weight, bias }
    }

    /// (batch, channels, height, width) to (batch, channels, 2 height, 2 width).
    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        match border {
            Border::Zeros => self.grown(x),
            Border::Opposite => {
                let (_, _, height, width) = x.dims4()?;
                let grown = self.grown(&wrapped(x, 1, 1)?)?;
                Ok(grown.narrow(2, 2, 2 * height)?.narrow(3, 2, 2 * width)?)
            }
        }
    }

    fn grown(&self, x: &Tensor) -> Result<Tensor> {
        let shape = ConvShape { stride: 2, padding: 1 };
        Ok(kernels::conv_transpose2d(x, &self.weight, &self.bias, shape)?)
    }
}

/// Group normalisation.
#[derive(Clone, Debug)]
pub struct GroupNorm {
    weight: Tensor, // (channels)
    bias: Tensor,   // (channels)
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    pub fn new(params: &mut Params, groups: usize, channels: usize) -> Result<Self> {
        Self::with_eps(params, groups, channels, 1e-5)
    }

    pub fn with_eps(params: &mut Params, groups: usize, channels: usize, eps: f64) -> Result<Self> {
        let weight = params.get("weight", channels, Init::Ones)?;
        let bias = params.get("bias", channels, Init::Zeros)?;
        Ok(Self { weight, bias, groups, eps })
    }

    /// (batch, channels, …), normalised.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(kernels::group_norm(x, &self.weight, &self.bias, self.groups, self.eps, false)?)
    }

    /// As [`Self::forward`], with SiLU behind it.
    pub fn forward_silu(&self, x: &Tensor) -> Result<Tensor> {
        Ok(kernels::group_norm(x, &self.weight, &self.bias, self.groups, self.eps, true)?)
    }
}

/// Linear layer with bias.
#[derive(Clone, Debug)]
pub struct Linear {
    weight: Tensor, // (out, in)
    bias: Tensor,   // (out)
}

impl Linear {
    pub fn new(params: &mut Params, inputs: usize, outputs: usize) -> Result<Self> {
        let init = Init::for_fan_in(inputs);
        let weight = params.get("weight", (outputs, inputs), init)?;
        let bias = params.get("bias", outputs, init)?;
        Ok(Self { weight, bias })
    }

    /// (batch, in) to (batch, out).
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        Ok(kernels::linear(x, &self.weight, &self.bias)?)
    }
}
