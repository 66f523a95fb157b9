//! diffusers' down, mid and up blocks.

use candle_core::Tensor;

use super::attention::Attention;
use super::config::{ATTENTION_DOWN, ATTENTION_UP, UNet2DConfig};
use super::resnet::Resnet;
use crate::Result;
use crate::kernels::ConvShape;
use crate::unet::context::Context;
use crate::unet::layers::Conv2d;
use crate::unet::params::Params;
use crate::unet::{Border, wrapped};

/// Residual blocks, each with attention behind it if asked for.
#[derive(Clone, Debug)]
struct Layers(Vec<(Resnet, Option<Attention>)>);

impl Layers {
    /// `inputs`: channels that go into each block.
    fn new(
        params: &mut Params,
        unet: &UNet2DConfig,
        inputs: &[usize],
        outputs: usize,
        attend: bool,
    ) -> Result<Self> {
        let layer = |(at, &inputs): (usize, &usize)| {
            let resnet = params.within(format!("resnets.{at}"), |params| {
                Resnet::new(params, unet, inputs, outputs)
            })?;
            let attention = attend.then(|| {
                params.within(format!("attentions.{at}"), |params| {
                    Attention::new(params, unet, outputs, Some(unet.norm_num_groups))
                })
            });
            Ok((resnet, attention.transpose()?))
        };
        Ok(Self(inputs.iter().enumerate().map(layer).collect::<Result<_>>()?))
    }
}

fn layer(layer: &(Resnet, Option<Attention>), x: &Tensor, context: &Context) -> Result<Tensor> {
    let h = layer.0.forward(x, context)?;
    match &layer.1 {
        Some(attention) => attention.forward(&h),
        None => Ok(h),
    }
}

/// Layers, then half the size except in the last block.
#[derive(Clone, Debug)]
pub(super) struct Down {
    layers: Layers,
    shrink: Option<Conv2d>,
    padding: usize,
}

impl Down {
    pub fn new(params: &mut Params, unet: &UNet2DConfig, level: usize) -> Result<Self> {
        let channels = &unet.block_out_channels;
        let outputs = channels[level];
        let mut inputs = vec![outputs; unet.layers_per_block];
        inputs[0] = channels[level.saturating_sub(1)];
        let (padding, last) = (unet.downsample_padding, level + 1 == channels.len());
        let attend = unet.down_block_types[level] == ATTENTION_DOWN;
        params.within(format!("down_blocks.{level}"), |params| {
            let layers = Layers::new(params, unet, &inputs, outputs, attend)?;
            let shrink = (!last).then(|| {
                params.within("downsamplers.0.conv", |params| {
                    Conv2d::new(params, outputs, outputs, 3, ConvShape { stride: 2, padding })
                })
            });
            Ok(Self { layers, shrink: shrink.transpose()?, padding })
        })
    }

    /// The result; what the way up wants to see again goes onto `skips`.
    pub fn forward(
        &self,
        x: &Tensor,
        context: &Context,
        skips: &mut Vec<Tensor>,
    ) -> Result<Tensor> {
        let mut h = x.clone();
        for each in &self.layers.0 {
            h = layer(each, &h, context)?;
            skips.push(h.clone());
        }
        if let Some(shrink) = &self.shrink {
            // Without padding of its own the convolution gets a row and a column behind.
            let padded = match (self.padding, context.border) {
                (0, Border::Zeros) => h.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?,
                (0, Border::Opposite) => wrapped(&h, 0, 1)?,
                _ => h,
            };
            h = shrink.forward(&padded, context.border)?;
            skips.push(h.clone());
        }
        Ok(h)
    }
}

/// Residual block, attention, residual block.
#[derive(Clone, Debug)]
pub(super) struct Mid {
    first: Resnet,
    attention: Option<Attention>,
    second: Resnet,
}

impl Mid {
    pub fn new(params: &mut Params, unet: &UNet2DConfig) -> Result<Self> {
        let channels = unet.block_out_channels[unet.block_out_channels.len() - 1];
        // As in diffusers, which has no norm here beside `scale_shift`.
        let usual = unet.resnet_time_scale_shift == "default";
        let groups = unet.attn_norm_num_groups.or(usual.then_some(unet.norm_num_groups));
        params.within("mid_block", |params| {
            let mut resnet = |at: usize| {
                params.within(format!("resnets.{at}"), |params| {
                    Resnet::new(params, unet, channels, channels)
                })
            };
            let (first, second) = (resnet(0)?, resnet(1)?);
            let attention = unet.add_attention.then(|| {
                params
                    .within("attentions.0", |params| Attention::new(params, unet, channels, groups))
            });
            Ok(Self { first, attention: attention.transpose()?, second })
        })
    }

    pub fn forward(&self, x: &Tensor, context: &Context) -> Result<Tensor> {
        let mut h = self.first.forward(x, context)?;
        if let Some(attention) = &self.attention {
            h = attention.forward(&h)?;
        }
        self.second.forward(&h, context)
    }
}

/// Layers that each join a skip, then twice the size except in the last block.
#[derive(Clone, Debug)]
pub(super) struct Up {
    layers: Layers,
    grow: Option<Conv2d>,
}

impl Up {
    /// The up block that is `place`-th from the bottom.
    pub fn new(params: &mut Params, unet: &UNet2DConfig, place: usize) -> Result<Self> {
        let channels: Vec<usize> = unet.block_out_channels.iter().rev().copied().collect();
        let outputs = channels[place];
        let before = channels[place.saturating_sub(1)];
        let beyond = channels[(place + 1).min(channels.len() - 1)];
        let count = unet.layers_per_block + 1;
        let inputs: Vec<usize> = (0..count)
            .map(|at| {
                let skip = if at + 1 == count { beyond } else { outputs };
                skip + if at == 0 { before } else { outputs }
            })
            .collect();
        let attend = unet.up_block_types[place] == ATTENTION_UP;
        let last = place + 1 == channels.len();
        params.within(format!("up_blocks.{place}"), |params| {
            let layers = Layers::new(params, unet, &inputs, outputs, attend)?;
            let grow = (!last).then(|| {
                params.within("upsamplers.0.conv", |params| Conv2d::three(params, outputs, outputs))
            });
            Ok(Self { layers, grow: grow.transpose()? })
        })
    }

    /// Takes its skips from the end of `skips`.
    pub fn forward(
        &self,
        x: &Tensor,
        context: &Context,
        skips: &mut Vec<Tensor>,
    ) -> Result<Tensor> {
        let mut h = x.clone();
        for each in &self.layers.0 {
            let skip = skips.pop().expect("as many skips as layers, by construction");
            h = layer(each, &Tensor::cat(&[&h, &skip], 1)?, context)?;
        }
        if let Some(grow) = &self.grow {
            h = grow.forward(&doubled(&h)?, context.border)?;
        }
        Ok(h)
    }
}

/// Every pixel four times: (batch, channels, height, width) to (batch, channels, 2 height, 2 width).
fn doubled(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let apart = x.reshape((batch * channels, height, 1, width, 1))?;
    let doubled = apart.broadcast_as((batch * channels, height, 2, width, 2))?.contiguous()?;
    Ok(doubled.reshape((batch, channels, 2 * height, 2 * width))?)
}
