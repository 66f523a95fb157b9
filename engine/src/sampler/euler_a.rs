//! Euler's method with fresh noise at each step, as k-diffusion has it.

use candle_core::Tensor;

use super::{Denoiser, Level, Path, Sampler};
use crate::Result;

/// Goes down further than the step's end and adds noise to come back up to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct EulerAncestral;

impl Sampler for EulerAncestral {
    fn start_scale(&self, first: Level) -> f64 {
        first.noise()
    }

    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let x0 = denoiser.estimate(x, leg.from)?.x0;
        if leg.to.is_clean() {
            return Ok((x0.clone(), x0));
        }
        let (down, up) = ancestral(leg.from.sigma(), leg.to.sigma());
        let kept = down / leg.from.sigma();
        let z = (denoiser.noise)()?;
        Ok((leg.carry(kept, x, &[(1.0 - kept, &x0), (up, &z)])?, x0))
    }
}

/// The sigma to go down to, and the deviation of the noise that then leads up to `to`: together
/// they have the variance of DDPM's posterior, up² = to² (from² - to²) / from².
pub(super) fn ancestral(from: f64, to: f64) -> (f64, f64) {
    let kept = to / from;
    (to * kept, to * (1.0 - kept * kept).max(0.0).sqrt())
}
