//! How fast a run would be on this machine.

use candle_core::Device;
use rand::Rng;

use super::learner::learner_on;
use crate::checkpoint::Checkpoint;
use crate::config::{RunConfig, ValidConfig};
use crate::data::ImageSet;
use crate::model::numbered;
use crate::noise::{self, Stream};
use crate::precision::within;
use crate::{CancelToken, Result};

/// Makes real steps of the run that `config` describes on a data set of `images` images, in the latents
/// of `autoencoder` if it names one, on random images of its shape, and tells how many images it
/// trained on while the caller's clock ran. An autoencoder's judge takes part if it does for most of
/// the run.
///
/// The first step warms up and does not count. Then `enough` is called with 0, which is when to
/// start the clock, and after each step with the images so far; true ends the probe.
pub fn probe(
    config: &ValidConfig,
    images: usize,
    autoencoder: Option<&Checkpoint>,
    device: &Device,
    cancel: &CancelToken,
    enough: &mut dyn FnMut(usize) -> bool,
) -> Result<usize> {
    let mut config = as_mostly(config, images);
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

/// The run as it is for most of its steps, from the first one on.
fn as_mostly(config: &RunConfig, images: usize) -> RunConfig {
    let mut config = config.clone();
    let steps = config.train_params.total_steps(images);
    let begins = &mut config.autoencoder_params.disc_start;
    if *begins < steps / 2 {
        *begins = 0;
    }
    config
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_judge_takes_part_if_it_does_for_most_of_the_run() {
        let begins = |disc_start: &str| {
            let mut config = RunConfig::default();
            config.set("train_params.num_steps", "1000").unwrap();
            config.set("autoencoder_params.disc_start", disc_start).unwrap();
            as_mostly(&config, 40).autoencoder_params.disc_start
        };
        assert_eq!(["0", "499", "500", "2000"].map(begins), [0, 0, 500, 2000]);
    }
}
