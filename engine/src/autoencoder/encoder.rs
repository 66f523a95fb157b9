//! From pictures to what is told of their latents.

use candle_core::Tensor;

use super::Spec;
use super::blocks::{End, Layers, Mid};
use super::thumbnail::Thumbnail;
use crate::config::AutoencoderParams;
use crate::kernels::ConvShape;
use crate::unet::Border;
use crate::unet::layers::Conv2d;
use crate::unet::params::Params;
use crate::{Result, kernels};

/// Residual layers, then a convolution that halves the size where the level does.
#[derive(Clone, Debug)]
struct Down {
    layers: Layers,
    shrink: Option<Conv2d>,
}

impl Down {
    fn new(params: &mut Params, shape: &AutoencoderParams, level: usize) -> Result<Self> {
        let widths = (shape.down_channels[level], shape.down_channels[level + 1]);
        params.within(format!("encoder_layers.{level}"), |params| {
            let attends = shape.attention_at(level);
            let layers = Layers::new(params, shape, widths, shape.num_down_layers, attends)?;
            let halve = ConvShape { stride: 2, padding: 1 };
            let shrink = shape.down_sample[level].then(|| {
                params.within("down_sample_conv", |params| {
                    Conv2d::new(params, widths.1, widths.1, 4, halve)
                })
            });
            Ok(Self { layers, shrink: shrink.transpose()? })
        })
    }

    fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        let h = self.layers.forward(x, border)?;
        match &self.shrink {
            Some(shrink) => shrink.forward(&h, border),
            None => Ok(h),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Encoder {
    conv_in: Conv2d,
    downs: Vec<Down>,
    mids: Vec<Mid>,
    end: End,
    /// A 1x1 convolution of what is told.
    last: Conv2d,
    thumbnail: Option<Thumbnail>,
}

impl Encoder {
    pub fn new(params: &mut Params, spec: &Spec) -> Result<Self> {
        let Spec { params: shape, channels } = spec;
        let conv_in = params.within("encoder_conv_in", |params| {
            Conv2d::three(params, *channels, shape.down_channels[0])
        })?;
        let downs = (0..shape.levels())
            .map(|level| Down::new(params, shape, level))
            .collect::<Result<_>>()?;
        let mids = shape.mid_channels.windows(2).enumerate();
        let mids = mids
            .map(|(at, pair)| {
                params.within(format!("encoder_mids.{at}"), |params| {
                    Mid::new(params, shape, (pair[0], pair[1]))
                })
            })
            .collect::<Result<_>>()?;
        let (bottom, told) = (shape.down_channels[shape.levels()], shape.told_channels());
        let end = End::new(params, "encoder", (bottom, told), shape.norm_channels)?;
        let last = params.within("pre_quant_conv", |params| Conv2d::one(params, told, told))?;
        Ok(Self { conv_in, downs, mids, end, last, thumbnail: Thumbnail::new(spec) })
    }

    /// (batch, channels, height, width) to (batch, told channels, height / factor, width / factor).
    pub fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        let mut h = self.conv_in.forward(x, border)?;
        for down in &self.downs {
            h = down.forward(&h, border)?;
        }
        for mid in &self.mids {
            h = mid.forward(&h, border)?;
        }
        let told = self.last.forward(&self.end.forward(&h, border)?, border)?;
        match &self.thumbnail {
            Some(thumbnail) => Ok(kernels::add(&told, &thumbnail.small(x)?)?),
            None => Ok(told),
        }
    }
}
