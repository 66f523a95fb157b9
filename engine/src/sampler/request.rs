//! What to draw.

use std::ops::Range;

use candle_core::Tensor;

use super::{Guidance, Init, Variation};
use crate::Result;
use crate::config::{ConfigError, Sampling};
use crate::model::Model;
use crate::noise::{self, Stream};
use crate::unet::Border;

/// One picture for each seed. A picture depends on its own seed, and second seed, alone.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRequest {
    pub sampling: Sampling,
    pub seeds: Vec<u64>,
    pub guidance: Guidance,
    /// Width and height in pixels, which [`Model::check_size`] must allow.
    pub size: (usize, usize),
    /// Whether opposite edges of a picture meet.
    pub tiling: bool,
    /// A second seed for each picture.
    pub variation: Option<Variation>,
    /// Width and height in pixels of the noise that is laid into the middle of the pictures' own, if
    /// they differ.
    pub seed_size: Option<(usize, usize)>,
    /// What they begin from: nothing but noise, one for all, or one for each, all of one strength.
    pub inits: Vec<Init>,
}

impl SampleRequest {
    /// Pictures of nothing in particular, out of noise.
    pub fn new(sampling: Sampling, seeds: Vec<u64>, size: (usize, usize)) -> Self {
        Self {
            sampling,
            seeds,
            guidance: Guidance::default(),
            size,
            tiling: false,
            variation: None,
            seed_size: None,
            inits: Vec::new(),
        }
    }

    /// How many steps are taken: fewer than those of the path where a picture is begun from.
    pub fn steps_taken(&self) -> usize {
        let steps = self.sampling.steps;
        self.inits.first().map_or(steps, |init| init.steps_taken(steps))
    }

    /// The places of these steps on the path.
    pub(super) fn legs(&self) -> Range<usize> {
        let steps = self.sampling.steps;
        steps - self.steps_taken()..steps
    }

    /// Whether `model` can draw it; whether the steps fit is for [`super::Course`] to say.
    pub(super) fn check(&self, model: &Model) -> Result<()> {
        model.check_size(self.size.0, self.size.1)?;
        let channels = model.config().model_params.im_channels;
        self.inits.iter().try_for_each(|init| init.check(self.size, channels))?;
        self.check_inits()?;
        self.variation.as_ref().map_or(Ok(()), |second| second.check(self.seeds.len()))?;
        self.check_seed_size(model)?;
        Ok(())
    }

    /// Whether there is one beginning for each picture, or for all, and all go equally far.
    fn check_inits(&self) -> std::result::Result<(), ConfigError> {
        let (given, pictures) = (self.inits.len(), self.seeds.len());
        if given > 1 && given != pictures {
            let message =
                format!("{given} pictures to begin {pictures} from; give 1 or {pictures}");
            return Err(ConfigError::one("init_image", message));
        }
        if self.inits.windows(2).any(|pair| pair[0].strength != pair[1].strength) {
            let message = "pictures that are drawn at once go equally far; give one strength";
            return Err(ConfigError::one("denoising_strength", message));
        }
        Ok(())
    }

    pub(super) fn border(&self) -> Border {
        if self.tiling { Border::Opposite } else { Border::Zeros }
    }

    /// The noise that the pictures begin as: (seeds, channels, height, width).
    pub(super) fn start_noise(&self, model: &Model) -> Result<Tensor> {
        let (device, shape) = (model.device(), model.shape(self.seed_size.unwrap_or(self.size)));
        let noise = match &self.variation {
            Some(second) => second.noise(&self.seeds, shape, device)?,
            None => noise::gaussian_images(&self.seeds, Stream::Start, 0, shape, device)?,
        };
        match shape == model.shape(self.size) {
            true => Ok(noise),
            false => self.laid_in(&noise, model),
        }
    }

    /// Noise by the pictures' own seeds, of the same shape.
    pub(super) fn noise(&self, stream: Stream, counter: u64, model: &Model) -> Result<Tensor> {
        noise::gaussian_images(&self.seeds, stream, counter, model.shape(self.size), model.device())
    }
}
