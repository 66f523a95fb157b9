//! Ancestral sampling of Ho et al. 2020 (arXiv 2006.11239).

use candle_core::Tensor;

use super::{Denoiser, Path, Sampler, weighted_sum};
use crate::Result;

/// The variance of the noise added at a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variance {
    /// The posterior's, beta (1 - abar_prev) / (1 - abar): right if the data were one point.
    #[default]
    Small,
    /// beta: right if the data were a unit Gaussian.
    Large,
}

/// Through all timesteps, this is the reference's sampler. Through fewer, the steps between are
/// merged into one with the product of their alphas (Nichol & Dhariwal 2021, arXiv 2102.09672).
#[derive(Clone, Copy, Debug, Default)]
pub struct Ddpm {
    pub variance: Variance,
}

impl Sampler for Ddpm {
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let x0 = denoiser.estimate(x, leg.from)?.x0;
        let (now, before) = (leg.from.alpha_cumprod, leg.to.alpha_cumprod);
        let alpha = now / before;
        let from_x0 = before.sqrt() * (1.0 - alpha) / (1.0 - now);
        let from_x = alpha.sqrt() * (1.0 - before) / (1.0 - now);
        let mean = weighted_sum(from_x, x, [(from_x0, &x0)])?;
        if leg.to.is_clean() {
            return Ok((mean, x0));
        }
        let variance = match self.variance {
            Variance::Small => (1.0 - before) / (1.0 - now) * (1.0 - alpha),
            Variance::Large => 1.0 - alpha,
        };
        Ok((weighted_sum(1.0, &mean, [(variance.sqrt(), &(denoiser.noise)()?)])?, x0))
    }
}
