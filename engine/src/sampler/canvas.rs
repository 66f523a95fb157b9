//! The given picture on the way: where it begins, and how what is kept of it stays.

use candle_core::Tensor;

use super::level::Level;
use super::pictures::image_tensor;
use super::smear::smeared;
use super::{Init, Leg, weighted_sum};
use crate::Result;
use crate::config::MaskedContent;
use crate::grid::Picture;
use crate::model::Model;

/// An [`Init`] as tensors, under noise of its own.
pub(super) struct Canvas {
    /// (batch, channels, height, width), as the model draws it.
    picture: Tensor,
    /// The picture as the drawing begins from it, with what was put under the mask.
    beginning: Tensor,
    /// The unit Gaussian that each picture of the batch begins as.
    noise: Tensor,
    mask: Option<Painted>,
}

/// Shares of each pixel, (1, 1, height, width).
struct Painted {
    drawn: Tensor,
    kept: Tensor,
    /// Whether nothing but noise stands under the mask to begin with.
    from_noise: bool,
}

impl Canvas {
    /// `noise`: (batch, …) of the shape that `model` draws for the picture's size.
    pub fn new(init: &Init, model: &Model, noise: &Tensor) -> Result<Self> {
        let tensor = |picture: &Picture| -> Result<Tensor> {
            let single = model.encode(&image_tensor(picture, noise.device())?)?;
            Ok(single.broadcast_as(noise.shape())?.contiguous()?)
        };
        let picture = tensor(&init.picture)?;
        let painted = init.mask.as_ref().map(|mask| {
            let (drawn, kept) = mask.of_latents(model.factor()).shares(noise.device())?;
            let from_noise = init.fill == MaskedContent::Noise;
            Ok::<_, crate::Error>(Painted { drawn, kept, from_noise })
        });
        let painted = painted.transpose()?;
        let beginning = match (&init.mask, &painted, init.fill) {
            (Some(mask), _, MaskedContent::Fill) => tensor(&smeared(&init.picture, mask))?,
            (_, Some(painted), MaskedContent::Nothing) => {
                painted.blend(&picture.zeros_like()?, &picture)?
            }
            _ => picture.clone(),
        };
        Ok(Self { picture, beginning, noise: noise.clone(), mask: painted })
    }

    /// x at the beginning of `first`.
    pub fn start(&self, first: &Leg) -> Result<Tensor> {
        let noised = self.noised(&self.beginning, first.from)?;
        match &self.mask {
            Some(mask) if mask.from_noise => mask.blend(&self.noise, &noised),
            _ => Ok(noised),
        }
    }

    /// `x` with what the mask keeps replaced by the picture, noised to `level`. The noise is the
    /// same at all levels, so that the kept part moves as the path through it would.
    pub fn keep(&self, x: Tensor, level: Level) -> Result<Tensor> {
        match &self.mask {
            Some(mask) => mask.blend(&x, &self.noised(&self.picture, level)?),
            None => Ok(x),
        }
    }

    fn noised(&self, picture: &Tensor, level: Level) -> Result<Tensor> {
        weighted_sum(level.signal(), picture, [(level.noise(), &self.noise)])
    }
}

impl Painted {
    /// A whole share of one and none of the other gives it back exactly.
    fn blend(&self, drawn: &Tensor, kept: &Tensor) -> Result<Tensor> {
        Ok((drawn.broadcast_mul(&self.drawn)? + kept.broadcast_mul(&self.kept)?)?)
    }
}
