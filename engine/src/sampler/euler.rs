//! Euler's method on the probability flow of Karras et al. 2022 (arXiv 2206.00364).

use candle_core::Tensor;

use super::{Denoiser, Level, Path, Sampler};
use crate::Result;

/// First order, one evaluation a step, no noise on the way.
#[derive(Clone, Copy, Debug, Default)]
pub struct Euler;

impl Sampler for Euler {
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
        let kept = leg.kept();
        Ok((leg.carry(kept, x, &[(1.0 - kept, &x0)])?, x0))
    }
}
