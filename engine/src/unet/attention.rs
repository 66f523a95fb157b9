//! Every pixel looks at every other.

use candle_core::Tensor;

use super::layers::GroupNorm;
use super::params::{Init, Params};
use crate::Result;
use crate::kernels::{self, ConvShape};

const POINTWISE: ConvShape = ConvShape { stride: 1, padding: 0 };

/// Group norm, multi-head self-attention over the pixels, and the input added.
#[derive(Clone, Debug)]
pub struct Attention {
    norm: GroupNorm,
    in_weight: Tensor,  // (3 channels, channels): queries, keys, values
    in_bias: Tensor,    // (3 channels)
    out_weight: Tensor, // (channels, channels)
    out_bias: Tensor,   // (channels)
    heads: usize,
}

impl Attention {
    /// Layer `layer` of the block that `params` stands in.
    pub fn new(
        params: &mut Params,
        layer: usize,
        channels: usize,
        heads: usize,
        groups: usize,
    ) -> Result<Self> {
        let norm = params.within(format!("attention_norms.{layer}"), |params| {
            GroupNorm::new(params, groups, channels)
        })?;
        params.within(format!("attentions.{layer}"), |params| {
            let joint = Init::xavier(channels, 3 * channels);
            let out = Init::for_fan_in(channels);
            Ok(Self {
                norm,
                in_weight: params.get("in_proj_weight", (3 * channels, channels), joint)?,
                in_bias: params.get("in_proj_bias", 3 * channels, Init::Zeros)?,
                out_weight: params.get("out_proj.weight", (channels, channels), out)?,
                out_bias: params.get("out_proj.bias", channels, Init::Zeros)?,
                heads,
            })
        })
    }

    /// (batch, channels, height, width), changed in place of each pixel.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let qkv = pointwise(&self.norm.forward(x)?, &self.in_weight, &self.in_bias)?;
        let mixed = kernels::attention(&qkv, self.heads)?;
        Ok(kernels::add(x, &pointwise(&mixed, &self.out_weight, &self.out_bias)?)?)
    }
}

/// A linear layer on every pixel: (batch, in, height, width) to (batch, out, height, width).
pub(crate) fn pointwise(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    Ok(kernels::conv2d(x, weight, bias, POINTWISE)?)
}
