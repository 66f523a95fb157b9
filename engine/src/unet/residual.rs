//! Two convolutions, the timestep between them, and a way around.

use candle_core::Tensor;

use super::context::Context;
use super::layers::{Conv2d, GroupNorm, Linear};
use super::params::Params;
use crate::Result;
use crate::kernels;

/// Sizes of a [`Residual`].
#[derive(Clone, Copy, Debug)]
pub struct ResidualConfig {
    pub inputs: usize,
    pub outputs: usize,
    pub time_dim: usize,
    pub groups: usize,
}

/// `conv(silu(norm(x))) + time`, `conv(silu(norm(h)))`, plus a 1x1 convolution of `x`, which is
/// there even where the width stays, as in the reference.
#[derive(Clone, Debug)]
pub struct Residual {
    first_norm: GroupNorm,
    first: Conv2d,
    time: Linear,
    second_norm: GroupNorm,
    second: Conv2d,
    skip: Conv2d,
}

impl Residual {
    /// Layer `layer` of the block that `params` stands in.
    pub fn new(params: &mut Params, layer: usize, config: ResidualConfig) -> Result<Self> {
        let ResidualConfig { inputs, outputs, time_dim, groups } = config;
        let (first_norm, first) =
            params.within(format!("resnet_conv_first.{layer}"), |params| {
                let norm = params.within(0, |params| GroupNorm::new(params, groups, inputs))?;
                Ok((norm, params.within(2, |params| Conv2d::three(params, inputs, outputs))?))
            })?;
        let time = params.within(format!("t_emb_layers.{layer}.1"), |params| {
            Linear::new(params, time_dim, outputs)
        })?;
        let (second_norm, second) =
            params.within(format!("resnet_conv_second.{layer}"), |params| {
                let norm = params.within(0, |params| GroupNorm::new(params, groups, outputs))?;
                Ok((norm, params.within(2, |params| Conv2d::three(params, outputs, outputs))?))
            })?;
        let skip = params.within(format!("residual_input_conv.{layer}"), |params| {
            Conv2d::one(params, inputs, outputs)
        })?;
        Ok(Self { first_norm, first, time, second_norm, second, skip })
    }

    /// (batch, in, height, width) to (batch, out, height, width).
    pub fn forward(&self, x: &Tensor, context: &Context) -> Result<Tensor> {
        let border = context.border;
        let shift = self.time.forward(&context.time)?; // (batch, out)
        let h = self.first.forward_shifted(&self.first_norm.forward_silu(x)?, &shift, border)?;
        let mut h = self.second_norm.forward_silu(&h)?;
        if let Some(dropout) = context.dropout {
            h = dropout.forward(&h)?;
        }
        let h = self.second.forward(&h, border)?;
        Ok(kernels::add(&h, &self.skip.forward(x, border)?)?)
    }
}
