//! Linear multistep (Adams-Bashforth) on the probability flow, with steps of any length.

use candle_core::Tensor;

use super::history::History;
use super::{Denoiser, Level, Path, Sampler};
use crate::Result;

/// How many slopes a step is made from at most.
const ORDER: usize = 4;

/// Fourth order, one evaluation a step.
#[derive(Clone, Debug)]
pub struct Lms {
    /// d(x/signal)/d(sigma) of the last steps.
    slopes: History,
}

impl Default for Lms {
    fn default() -> Self {
        Self { slopes: History::new(ORDER) }
    }
}

impl Sampler for Lms {
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
        self.slopes.push(leg.from, slope);
        let nodes: Vec<f64> = self.slopes.levels().map(Level::sigma).collect();
        let weights = weights(&nodes, leg.to.sigma());
        let terms: Vec<_> = weights.into_iter().zip(self.slopes.tensors()).collect();
        Ok((leg.carry(1.0, x, &terms)?, x0))
    }
}

/// The integral from `nodes[0]` to `end` of each Lagrange polynomial through `nodes`. Simpson's
/// rule gives it exactly, because the polynomials are of third degree at most.
fn weights(nodes: &[f64], end: f64) -> Vec<f64> {
    let start = nodes[0];
    let lagrange = |at: usize, sigma: f64| -> f64 {
        let others = nodes.iter().enumerate().filter(|(other, _)| *other != at);
        others.map(|(_, node)| (sigma - node) / (nodes[at] - node)).product()
    };
    (0..nodes.len())
        .map(|at| {
            let middle = 4.0 * lagrange(at, (start + end) / 2.0);
            (end - start) / 6.0 * (lagrange(at, start) + middle + lagrange(at, end))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_steps_have_the_weights_of_adams_and_bashforth() {
        let found = weights(&[4.0, 3.0, 2.0, 1.0], 5.0);
        let wanted = [55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0];
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{found:?}");
    }
}
