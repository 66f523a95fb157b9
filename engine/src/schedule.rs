//! How noise is added over time: betas, alphas, their cumulative products.

use candle_core::{Device, Tensor};

use crate::Result;
use crate::config::DiffusionParams;

/// The variance schedule of a diffusion process with T timesteps (Ho et al. 2020, arXiv 2006.11239).
///
/// Computed in f32, in the order the reference computes it, so that its weights see the same numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSchedule {
    betas: Vec<f32>,
    alphas_cumprod: Vec<f32>,
}

impl NoiseSchedule {
    /// Betas growing linearly from `beta_start` to `beta_end`.
    pub fn new(params: &DiffusionParams) -> Self {
        let last = (params.num_timesteps - 1).max(1) as f64;
        let betas = (0..params.num_timesteps)
            .map(|t| {
                (params.beta_start + (params.beta_end - params.beta_start) * t as f64 / last) as f32
            })
            .collect();
        Self::from_betas(betas)
    }

    /// Any betas in (0, 1), the first timestep first.
    pub fn from_betas(betas: Vec<f32>) -> Self {
        // Accumulated in f64 and rounded once a step, as PyTorch's cumprod does on the CPU.
        let alphas_cumprod = betas
            .iter()
            .scan(1f64, |product, beta| {
                *product *= f64::from(1.0 - beta);
                Some(*product as f32)
            })
            .collect();
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
        let factor = |of: fn(f32) -> f32| -> Result<Tensor> {
            let values: Vec<f32> =
                timesteps.iter().map(|&t| of(self.alphas_cumprod[t]).sqrt()).collect();
            Ok(Tensor::from_vec(values, (timesteps.len(), 1, 1, 1), x0.device())?)
        };
        let picture = x0.broadcast_mul(&factor(|alpha| alpha)?)?;
        let grain = noise.broadcast_mul(&factor(|alpha| 1.0 - alpha)?)?;
        Ok((picture + grain)?)
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
