//! How much noise each timestep adds.

use super::{BetaSchedule, DiffusionParams};

impl DiffusionParams {
    /// The variance of the noise that each timestep adds, the first timestep first.
    pub fn betas(&self) -> Vec<f64> {
        let (first, last, steps) = (self.beta_start, self.beta_end, self.num_timesteps);
        let betas: Vec<f64> = match self.beta_schedule {
            BetaSchedule::Linear => between(first, last, steps).collect(),
            BetaSchedule::ScaledLinear => {
                between(first.sqrt(), last.sqrt(), steps).map(|root| root * root).collect()
            }
            BetaSchedule::Cosine => cosine(steps),
            BetaSchedule::Sigmoid => between(-6.0, 6.0, steps)
                .map(|x: f64| first + (last - first) / (1.0 + (-x).exp()))
                .collect(),
        };
        if self.rescale_zero_snr { ending_in_noise(&betas) } else { betas }
    }
}

/// The share of the picture's variance that is left at each timestep.
pub fn alphas_cumprod(betas: &[f32]) -> Vec<f32> {
    // Accumulated in f64 and rounded once a step, as PyTorch's cumprod does on the CPU.
    let products = betas.iter().scan(1f64, |product, beta| {
        *product *= f64::from(1.0 - beta);
        Some(*product as f32)
    });
    products.collect()
}

/// What makes a schedule useless.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleFlaw {
    /// In 32 bits, the first timestep adds no noise.
    BeginsClean,
    /// In 32 bits, nothing of the picture is left at this timestep, and it is not the last.
    EndsEarly(usize),
}

impl ScheduleFlaw {
    pub fn of(betas: &[f32]) -> Option<Self> {
        let left = alphas_cumprod(betas);
        if left.first().is_none_or(|&share| share >= 1.0) {
            return Some(Self::BeginsClean);
        }
        let gone = left.iter().position(|&share| share <= 0.0)?;
        (gone + 1 < left.len()).then_some(Self::EndsEarly(gone))
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
