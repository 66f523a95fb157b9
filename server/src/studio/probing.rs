//! How fast a run would be, measured before it begins.

use std::time::{Duration, Instant};

use app::api::Speed;
use engine::CancelToken;
use engine::checkpoint::Checkpoint;
use engine::config::{RunConfig, ValidConfig};
use engine::train::workload;

use super::Darkroom;
use crate::{Error, Result};

/// How long steps are made.
const PROBE: Duration = Duration::from_secs(2);

/// A step may take long on a slow machine; then there is no speed to tell.
const PATIENCE: Duration = Duration::from_secs(60);

impl Darkroom {
    /// Makes steps of the run that `config` describes for about two seconds on the device.
    pub fn probe(&self, config: RunConfig) -> Result<Speed> {
        let config = config.validate()?;
        let images = self.datasets.count(&config.dataset_params.im_path)? as usize;
        let autoencoder = self.autoencoder(&config)?;
        self.check_training_memory(&config)?;
        if !self.live.is_idle() {
            return Err(Error::Conflict("the device is at work; measure when it is idle".into()));
        }
        let cancel = CancelToken::new();
        let (steps, token) = (config.clone(), cancel.clone());
        let measured = self
            .errands
            .leave(move |device| measure(&steps, images, autoencoder.as_ref(), device, &token));
        self.bell.ring();
        let speed = measured.recv_timeout(PATIENCE).map_err(|_| {
            cancel.cancel();
            Error::Conflict("no step was done within a minute".into())
        })??;
        let seconds = workload(&config, images) / speed;
        Ok(Speed { images_per_second: speed as f32, seconds: seconds as f32 })
    }
}

/// Images per second.
fn measure(
    config: &ValidConfig,
    images: usize,
    autoencoder: Option<&Checkpoint>,
    device: &candle_core::Device,
    cancel: &CancelToken,
) -> Result<f64> {
    let mut began = Instant::now();
    let mut enough = |images: usize| {
        if images == 0 {
            began = Instant::now();
        }
        began.elapsed() >= PROBE
    };
    let images = engine::train::probe(config, images, autoencoder, device, cancel, &mut enough)?;
    Ok(images as f64 / began.elapsed().as_secs_f64())
}
