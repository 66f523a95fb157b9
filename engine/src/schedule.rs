//! How noise is added over time: betas, alphas, their cumulative products.

use candle_core::{Device, Tensor};

use crate::Result;
use crate::config::{DiffusionParams, alphas_cumprod};

/// The variance schedule of a diffusion process with T timesteps (Ho et al. 2020, arXiv 2006.11239).
///
/// Computed in f32, in the order the reference computes it, so that its weights see the same numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSchedule {
    betas: Vec<f32>,
    alphas_cumprod: Vec<f32>,
}

impl NoiseSchedule {
    /// The betas that `params` describe.
    pub fn new(params: &DiffusionParams) -> Self {
        Self::from_betas(params.betas().into_iter().map(|beta| beta as f32).collect())
    }

    /// Any betas in (0, 1], the first timestep first.
    pub fn from_betas(betas: Vec<f32>) -> Self {
        let alphas_cumprod = alphas_cumprod(&betas);
        Self { betas, alphas_cumprod }
    }

    /// T.
    pub fn timesteps(&self) -> usize {
        self.betas.len()
    }

    pub fn betas(&self) -> &[f32] {
        &self.betas
    }

    /// The share of the picture's variance left at each timestep.
    pub fn alphas_cumprod(&self) -> &[f32] {
        &self.alphas_cumprod
    }

    /// Signal-to-noise ratio at timestep `t`: alpha_cumprod / (1 - alpha_cumprod).
    pub fn snr(&self, t: usize) -> f32 {
        let alpha = self.alphas_cumprod[t];
        alpha / (1.0 - alpha)
    }

    /// x_t = sqrt(alpha_cumprod_t) x0 + sqrt(1 - alpha_cumprod_t) noise, a timestep for each image.
    ///
    /// `x0`, `noise`: (batch, channels, height, width).
    pub fn add_noise(&self, x0: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Result<Tensor> {
        let picture = x0.broadcast_mul(&self.signals(timesteps, x0.device())?)?;
        let grain = noise.broadcast_mul(&self.noises(timesteps, x0.device())?)?;
        Ok((picture + grain)?)
    }

    /// v_t = sqrt(alpha_cumprod_t) noise - sqrt(1 - alpha_cumprod_t) x0 (Salimans & Ho 2022, arXiv
    /// 2202.00512). Shapes as for [`NoiseSchedule::add_noise`].
    pub fn velocity(&self, x0: &Tensor, noise: &Tensor, timesteps: &[usize]) -> Result<Tensor> {
        let grain = noise.broadcast_mul(&self.signals(timesteps, x0.device())?)?;
        let picture = x0.broadcast_mul(&self.noises(timesteps, x0.device())?)?;
        Ok((grain - picture)?)
    }

    /// sqrt(alpha_cumprod) at each timestep: (batch, 1, 1, 1).
    pub(crate) fn signals(&self, timesteps: &[usize], device: &Device) -> Result<Tensor> {
        self.roots(timesteps, |alpha| alpha, device)
    }

    /// sqrt(1 - alpha_cumprod) at each timestep: (batch, 1, 1, 1).
    pub(crate) fn noises(&self, timesteps: &[usize], device: &Device) -> Result<Tensor> {
        self.roots(timesteps, |alpha| 1.0 - alpha, device)
    }

    fn roots(&self, timesteps: &[usize], of: fn(f32) -> f32, device: &Device) -> Result<Tensor> {
        let root = |&t: &usize| of(self.alphas_cumprod[t]).sqrt();
        let values: Vec<f32> = timesteps.iter().map(root).collect();
        Ok(Tensor::from_vec(values, (timesteps.len(), 1, 1, 1), device)?)
    }

    /// The reverse step of the reference: from `xt` and the predicted noise to x_{t-1}, and the
    /// prediction of x0 clamped to [-1, 1]. The mean is taken from the raw prediction; `z` is unit
    /// Gaussian noise, unused at t = 0.
    pub fn reverse_step(
        &self,
        xt: &Tensor,
        noise_pred: &Tensor,
        z: &Tensor,
        t: usize,
    ) -> Result<(Tensor, Tensor)> {
        let (beta, alpha_cumprod) = (self.betas[t], self.alphas_cumprod[t]);
        let noise_share = (1.0 - alpha_cumprod).sqrt();
        let x0 = ((xt - (noise_pred * f64::from(noise_share))?)?
            / f64::from(alpha_cumprod.sqrt()))?
        .clamp(-1f32, 1f32)?;
        let mean = ((xt - (noise_pred * f64::from(beta / noise_share))?)?
            / f64::from((1.0 - beta).sqrt()))?;
        if t == 0 {
            return Ok((mean, x0));
        }
        let variance = beta * (1.0 - self.alphas_cumprod[t - 1]) / (1.0 - alpha_cumprod);
        Ok(((mean + (z * f64::from(variance.sqrt()))?)?, x0))
    }
}

/// Sinusoidal embedding of timesteps: (batch, dim), sines first, frequencies 10000^(-i / (dim/2)).
pub fn time_embedding(timesteps: &[f32], dim: usize, device: &Device) -> Result<Tensor> {
    let half = dim / 2;
    let factors: Vec<f32> = (0..half).map(|i| 10_000f32.powf(i as f32 / half as f32)).collect();
    let mut values = Vec::with_capacity(timesteps.len() * dim);
    for t in timesteps {
        values.extend(factors.iter().map(|factor| (t / factor).sin()));
        values.extend(factors.iter().map(|factor| (t / factor).cos()));
    }
    Ok(Tensor::from_vec(values, (timesteps.len(), dim), device)?)
}
