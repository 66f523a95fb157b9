//! The given picture on the way: where it begins, and how what is kept of it stays.

use candle_core::Tensor;

use super::level::Level;
use super::pictures::image_tensor;
use super::smear::smeared;
use super::{Init, Leg, weighted_sum};
use crate::config::MaskedContent;
use crate::grid::Picture;
use crate::model::Model;
use crate::{CancelToken, Result};

/// What the pictures of a batch begin from: one canvas for all of them, or one for each.
pub(super) struct Canvases(Vec<Canvas>);

impl Canvases {
    /// None where there is no picture to begin from. `noise`: (batch, …) of the shape that `model`
    /// draws for the pictures' size; `inits` are one, or as many as the batch has. `cancel` is looked
    /// at before each: a model that draws latents takes its time to encode a picture.
    pub fn new(
        inits: &[Init],
        model: &Model,
        noise: &Tensor,
        cancel: &CancelToken,
    ) -> Result<Option<Self>> {
        let shares = noise.chunk(inits.len().max(1), 0)?;
        let canvases = inits.iter().zip(&shares).map(|(init, noise)| {
            cancel.check()?;
            Canvas::new(init, model, noise)
        });
        let canvases = canvases.collect::<Result<Vec<_>>>()?;
        Ok((!canvases.is_empty()).then_some(Self(canvases)))
    }

    /// x at the beginning of `first`.
    pub fn start(&self, first: &Leg) -> Result<Tensor> {
        self.together(self.0.iter().map(|canvas| canvas.start(first)))
    }

    /// `x` with what the masks keep replaced by the pictures, noised to `level`.
    pub fn keep(&self, x: Tensor, level: Level) -> Result<Tensor> {
        if self.0.iter().all(|canvas| canvas.mask.is_none()) {
            return Ok(x);
        }
        let shares = self.0.iter().zip(x.chunk(self.0.len(), 0)?);
        self.together(shares.map(|(canvas, x)| canvas.keep(x, level)))
    }

    fn together(&self, shares: impl Iterator<Item = Result<Tensor>>) -> Result<Tensor> {
        Ok(Tensor::cat(&shares.collect::<Result<Vec<_>>>()?, 0)?)
    }
}

/// An [`Init`] as tensors, under noise of its own.
struct Canvas {
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
    fn new(init: &Init, model: &Model, noise: &Tensor) -> Result<Self> {
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

    fn start(&self, first: &Leg) -> Result<Tensor> {
        let noised = self.noised(&self.beginning, first.from)?;
        match &self.mask {
            Some(mask) if mask.from_noise => mask.blend(&self.noise, &noised),
            _ => Ok(noised),
        }
    }

    /// The noise is the same at all levels, so that the kept part moves as the path through it would.
    fn keep(&self, x: Tensor, level: Level) -> Result<Tensor> {
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
