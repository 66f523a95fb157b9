//! DPM-Solver++(2M), Lu et al. 2022 (arXiv 2211.01095), algorithm 2.

use candle_core::Tensor;

use super::history::History;
use super::{Denoiser, Leg, Path, Sampler};
use crate::Result;

/// Second order from the estimates of two steps, one evaluation a step.
#[derive(Clone, Debug)]
pub struct DpmPp2m {
    pictures: History,
}

impl Default for DpmPp2m {
    fn default() -> Self {
        Self { pictures: History::new(2) }
    }
}

impl Sampler for DpmPp2m {
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
        let kept = leg.kept();
        let terms = extrapolated(&self.pictures, &leg, 1.0 - kept);
        Ok((leg.carry(kept, x, &terms)?, x0))
    }
}

/// `weight` times the picture half way down the leg, extrapolated in lambda from the last two
/// estimates. With one estimate, and where the leg ends without noise, it is the newest itself.
pub(super) fn extrapolated<'a>(
    pictures: &'a History,
    leg: &Leg,
    weight: f64,
) -> Vec<(f64, &'a Tensor)> {
    let slope = |(before, _): &(super::Level, Tensor)| {
        leg.lambda_gain() / (2.0 * (leg.from.lambda() - before.lambda()))
    };
    let older = pictures.get(1).filter(|_| !leg.to.is_clean());
    let share = older.map_or(0.0, slope);
    let newest = pictures.get(0).map(|(_, picture)| (weight * (1.0 + share), picture));
    let older = older.map(|(_, picture)| (-weight * share, picture));
    newest.into_iter().chain(older).collect()
}
