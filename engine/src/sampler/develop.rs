//! From what was drawn to pictures, with what is kept of a given one.

use candle_core::Tensor;

use super::pictures::{image_tensor, pictures};
use super::{Init, Mask};
use crate::Result;
use crate::grid::Picture;
use crate::model::Model;

/// Makes pictures of what a model draws.
#[derive(Debug)]
pub(super) struct Developer<'a> {
    model: &'a Model,
    /// What is kept of the given pictures, one for all that are drawn or one for each; none where
    /// nothing is.
    kept: Vec<Kept<'a>>,
}

/// The given picture (1, channels, height, width), where latents cannot keep it to the byte.
#[derive(Debug)]
struct Kept<'a>(Option<(Tensor, &'a Mask)>);

impl<'a> Developer<'a> {
    /// `inits` are none, one, or as many as are drawn.
    pub fn new(model: &'a Model, inits: &'a [Init]) -> Result<Self> {
        let is_masked = inits.iter().any(|init| init.mask.is_some());
        let inits = if is_masked && model.draws_latents() { inits } else { &[] };
        let kept = inits.iter().map(|init| Kept::of(init, model)).collect::<Result<_>>()?;
        Ok(Self { model, kept })
    }

    /// `drawn` is of the shape that the model draws, (batch, …).
    pub fn pictures(&self, drawn: &Tensor) -> Result<Vec<Picture>> {
        let images = self.model.decode(drawn)?;
        if self.kept.is_empty() {
            return pictures(&images);
        }
        let shares = images.chunk(self.kept.len(), 0)?;
        let whole = self.kept.iter().zip(shares).map(|(kept, images)| kept.put_back(images));
        pictures(&Tensor::cat(&whole.collect::<Result<Vec<_>>>()?, 0)?)
    }
}

impl<'a> Kept<'a> {
    fn of(init: &'a Init, model: &Model) -> Result<Self> {
        let Some(mask) = &init.mask else { return Ok(Self(None)) };
        Ok(Self(Some((image_tensor(&init.picture, model.device())?, mask))))
    }

    /// `images` (batch, channels, height, width) with it in place.
    fn put_back(&self, images: Tensor) -> Result<Tensor> {
        let Some((picture, mask)) = &self.0 else { return Ok(images) };
        let (drawn, kept) = mask.shares(images.device())?;
        let bounded = images.clamp(-1f32, 1f32)?;
        let kept = picture.broadcast_mul(&kept)?;
        Ok(bounded.broadcast_mul(&drawn)?.broadcast_add(&kept)?)
    }
}
