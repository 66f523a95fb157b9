//! The blocks of encoder and decoder: those of the U-Net, without timesteps.

use candle_core::Tensor;

use crate::config::AutoencoderParams;
use crate::unet::Border;
use crate::unet::attention::Attention;
use crate::unet::layers::{Conv2d, GroupNorm};
use crate::unet::params::Params;
use crate::{Result, kernels};

/// `conv(silu(norm(x)))` twice, plus a 1x1 convolution of `x`.
#[derive(Clone, Debug)]
struct Residual {
    first_norm: GroupNorm,
    first: Conv2d,
    second_norm: GroupNorm,
    second: Conv2d,
    skip: Conv2d,
}

impl Residual {
    fn new(
        params: &mut Params,
        layer: usize,
        (inputs, outputs): (usize, usize),
        groups: usize,
    ) -> Result<Self> {
        let mut half = |name: &str, inputs: usize| {
            params.within(format!("{name}.{layer}"), |params| {
                let norm = params.within(0, |params| GroupNorm::new(params, groups, inputs))?;
                Ok((norm, params.within(2, |params| Conv2d::three(params, inputs, outputs))?))
            })
        };
        let (first_norm, first) = half("resnet_conv_first", inputs)?;
        let (second_norm, second) = half("resnet_conv_second", outputs)?;
        let skip = params.within(format!("residual_input_conv.{layer}"), |params| {
            Conv2d::one(params, inputs, outputs)
        })?;
        Ok(Self { first_norm, first, second_norm, second, skip })
    }

    /// (batch, in, height, width) to (batch, out, height, width).
    fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        let h = self.first.forward(&self.first_norm.forward_silu(x)?, border)?;
        let h = self.second.forward(&self.second_norm.forward_silu(&h)?, border)?;
        Ok(kernels::add(&h, &self.skip.forward(x, border)?)?)
    }
}

/// Residual layers, each followed by attention where the block has it.
#[derive(Clone, Debug)]
pub(super) struct Layers(Vec<(Residual, Option<Attention>)>);

impl Layers {
    /// `count` layers from the first of the `widths` to the second.
    pub fn new(
        params: &mut Params,
        shape: &AutoencoderParams,
        widths: (usize, usize),
        count: usize,
        attends: bool,
    ) -> Result<Self> {
        let (inputs, outputs) = widths;
        let layer = |layer: usize| {
            let inputs = if layer == 0 { inputs } else { outputs };
            let residual = Residual::new(params, layer, (inputs, outputs), shape.norm_channels)?;
            let attention = attends.then(|| attention(params, layer, outputs, shape));
            Ok((residual, attention.transpose()?))
        };
        (0..count).map(layer).collect::<Result<_>>().map(Self)
    }

    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        let mut h = x.clone();
        for (residual, attention) in &self.0 {
            h = residual.forward(&h, border)?;
            if let Some(attention) = attention {
                h = attention.forward(&h)?;
            }
        }
        Ok(h)
    }
}

/// A residual layer, then pairs of attention and residual layer.
#[derive(Clone, Debug)]
pub(super) struct Mid {
    first: Residual,
    pairs: Vec<(Attention, Residual)>,
}

impl Mid {
    pub fn new(
        params: &mut Params,
        shape: &AutoencoderParams,
        (inputs, outputs): (usize, usize),
    ) -> Result<Self> {
        let groups = shape.norm_channels;
        let first = Residual::new(params, 0, (inputs, outputs), groups)?;
        let pair = |at| {
            let attention = attention(params, at, outputs, shape)?;
            Ok((attention, Residual::new(params, at + 1, (outputs, outputs), groups)?))
        };
        Ok(Self { first, pairs: (0..shape.num_mid_layers).map(pair).collect::<Result<_>>()? })
    }

    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        let mut h = self.first.forward(x, border)?;
        for (attention, residual) in &self.pairs {
            h = residual.forward(&attention.forward(&h)?, border)?;
        }
        Ok(h)
    }
}

fn attention(
    params: &mut Params,
    layer: usize,
    channels: usize,
    shape: &AutoencoderParams,
) -> Result<Attention> {
    Attention::new(params, layer, channels, shape.num_heads, shape.norm_channels)
}

/// Group norm, SiLU and a 3x3 convolution: how both sides end.
#[derive(Clone, Debug)]
pub(super) struct End {
    norm: GroupNorm,
    conv: Conv2d,
}

impl End {
    /// `side` is what the names of its weights begin with.
    pub fn new(
        params: &mut Params,
        side: &str,
        (inputs, outputs): (usize, usize),
        groups: usize,
    ) -> Result<Self> {
        let norm = params
            .within(format!("{side}_norm_out"), |params| GroupNorm::new(params, groups, inputs))?;
        let conv = params
            .within(format!("{side}_conv_out"), |params| Conv2d::three(params, inputs, outputs))?;
        Ok(Self { norm, conv })
    }

    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        self.conv.forward(&self.norm.forward_silu(x)?, border)
    }
}
