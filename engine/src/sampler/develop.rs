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
    /// The given picture (1, channels, height, width), where latents cannot keep it to the byte.
    kept: Option<(Tensor, &'a Mask)>,
}

impl<'a> Developer<'a> {
    pub fn new(model: &'a Model, init: Option<&'a Init>) -> Result<Self> {
        let masked = init.filter(|_| model.draws_latents());
        let masked = masked.and_then(|init| Some((init, init.mask.as_ref()?)));
        let tensor = |(init, mask): (&'a Init, &'a Mask)| -> Result<_> {
            Ok((image_tensor(&init.picture, model.device())?, mask))
        };
        Ok(Self { model, kept: masked.map(tensor).transpose()? })
    }

    /// `drawn` is of the shape that the model draws, (batch, …).
    pub fn pictures(&self, drawn: &Tensor) -> Result<Vec<Picture>> {
        let images = self.model.decode(drawn)?;
        match &self.kept {
            None => pictures(&images),
            Some((picture, mask)) => {
                let (drawn, kept) = mask.shares(images.device())?;
                let bounded = images.clamp(-1f32, 1f32)?;
                let kept = picture.broadcast_mul(&kept)?;
                pictures(&bounded.broadcast_mul(&drawn)?.broadcast_add(&kept)?)
            }
        }
    }
}
