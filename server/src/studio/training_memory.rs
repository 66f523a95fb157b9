//! Whether a run fits into this machine's memory.

use engine::checkpoint::Header;
use engine::config::{ConfigError, RunConfig};
use engine::train::memory_estimate;

use super::Darkroom;
use super::memory::Memory;
use crate::Result;

const FIELD: &str = "train_params.batch_size";

impl Darkroom {
    /// Whether the run of `config` fits into the memory that it can have. Errors name
    /// `train_params.batch_size` and the largest that fits. A card's memory is not known, and not asked;
    /// nor is that of a run whose autoencoder is gone, which goes on with its own.
    pub(super) fn check_training_memory(&self, config: &RunConfig) -> Result<()> {
        let Some(memory) = Memory::now().filter(|_| self.device.is_cpu()) else {
            return Ok(());
        };
        let Ok(autoencoder) = self.autoencoder_header(config) else { return Ok(()) };
        // Whether its images are there is told elsewhere.
        let images = self.datasets.count(&config.dataset_params.im_path).unwrap_or(0);
        Ok(fits(config, autoencoder.as_ref(), images, memory.for_a_run())?)
    }
}

fn fits(
    config: &RunConfig,
    autoencoder: Option<&Header>,
    images: u64,
    free: u64,
) -> std::result::Result<(), ConfigError> {
    let of_batch = |batch_size| {
        let mut config = config.clone();
        config.train_params.batch_size = batch_size;
        memory_estimate(&config, autoencoder, images, true)
    };
    let batch = config.train_params.batch_size;
    let taken = of_batch(batch);
    if taken <= free {
        return Ok(());
    }
    let way_out = match largest(batch, |batch| of_batch(batch) <= free) {
        0 => "give a smaller network, or smaller or fewer images".to_owned(),
        largest => format!("give at most {largest}, and more train_params.accumulation_steps"),
    };
    let told = |bytes: u64| format!("{:.1} GiB", bytes as f64 / f64::from(1 << 30));
    let (taken, free) = (told(taken), told(free));
    Err(ConfigError::one(
        FIELD,
        format!("{batch} images a step take about {taken} and {free} are free; {way_out}"),
    ))
}

/// A batch below `too_large` that `fits` where one image more does not; 0 if not even one image does.
/// A batch of one image more may take less, if it is cut into one shard more.
fn largest(too_large: usize, fits: impl Fn(usize) -> bool) -> usize {
    let (mut fitting, mut too_large) = (0, too_large);
    while too_large - fitting > 1 {
        let batch = fitting.midpoint(too_large);
        match fits(batch) {
            true => fitting = batch,
            false => too_large = batch,
        }
    }
    fitting
}

#[cfg(test)]
mod tests {
    use super::*;

    const FREE: u64 = 512 << 20;

    #[test]
    fn a_batch_that_cannot_fit_is_told_with_the_largest_that_would() {
        let two = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        two.install(batches_that_do_not_fit);
    }

    fn batches_that_do_not_fit() {
        let mut config = RunConfig::default();
        config.train_params.batch_size = 512;
        let error = fits(&config, None, 0, FREE).unwrap_err();
        let told = error.for_field(FIELD).unwrap();
        let words = told.split("at most ").nth(1).unwrap();
        let largest: usize = words.split(',').next().unwrap().parse().unwrap();
        config.train_params.batch_size = largest;
        assert_eq!(fits(&config, None, 0, FREE), Ok(()), "{told}");
        // A gray image of 28 by 28 is held in 784 bytes.
        assert!(fits(&config, None, FREE / 784, FREE).is_err());
        config.train_params.batch_size = largest + 1;
        assert!(fits(&config, None, 0, FREE).is_err(), "{told}");
        let tiny = fits(&config, None, 0, 1 << 20).unwrap_err();
        assert!(tiny.for_field(FIELD).unwrap().ends_with("smaller or fewer images"), "{tiny}");
    }
}
