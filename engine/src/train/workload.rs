//! What a run has to do from its first step to its last, told before it begins.

use crate::config::RunConfig;

/// What an image costs that only passes forward, where one that is trained on, forward and back, costs
/// one.
const FORWARD: f64 = 1.0 / 3.0;

/// All that the run of `config` does on a data set of `images` images, counted in images that it trains
/// on: those of its steps, and what its samples and its losses on held-out images cost beside them.
/// Encoding, decoding and saving are left out.
pub fn workload(config: &RunConfig, images: usize) -> f64 {
    let train = &config.train_params;
    let steps = train.total_steps(images) as u64;
    let trained = steps * train.images_per_step() as u64;
    let checkpoints = train.steps_between_checkpoints(images);
    let samples = match train.sample_every {
        0 => checkpoints,
        steps => steps as u64,
    };
    let drawn = times(steps, samples) * passes_of_samples(config);
    let validations = times_of_either(steps, checkpoints, train.validate_every as u64);
    let measured = validations * passes_of_validation(config, images);
    trained as f64 + FORWARD * (drawn + measured) as f64
}

/// How often something comes that is due every so many steps and at the last one.
fn times(steps: u64, every: u64) -> u64 {
    steps.div_ceil(every)
}

/// The same for what is due when one of the two is; a second one of 0 never is.
fn times_of_either(steps: u64, one: u64, other: u64) -> u64 {
    if other == 0 {
        return times(steps, one);
    }
    let last = !steps.is_multiple_of(one) && !steps.is_multiple_of(other);
    steps / one + steps / other - steps / common(one, other) + u64::from(last)
}

/// The least number that both divide.
fn common(one: u64, other: u64) -> u64 {
    let mut pair = (one, other);
    while pair.1 > 0 {
        pair = (pair.1, pair.0 % pair.1);
    }
    (one / pair.0).saturating_mul(other)
}

/// Images that pass forward for the samples of a step.
fn passes_of_samples(config: &RunConfig) -> u64 {
    let train = &config.train_params;
    let count = train.num_samples as u64;
    if config.is_autoencoder() {
        // Each image stands beside what becomes of it.
        return count.div_ceil(2);
    }
    let timesteps = config.diffusion_params.num_timesteps;
    let steps = if train.sample_steps == 0 { timesteps } else { train.sample_steps.min(timesteps) };
    let guided = if config.model_params.num_classes > 0 { 2 } else { 1 };
    let also_raw = train.sample_raw && train.average_decay().is_some();
    count * steps as u64 * guided * if also_raw { 2 } else { 1 }
}

/// Images that pass forward for a loss on held-out ones.
fn passes_of_validation(config: &RunConfig, images: usize) -> u64 {
    let averages = config.train_params.average_decay().is_some();
    config.train_params.held_out(images) as u64 * if averages { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(changes: &[&str]) -> RunConfig {
        let mut config = RunConfig::default();
        let base = [
            "train_params.batch_size=4",
            "train_params.num_steps=100",
            "train_params.checkpoint_every=30",
            "train_params.num_samples=6",
            "train_params.sample_steps=10",
            "train_params.ema_decay=0",
        ];
        for change in base.iter().chain(changes) {
            let (key, value) = change.split_once('=').unwrap();
            config.set(key, value).unwrap();
        }
        config
    }

    #[test]
    fn samples_and_validation_count_a_third_of_what_is_trained() {
        let of = |changes: &[&str]| workload(&config(changes), 40).round() as u64;
        // After 30, 60, 90 and 100 steps six pictures in ten steps each.
        assert_eq!(of(&[]), 400 + 4 * 60 / 3);
        assert_eq!(of(&["train_params.sample_every=50"]), 400 + 2 * 60 / 3);
        let averaged = "train_params.ema_decay=0.9";
        assert_eq!(of(&[averaged]), 400 + 4 * 2 * 60 / 3);
        assert_eq!(of(&[averaged, "train_params.sample_raw=false"]), 400 + 4 * 60 / 3);
        assert_eq!(of(&["model_params.num_classes=3"]), 400 + 4 * 2 * 60 / 3);
        assert_eq!(of(&["autoencoder_params.kind=kl"]), 400 + 4 * 3 / 3);
        // A quarter of the images is held out, and measured with every checkpoint.
        let held_out = "train_params.validation_share=0.25";
        assert_eq!(of(&[held_out]), 400 + (4 * 60 + 4 * 10) / 3);
        // After 20, 30, 40, 60, 80, 90 and 100 steps.
        let often = [held_out, "train_params.validate_every=20"];
        assert_eq!(of(&often), 400 + (4 * 60 + 7 * 10) / 3);
    }

    #[test]
    fn what_is_due_at_one_of_two_intervals_is_counted_once() {
        let counted = |one: u64, other: u64| {
            let due = |step: &u64| {
                step.is_multiple_of(one) || other > 0 && step.is_multiple_of(other) || *step == 100
            };
            (1..=100).filter(due).count() as u64
        };
        for (one, other) in [(30, 20), (30, 0), (7, 3), (25, 50), (40, 40), (1, 9)] {
            assert_eq!(times_of_either(100, one, other), counted(one, other), "{one} {other}");
        }
    }
}
