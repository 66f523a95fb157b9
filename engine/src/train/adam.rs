//! Adam as PyTorch has it (Kingma & Ba 2014, arXiv 1412.6980), and AdamW (Loshchilov & Hutter 2017,
//! arXiv 1711.05101), with a state that can be saved.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use crate::Result;
use crate::config::TrainParams;
use crate::kernels::{self, AdamStep};
use crate::unet::Weights;

const EPSILON: f64 = 1e-8;

/// Running means of each weight's gradient and of its square.
#[derive(Debug)]
pub struct Adam {
    first: BTreeMap<String, Var>,
    second: BTreeMap<String, Var>,
    steps: u64,
    beta1: f64,
    beta2: f64,
    weight_decay: f64,
    decay_norms: bool,
}

impl Adam {
    pub fn new(vars: &BTreeMap<String, Var>, params: &TrainParams) -> Result<Self> {
        let zeros = || {
            let zero = |(name, var): (&String, &Var)| {
                Ok((name.clone(), Var::from_tensor(&var.zeros_like()?)?))
            };
            vars.iter().map(zero).collect::<Result<BTreeMap<_, _>>>()
        };
        Ok(Self {
            first: zeros()?,
            second: zeros()?,
            steps: 0,
            beta1: params.adam_beta1,
            beta2: params.adam_beta2,
            weight_decay: params.weight_decay,
            decay_norms: params.decay_norms,
        })
    }

    /// Moves every weight against its gradient, which is first multiplied by `scale`.
    pub fn step(
        &mut self,
        vars: &BTreeMap<String, Var>,
        grads: &Weights,
        rate: f64,
        scale: f64,
    ) -> Result<()> {
        self.steps += 1;
        let count = self.steps as i32;
        let step = AdamStep {
            beta1: self.beta1,
            beta2: self.beta2,
            epsilon: EPSILON,
            rate: rate / (1.0 - self.beta1.powi(count)),
            root_correction: (1.0 - self.beta2.powi(count)).sqrt(),
            scale,
            kept: 1.0,
        };
        for (name, var) in vars {
            let Some(grad) = grads.get(name) else { continue };
            // Biases and norms have one dimension.
            let decays = var.rank() > 1 || self.decay_norms;
            let decay = if decays { self.weight_decay } else { 0.0 };
            let step = AdamStep { kept: 1.0 - rate * decay, ..step };
            kernels::adam(var, &self.first[name], &self.second[name], grad, step)?;
        }
        Ok(())
    }

    /// All running means by name, for a file.
    pub(super) fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        let first = self.first.iter().map(|(name, var)| (format!("m.{name}"), var.as_tensor()));
        let second = self.second.iter().map(|(name, var)| (format!("v.{name}"), var.as_tensor()));
        first.chain(second)
    }

    /// Takes up where a saved state ended.
    pub(super) fn restore(&mut self, state: &Weights, steps: u64) -> Result<()> {
        for (prefix, means) in [("m.", &self.first), ("v.", &self.second)] {
            for (name, var) in means {
                super::state::restore(var, state, &format!("{prefix}{name}"))?;
            }
        }
        self.steps = steps;
        Ok(())
    }
}
