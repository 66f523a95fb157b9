//! Weights that go down the slope of a loss.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::adam::Adam;
use super::state;
use super::trainer::{clipping, norm, of_weights};
use crate::Result;
use crate::config::TrainParams;
use crate::kernels;
use crate::unet::Weights;

/// Weights with their optimizer.
#[derive(Debug)]
pub(super) struct Descent {
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

    /// Moves every weight against its gradient, as far as `rate` and the limit on gradients let it.
    pub fn step(&mut self, grads: &Weights, rate: f64) -> Result<()> {
        let scale = clipping(&self.params, norm(grads)?);
        self.adam.step(&self.vars, grads, rate, scale)
    }

    pub fn weights(&self) -> Weights {
        self.vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect()
    }

    /// The weights cut off from any gradients. They change as the weights do.
    pub fn still(&self) -> Weights {
        self.weights().into_iter().map(|(name, weight)| (name, weight.detach())).collect()
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
