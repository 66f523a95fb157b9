//! Heun's method on the probability flow: algorithm 1 of Karras et al. 2022 (arXiv 2206.00364)
//! without churn.

use candle_core::Tensor;

use super::{Denoiser, Level, Path, Sampler};
use crate::Result;

/// Second order, two evaluations a step; the last step is Euler's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Heun;

impl Sampler for Heun {
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
        let (x0, slope) = denoiser.slope(x, leg.from)?;
        if leg.to.is_clean() {
            return Ok((x0.clone(), x0));
        }
        let fall = leg.to.sigma() - leg.from.sigma();
        let there = leg.carry(1.0, x, &[(fall, &slope)])?;
        let (_, slope_there) = denoiser.slope(&there, leg.to)?;
        let next = leg.carry(1.0, x, &[(fall / 2.0, &slope), (fall / 2.0, &slope_there)])?;
        Ok((next, x0))
    }
}
