//! SDE-DPM-Solver++(2M): DPM-Solver++ on the diffusion SDE, Lu et al. 2022 (arXiv 2211.01095),
//! section 5 and appendix.

use candle_core::Tensor;

use super::dpmpp_2m::extrapolated;
use super::history::History;
use super::{Denoiser, Path, Sampler};
use crate::Result;

/// Second order from the estimates of two steps, one evaluation a step, fresh noise at each.
#[derive(Clone, Debug)]
pub struct DpmPp2mSde {
    pictures: History,
}

impl Default for DpmPp2mSde {
    fn default() -> Self {
        Self { pictures: History::new(2) }
    }
}

impl Sampler for DpmPp2mSde {
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let x0 = denoiser.estimate(x, leg.from)?.x0;
        self.pictures.push(leg.from, x0.clone());
        let kept = leg.kept() * leg.kept(); // exp(-2h), h the growth of lambda
        let mut terms = extrapolated(&self.pictures, &leg, 1.0 - kept);
        if leg.to.is_clean() {
            return Ok((leg.carry(kept, x, &terms)?, x0));
        }
        let z = (denoiser.noise)()?;
        terms.push((leg.to.sigma() * (1.0 - kept).sqrt(), &z));
        Ok((leg.carry(kept, x, &terms)?, x0))
    }
}
