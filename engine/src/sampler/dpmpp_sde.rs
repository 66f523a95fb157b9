//! DPM-Solver++ (2S) on the diffusion SDE, as k-diffusion has it after Lu et al. 2022
//! (arXiv 2211.01095).

use candle_core::Tensor;

use super::euler_a::ancestral;
use super::{Denoiser, Leg, Level, Path, Sampler, weighted_sum};
use crate::Result;

/// Second order, two evaluations a step, fresh noise at each; the last step has one and no noise.
#[derive(Clone, Copy, Debug, Default)]
pub struct DpmPpSde;

impl Sampler for DpmPpSde {
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
        let half = Leg { from: leg.from, to: path.middle(&leg) };
        let z = (denoiser.noise)()?;
        let there = noisy_step(&half, x, &x0, &z)?;
        let x0_there = denoiser.estimate(&there, half.to)?.x0;
        let z = whole_leg(&leg, &half, &z, &(denoiser.noise)()?)?;
        Ok((noisy_step(&leg, x, &x0_there, &z)?, x0))
    }
}

/// An exact step of the SDE if the picture were `x0` all the way.
fn noisy_step(leg: &Leg, x: &Tensor, x0: &Tensor, z: &Tensor) -> Result<Tensor> {
    let (down, up) = ancestral(leg.from.sigma(), leg.to.sigma());
    let kept = down / leg.from.sigma();
    leg.carry(kept, x, &[(1.0 - kept, x0), (up, z)])
}

/// The unit noise of the whole leg, of which `first` is the first half's: as on one Brownian path
/// over sigma, whose increments are independent and add up.
fn whole_leg(leg: &Leg, half: &Leg, first: &Tensor, second: &Tensor) -> Result<Tensor> {
    let share = (half.from.sigma() - half.to.sigma()) / (leg.from.sigma() - leg.to.sigma());
    weighted_sum(share.sqrt(), first, [((1.0 - share).sqrt(), second)])
}
