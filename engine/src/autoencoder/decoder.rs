//! From latents to pictures.

use candle_core::Tensor;

use super::Spec;
use super::blocks::{End, Layers, Mid};
use super::thumbnail::Thumbnail;
use crate::config::AutoencoderParams;
use crate::unet::Border;
use crate::unet::layers::{Conv2d, ConvTranspose2d};
use crate::unet::params::Params;
use crate::{Result, kernels};

/// A convolution that doubles the size where the level does, then residual layers.
#[derive(Clone, Debug)]
struct Up {
    grow: Option<ConvTranspose2d>,
    layers: Layers,
}

impl Up {
    /// The block that faces level `level` of the encoder. The deepest one is the first.
    fn new(params: &mut Params, shape: &AutoencoderParams, level: usize) -> Result<Self> {
        let widths = (shape.down_channels[level + 1], shape.down_channels[level]);
        params.within(format!("decoder_layers.{}", shape.levels() - 1 - level), |params| {
            let grow = shape.down_sample[level].then(|| {
                params.within("up_sample_conv", |params| ConvTranspose2d::new(params, widths.0))
            });
            let attends = shape.attention_at(level);
            let layers = Layers::new(params, shape, widths, shape.num_up_layers, attends)?;
            Ok(Self { grow: grow.transpose()?, layers })
        })
    }

    fn forward(&self, x: &Tensor, border: Border) -> Result<Tensor> {
        match &self.grow {
            Some(grow) => self.layers.forward(&grow.forward(x, border)?, border),
            None => self.layers.forward(x, border),
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Decoder {
    /// A 1x1 convolution of the latents.
    first: Conv2d,
    conv_in: Conv2d,
    mids: Vec<Mid>,
    ups: Vec<Up>,
    end: End,
    thumbnail: Option<Thumbnail>,
}

impl Decoder {
    pub fn new(params: &mut Params, spec: &Spec) -> Result<Self> {
        let Spec { params: shape, channels } = spec;
        let latents = shape.z_channels;
        let first =
            params.within("post_quant_conv", |params| Conv2d::one(params, latents, latents))?;
        let bottom = shape.down_channels[shape.levels()];
        let conv_in =
            params.within("decoder_conv_in", |params| Conv2d::three(params, latents, bottom))?;
        let mids = shape.mid_channels.windows(2).rev().enumerate();
        let mids = mids
            .map(|(at, pair)| {
                params.within(format!("decoder_mids.{at}"), |params| {
                    Mid::new(params, shape, (pair[1], pair[0]))
                })
            })
            .collect::<Result<_>>()?;
        let ups = (0..shape.levels())
            .rev()
            .map(|level| Up::new(params, shape, level))
            .collect::<Result<_>>()?;
        let widths = (shape.down_channels[0], *channels);
        let end = End::new(params, "decoder", widths, shape.norm_channels)?;
        Ok(Self { first, conv_in, mids, ups, end, thumbnail: Thumbnail::new(spec) })
    }

    /// (batch, z_channels, height, width) to (batch, channels, height · factor, width · factor).
    pub fn forward(&self, latents: &Tensor, border: Border) -> Result<Tensor> {
        let mut h = self.conv_in.forward(&self.first.forward(latents, border)?, border)?;
        for mid in &self.mids {
            h = mid.forward(&h, border)?;
        }
        for up in &self.ups {
            h = up.forward(&h, border)?;
        }
        let picture = self.end.forward(&h, border)?;
        match &self.thumbnail {
            Some(thumbnail) => Ok(kernels::add(&picture, &thumbnail.large(latents, border)?)?),
            None => Ok(picture),
        }
    }
}
