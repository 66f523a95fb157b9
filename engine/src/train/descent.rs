//! Weights that go down the slope of a loss.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::adam::Adam;
use super::state;
use crate::config::TrainParams;
use crate::kernels;
use crate::unet::Weights;
use crate::{Error, Result};

/// Weights with their optimizer.
#[derive(Debug)]
pub(crate) struct Descent {
    pub vars: BTreeMap<String, Var>,
    adam: Adam,
    params: TrainParams,
}

impl Descent {
    pub fn new(vars: BTreeMap<String, Var>, params: &TrainParams) -> Result<Self> {
        Ok(Self { adam: Adam::new(&vars, params)?, vars, params: params.clone() })
    }

    /// The gradient of each weight, all of which must have one.
    pub fn gradients(&self, grads: kernels::Gradients) -> Result<Weights> {
        of_weights(grads, &self.vars)
    }

    /// Moves every weight against its gradient, as far as `rate` and the limit on the gradients' norm
    /// let it.
    pub fn step(&mut self, grads: &Weights, norm: f64, rate: f64) -> Result<()> {
        let scale = clipping(&self.params, norm);
        self.adam.step(&self.vars, grads, rate, scale)
    }

    pub fn weights(&self) -> Weights {
        self.vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect()
    }

    /// All that [`Descent::restore`] needs, by name, for a file.
    pub fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let weights = self.vars.iter().map(|(name, var)| (format!("w.{name}"), var.as_tensor()));
        weights.chain(self.adam.state())
    }

    /// Takes up where a saved state ended, after `steps` steps of its own.
    pub fn restore(&mut self, saved: &Weights, steps: u64) -> Result<()> {
        for (name, var) in &self.vars {
            state::restore(var, saved, &format!("w.{name}"))?;
        }
        self.adam.restore(saved, steps)
    }
}

/// The gradient of each of `vars`, all of which must have one.
fn of_weights(mut grads: kernels::Gradients, vars: &BTreeMap<String, Var>) -> Result<Weights> {
    let take = |(name, var): (&String, &Var)| {
        let grad = grads
            .remove(var.as_tensor())
            .ok_or_else(|| Error::Checkpoint(format!("`{name}` received no gradient")))?;
        Ok((name.clone(), grad))
    };
    vars.iter().map(take).collect()
}

/// The sum of the gradients of the parts of a step.
#[derive(Default)]
pub(super) struct Gradients(pub Weights);

impl Gradients {
    pub fn add(&mut self, more: Weights) -> Result<()> {
        if self.0.is_empty() {
            self.0 = more;
            return Ok(());
        }
        for (name, grad) in more {
            let sum = (&self.0[&name] + grad)?;
            self.0.insert(name, sum);
        }
        Ok(())
    }
}

/// What the gradients are multiplied by, for their norm to be within its limit.
fn clipping(params: &TrainParams, norm: f64) -> f64 {
    let limit = params.grad_clip;
    if limit > 0.0 && norm > limit { limit / norm } else { 1.0 }
}

/// The norm of all gradients together, summed in the order of their names.
pub(crate) fn norm(grads: &Weights) -> Result<f64> {
    let mut sum = 0f64;
    for grad in grads.values() {
        sum += kernels::square_sum(grad)?;
    }
    Ok(sum.sqrt())
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    /// What Adam's mean of the gradients is after one step by a gradient of norm 10.
    fn mean_after_a_step(grad_clip: f64) -> Vec<f32> {
        let params = TrainParams { grad_clip, adam_beta1: 0.5, ..TrainParams::default() };
        let numbers = |numbers: [f32; 2]| Tensor::new(&numbers, &Device::Cpu).unwrap();
        let var = Var::from_tensor(&numbers([1.0, 1.0])).unwrap();
        let mut descent = Descent::new([("w".to_owned(), var)].into(), &params).unwrap();
        let gradients = Weights::from([("w".to_owned(), numbers([6.0, 8.0]))]);
        descent.step(&gradients, norm(&gradients).unwrap(), 0.1).unwrap();
        let mut state = descent.state();
        let (_, mean) = state.find(|(name, _)| name == "m.w").unwrap();
        mean.to_vec1().unwrap()
    }

    #[test]
    fn gradients_are_clipped_to_their_limit_and_keep_their_direction() {
        let near = |mean: Vec<f32>, wanted: [f32; 2]| {
            let differ = mean.iter().zip(wanted).any(|(a, b)| (a - b).abs() > 1e-6);
            assert!(!differ, "{mean:?} and {wanted:?}");
        };
        near(mean_after_a_step(2.0), [0.6, 0.8]);
        near(mean_after_a_step(20.0), [3.0, 4.0]);
        near(mean_after_a_step(0.0), [3.0, 4.0]);
    }
}
