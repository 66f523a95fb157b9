//! Denoising diffusion implicit models, Song et al. 2020 (arXiv 2010.02502).

use candle_core::Tensor;

use super::{Denoiser, Leg, Path, Sampler, weighted_sum};
use crate::Result;

/// With eta 0 no noise is added on the way: the picture is a function of the noise it begins as.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ddim {
    /// The share of DDPM's noise that is added at a step, 0 to 1.
    pub eta: f64,
    /// Whether the Gaussian of a step is the one that goes with the clipped picture, as diffusers
    /// calls it. Without, a clipped step no longer lies on the way of its x, and guidance in pixels
    /// drifts off it step by step.
    pub use_clipped_model_output: bool,
}

impl Ddim {
    /// As pictures are drawn by it: within the range of pixels.
    pub fn with_eta(eta: f64) -> Self {
        Self { eta, use_clipped_model_output: true }
    }

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
        let (x0, noise) = match self.use_clipped_model_output {
            true => denoiser.slope(x, leg.from)?,
            false => {
                let estimate = denoiser.estimate(x, leg.from)?;
                (estimate.x0, estimate.noise)
            }
        };
        let before = leg.to.alpha_cumprod;
        let deviation = self.deviation(&leg);
        let direction = (1.0 - before - deviation * deviation).max(0.0).sqrt();
        // Equation 12.
        let next = weighted_sum(before.sqrt(), &x0, [(direction, &noise)])?;
        if deviation == 0.0 {
            return Ok((next, x0));
        }
        Ok((weighted_sum(1.0, &next, [(deviation, &(denoiser.noise)()?)])?, x0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{DiffusionParams, Prediction, VarianceType};
    use crate::sampler::{Clipping, Spacing};
    use crate::schedule::NoiseSchedule;
    use candle_core::Device;

    /// Where a step from `x` ends if the network tells a picture far outside the range, as guidance
    /// makes it.
    fn step(use_clipped_model_output: bool) -> (f32, f32) {
        let schedule = NoiseSchedule::new(&DiffusionParams::default());
        let path = Path::new(&schedule, Spacing::Leading, 10);
        let x = Tensor::new(&[0.5f32], &Device::Cpu).unwrap();
        let mut denoiser = Denoiser {
            network: &mut |x, _| Ok((x.ones_like()? * 3.0)?),
            prediction: Prediction::Picture,
            variance: VarianceType::FixedSmall,
            clipping: Clipping::PIXELS,
            noise: &mut || unreachable!("eta is 0"),
        };
        let mut ddim = Ddim { eta: 0.0, use_clipped_model_output };
        let (next, x0) = ddim.step(&path, 4, &x, &mut denoiser).unwrap();
        let first = |tensor: &Tensor| tensor.to_vec1::<f32>().unwrap()[0];
        let to = path.legs()[4].to;
        // The Gaussian that the next x holds beside the picture.
        let noise = (first(&next) - to.signal() as f32 * first(&x0)) / to.noise() as f32;
        let from = path.legs()[4].from;
        let held = (0.5 - from.signal() as f32 * first(&x0)) / from.noise() as f32;
        (noise, held)
    }

    #[test]
    fn a_clipped_step_stays_on_the_way_of_its_x() {
        let (noise, held) = step(true);
        assert!((noise - held).abs() < 1e-5, "{noise} {held}");
        let (noise, held) = step(false);
        assert!((noise - held).abs() > 0.1, "{noise} {held}");
    }
}
