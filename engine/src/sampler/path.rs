//! The way from noise to a picture, as a row of steps between levels of noise.

use candle_core::Tensor;

use super::level::{Level, Levels};
use super::spacing::Spacing;
use super::weighted_sum;
use crate::Result;
use crate::schedule::NoiseSchedule;

/// One step: the network is asked at `from`, and the picture comes to `to`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    pub from: Level,
    pub to: Level,
}

impl Leg {
    /// sigma of `to` over sigma of `from`: how much of the noise is left, in [0, 1).
    pub fn kept(&self) -> f64 {
        self.to.sigma() / self.from.sigma()
    }

    /// How much lambda grows; infinite where the leg ends without noise.
    pub fn lambda_gain(&self) -> f64 {
        self.to.lambda() - self.from.lambda()
    }

    /// x at `to` if x/signal, in which the papers of k-diffusion write their steps, becomes
    /// `kept` · x/signal + the sum of `terms`, each a factor and a tensor of x's shape.
    pub fn carry(&self, kept: f64, x: &Tensor, terms: &[(f64, &Tensor)]) -> Result<Tensor> {
        let scale = self.to.signal();
        let added = terms.iter().map(|(factor, tensor)| (scale * factor, *tensor));
        weighted_sum(scale / self.from.signal() * kept, x, added)
    }
}

/// The legs of a whole generation, the noisiest first.
#[derive(Clone, Debug)]
pub struct Path {
    levels: Levels,
    legs: Vec<Leg>,
}

impl Path {
    /// `steps` legs, 1 to T, of which the last ends without noise.
    pub fn new(schedule: &NoiseSchedule, spacing: Spacing, steps: usize) -> Self {
        let levels = Levels::new(schedule);
        let from = spacing.levels(&levels, steps);
        Self::through(levels, &from, Level::CLEAN)
    }

    /// A leg from each of `from` to the next, and from the last to `end`.
    pub(super) fn through(levels: Levels, from: &[Level], end: Level) -> Self {
        let to = from.iter().skip(1).copied().chain([end]);
        let legs = from.iter().zip(to).map(|(&from, to)| Leg { from, to }).collect();
        Self { levels, legs }
    }

    /// Legs chosen one by one.
    pub fn of_legs(schedule: &NoiseSchedule, legs: Vec<Leg>) -> Self {
        Self { levels: Levels::new(schedule), legs }
    }

    pub fn legs(&self) -> &[Leg] {
        &self.legs
    }

    /// The level half way down `leg` in lambda. The leg must not end without noise.
    pub fn middle(&self, leg: &Leg) -> Level {
        self.levels.of_sigma((leg.from.sigma() * leg.to.sigma()).sqrt())
    }
}
