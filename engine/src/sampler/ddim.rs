//! Denoising diffusion implicit models, Song et al. 2020 (arXiv 2010.02502).

use candle_core::Tensor;

use super::{Denoiser, Leg, Path, Sampler, weighted_sum};
use crate::Result;

/// With eta 0 no noise is added on the way: the picture is a function of the noise it begins as.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ddim {
    /// The share of DDPM's noise that is added at a step, 0 to 1.
    pub eta: f64,
}

impl Ddim {
    /// The standard deviation of the added noise, equation 16.
    fn deviation(&self, leg: &Leg) -> f64 {
        let (now, before) = (leg.from.alpha_cumprod, leg.to.alpha_cumprod);
        self.eta * ((1.0 - before) / (1.0 - now) * (1.0 - now / before)).sqrt()
    }
}

impl Sampler for Ddim {
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let estimate = denoiser.estimate(x, leg.from)?;
        let before = leg.to.alpha_cumprod;
        let deviation = self.deviation(&leg);
        let direction = (1.0 - before - deviation * deviation).max(0.0).sqrt();
        // Equation 12.
        let next = weighted_sum(before.sqrt(), &estimate.x0, [(direction, &estimate.noise)])?;
        if deviation == 0.0 {
            return Ok((next, estimate.x0));
        }
        Ok((weighted_sum(1.0, &next, [(deviation, &(denoiser.noise)()?)])?, estimate.x0))
    }
}
