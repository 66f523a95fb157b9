//! How noise is added over time: betas, alphas, their cumulative products.

use candle_core::{Device, Tensor};

use crate::Result;
use crate::config::{BetaSchedule, DiffusionParams};

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
        let (first, last, steps) = (params.beta_start, params.beta_end, params.num_timesteps);
        let betas: Vec<f64> = match params.beta_schedule {
            BetaSchedule::Linear => between(first, last, steps).collect(),
            BetaSchedule::ScaledLinear => {
                between(first.sqrt(), last.sqrt(), steps).map(|root| root * root).collect()
            }
            BetaSchedule::Cosine => cosine(steps),
            BetaSchedule::Sigmoid => between(-6.0, 6.0, steps)
                .map(|x: f64| first + (last - first) / (1.0 + (-x).exp()))
                .collect(),
        };
        let betas = if params.rescale_zero_snr { ending_in_noise(&betas) } else { betas };
        Self::from_betas(betas.into_iter().map(|beta| beta as f32).collect())
    }

    /// Any betas in (0, 1], the first timestep first.
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

/// `steps` numbers from `first` to `last`, equally far apart.
fn between(first: f64, last: f64, steps: usize) -> impl Iterator<Item = f64> {
    let intervals = (steps - 1).max(1) as f64;
    (0..steps).map(move |step| first + (last - first) * step as f64 / intervals)
}

/// Nichol & Dhariwal 2021 (arXiv 2102.09672), equation 17, betas at most 0.999.
fn cosine(steps: usize) -> Vec<f64> {
    let share = |step: usize| {
        let angle = (step as f64 / steps as f64 + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2;
        angle.cos().powi(2)
    };
    (0..steps).map(|step| (1.0 - share(step + 1) / share(step)).min(0.999)).collect()
}

/// Betas stretched so that nothing of the picture is left at the last timestep, and the first one
/// stays: Lin et al. 2023 (arXiv 2305.08891), algorithm 1.
fn ending_in_noise(betas: &[f64]) -> Vec<f64> {
    let signals: Vec<f64> = betas
        .iter()
        .scan(1f64, |product, beta| {
            *product *= 1.0 - beta;
            Some(product.sqrt())
        })
        .collect();
    let (first, last) = (signals[0], signals[signals.len() - 1]);
    let products = signals.iter().map(|signal| ((signal - last) * first / (first - last)).powi(2));
    let before = std::iter::once(1.0).chain(products.clone());
    products.zip(before).map(|(product, before)| 1.0 - product / before).collect()
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
