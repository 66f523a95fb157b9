//! How fast a run would be on this machine.

use candle_core::Device;
use rand::Rng;

use super::learner::learner_on;
use super::precision::within;
use crate::checkpoint::Checkpoint;
use crate::config::{RunConfig, ValidConfig};
use crate::data::ImageSet;
use crate::model::numbered;
use crate::noise::{self, Stream};
use crate::{CancelToken, Result};

/// Makes real steps of the run that `config` describes, in the latents of `autoencoder` if it names
/// one, on random images of its shape, and tells
/// how many images it trained on while the caller's clock ran.
///
/// The first step warms up and does not count. Then `enough` is called with 0, which is when to
/// start the clock, and after each step with the images so far; true ends the probe.
pub fn probe(
    config: &ValidConfig,
    autoencoder: Option<&Checkpoint>,
    device: &Device,
    cancel: &CancelToken,
    enough: &mut dyn FnMut(usize) -> bool,
) -> Result<usize> {
    let mut config = RunConfig::clone(config);
    config.train_params.validation_share = 0.0;
    let data = random_images(&config);
    let config = config.validate()?;
    let precision = config.train_params.precision;
    let mut learner = learner_on(&config, &data, autoencoder, device)?;
    let mut step = || {
        cancel.check()?;
        let images = within(precision, || learner.step())?.images;
        device.synchronize()?;
        Ok::<usize, crate::Error>(images)
    };
    step()?;
    let mut images = 0;
    while !enough(images) {
        images += step()?;
    }
    Ok(images)
}

/// As many images as a step takes, so that all steps are alike.
fn random_images(config: &RunConfig) -> ImageSet {
    let (model, train) = (&config.model_params, &config.train_params);
    let count = train.images_per_step();
    let mut pixels = vec![0; count * model.im_channels * model.im_size * model.im_size];
    noise::generator(train.seed, Stream::Start, 0).fill(pixels.as_mut_slice());
    ImageSet {
        width: model.im_size as u32,
        height: model.im_size as u32,
        channels: model.im_channels as u32,
        pixels,
        labels: (0..count).map(|at| (at % model.num_classes.max(1)) as u32).collect(),
        classes: numbered(model.num_classes),
    }
}
