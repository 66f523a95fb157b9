//! Ancestral sampling of Ho et al. 2020 (arXiv 2006.11239).

use candle_core::Tensor;

use super::{Sampler, leading_timesteps, predict_x0};
use crate::Result;
use crate::schedule::NoiseSchedule;

/// The variance of the noise added at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// The posterior's, beta (1 - abar_prev) / (1 - abar): right if the data were one point.
    Small,
    /// beta: right if the data were a unit Gaussian.
    Large,
}

/// Through all timesteps, this is the reference's sampler. Through fewer, the steps between are
/// merged into one with the product of their alphas (Nichol & Dhariwal 2021, arXiv 2102.09672), and
/// x0 is clipped, without which the longer steps overshoot.
#[derive(Clone, Debug)]
pub struct Ddpm {
    schedule: NoiseSchedule,
    timesteps: Vec<usize>,
    stride: usize,
    clip: bool,
    variance: Variance,
}

impl Ddpm {
    pub fn new(schedule: &NoiseSchedule, steps: usize) -> Self {
        Self {
            timesteps: leading_timesteps(schedule.timesteps(), steps),
            stride: schedule.timesteps() / steps,
            clip: steps < schedule.timesteps(),
            variance: Variance::Small,
            schedule: schedule.clone(),
        }
    }

    /// Whether the prediction of x0 that the step is computed from is clipped to [-1, 1].
    pub fn with_clip(self, clip: bool) -> Self {
        Self { clip, ..self }
    }

    pub fn with_variance(self, variance: Variance) -> Self {
        Self { variance, ..self }
    }

    fn alpha_cumprod(&self, timestep: Option<usize>) -> f64 {
        timestep.map_or(1.0, |t| f64::from(self.schedule.alphas_cumprod()[t]))
    }
}

impl Sampler for Ddpm {
    fn timesteps(&self) -> &[usize] {
        &self.timesteps
    }

    fn step(
        &self,
        index: usize,
        x: &Tensor,
        noise_pred: &Tensor,
        z: &mut dyn FnMut() -> Result<Tensor>,
    ) -> Result<(Tensor, Tensor)> {
        let t = self.timesteps[index];
        let now = self.alpha_cumprod(Some(t));
        let before = self.alpha_cumprod(t.checked_sub(self.stride));
        let alpha = now / before;
        let raw = predict_x0(x, noise_pred, now)?;
        let x0 = raw.clamp(-1f32, 1f32)?;
        let from_x0 = before.sqrt() * (1.0 - alpha) / (1.0 - now);
        let from_x = alpha.sqrt() * (1.0 - before) / (1.0 - now);
        let mean = ((if self.clip { &x0 } else { &raw } * from_x0)? + (x * from_x)?)?;
        if t == 0 {
            return Ok((mean, x0));
        }
        let variance = match self.variance {
            Variance::Small => ((1.0 - before) / (1.0 - now) * (1.0 - alpha)).max(1e-20),
            Variance::Large => 1.0 - alpha,
        };
        Ok(((mean + (z()? * variance.sqrt())?)?, x0))
    }
}
