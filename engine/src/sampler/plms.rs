//! Pseudo linear multistep, Liu et al. 2022 (arXiv 2202.09778), begun with a step of Heun's kind
//! in place of Runge-Kutta's.

use candle_core::Tensor;

use super::history::History;
use super::{Denoiser, Leg, Path, Sampler, weighted_sum};
use crate::Result;

/// The weights of Adams and Bashforth for even steps, the newest estimate first.
const WEIGHTS: [&[f64]; 4] = [
    &[1.0],
    &[3.0 / 2.0, -1.0 / 2.0],
    &[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0],
    &[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0],
];

/// Fourth order in the timestep, which must fall evenly; one evaluation a step, two at the first.
#[derive(Clone, Debug)]
pub struct Plms {
    /// The estimated Gaussians of the last steps.
    noises: History,
}

impl Default for Plms {
    fn default() -> Self {
        Self { noises: History::new(WEIGHTS.len()) }
    }
}

impl Sampler for Plms {
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let (x0, noise) = denoiser.slope(x, leg.from)?;
        let is_first = self.noises.get(0).is_none();
        self.noises.push(leg.from, noise.clone());
        let noise = match is_first && !leg.to.is_clean() {
            true => {
                let there = transfer(&leg, x, &noise)?;
                let (_, noise_there) = denoiser.slope(&there, leg.to)?;
                weighted_sum(0.5, &noise, [(0.5, &noise_there)])?
            }
            false => self.extrapolated(&noise)?,
        };
        Ok((transfer(&leg, x, &noise)?, x0))
    }
}

impl Plms {
    fn extrapolated(&self, newest: &Tensor) -> Result<Tensor> {
        let weights = WEIGHTS[self.noises.tensors().len() - 1];
        let older = weights.iter().copied().zip(self.noises.tensors()).skip(1);
        weighted_sum(weights[0], newest, older)
    }
}

/// Equation 11 of the paper, which is DDIM's step written without x0.
fn transfer(leg: &Leg, x: &Tensor, noise: &Tensor) -> Result<Tensor> {
    leg.carry(1.0, x, &[(leg.to.sigma() - leg.from.sigma(), noise)])
}
