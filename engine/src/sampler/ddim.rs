//! Denoising diffusion implicit models, Song et al. 2020 (arXiv 2010.02502), with eta 0.

use candle_core::Tensor;

use super::{Sampler, leading_timesteps, predict_x0};
use crate::Result;
use crate::schedule::NoiseSchedule;

/// Adds no noise on the way: the picture is a function of the noise it begins as.
#[derive(Clone, Debug)]
pub struct Ddim {
    schedule: NoiseSchedule,
    timesteps: Vec<usize>,
    stride: usize,
    clip: bool,
}

impl Ddim {
    pub fn new(schedule: &NoiseSchedule, steps: usize) -> Self {
        Self {
            timesteps: leading_timesteps(schedule.timesteps(), steps),
            stride: schedule.timesteps() / steps,
            clip: true,
            schedule: schedule.clone(),
        }
    }

    /// Whether the prediction of x0 that the step is computed from is clipped to [-1, 1].
    pub fn with_clip(self, clip: bool) -> Self {
        Self { clip, ..self }
    }
}

impl Sampler for Ddim {
    fn timesteps(&self) -> &[usize] {
        &self.timesteps
    }

    fn step(
        &self,
        index: usize,
        x: &Tensor,
        noise_pred: &Tensor,
        _z: &mut dyn FnMut() -> Result<Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        let t = self.timesteps[index];
        let abar = |t: usize| f64::from(self.schedule.alphas_cumprod()[t]);
        let before = t.checked_sub(self.stride).map_or(1.0, abar);
        let raw = predict_x0(x, noise_pred, abar(t))?;
        let x0 = raw.clamp(-1f32, 1f32)?;
        let picture = (if self.clip { &x0 } else { &raw } * before.sqrt())?;
        Ok(((picture + (noise_pred * (1.0 - before).sqrt())?)?, x0))
    }
}
