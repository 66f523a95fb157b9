//! Adam as PyTorch has it (Kingma & Ba 2014, arXiv 1412.6980), with a state that can be saved.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use crate::Result;
use crate::kernels::{self, AdamStep};
use crate::unet::Weights;

const BETA1: f64 = 0.9;
const BETA2: f64 = 0.999;
const EPSILON: f64 = 1e-8;

/// Running means of each weight's gradient and of its square.
#[derive(Debug)]
pub struct Adam {
    first: BTreeMap<String, Var>,
    second: BTreeMap<String, Var>,
    steps: u64,
}

impl Adam {
    pub fn new(vars: &BTreeMap<String, Var>) -> Result<Self> {
        let zeros = || {
            let zero = |(name, var): (&String, &Var)| {
                Ok((name.clone(), Var::from_tensor(&var.zeros_like()?)?))
            };
            vars.iter().map(zero).collect::<Result<BTreeMap<_, _>>>()
        };
        Ok(Self { first: zeros()?, second: zeros()?, steps: 0 })
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
            beta1: BETA1,
            beta2: BETA2,
            epsilon: EPSILON,
            rate: rate / (1.0 - BETA1.powi(count)),
            root_correction: (1.0 - BETA2.powi(count)).sqrt(),
            scale,
        };
        for (name, var) in vars {
            let Some(grad) = grads.get(name) else { continue };
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
