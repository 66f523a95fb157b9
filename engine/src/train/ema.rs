//! The moving average of the weights, which draws better pictures than the weights themselves.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use crate::unet::Weights;
use crate::{Result, kernels};

/// average = decay x average + (1 - decay) x weight, after every step.
#[derive(Debug)]
pub struct Ema {
    average: BTreeMap<String, Var>,
    decay: f64,
    warms_up: bool,
}

impl Ema {
    /// Begins as the weights themselves. One that warms up forgets quickly at first.
    pub fn new(vars: &BTreeMap<String, Var>, decay: f64, warms_up: bool) -> Result<Self> {
        let copy = |(name, var): (&String, &Var)| {
            Ok((name.clone(), Var::from_tensor(&var.as_tensor().copy()?)?))
        };
        Ok(Self { average: vars.iter().map(copy).collect::<Result<_>>()?, decay, warms_up })
    }

    /// The decay at `step`, from 1.
    fn decay_at(&self, step: u64) -> f64 {
        match self.warms_up {
            true => self.decay.min((1.0 + step as f64) / (10.0 + step as f64)),
            false => self.decay,
        }
    }

    pub fn update(&mut self, vars: &BTreeMap<String, Var>, step: u64) -> Result<()> {
        let decay = self.decay_at(step);
        for (name, var) in vars {
            kernels::ema(&self.average[name], var, decay)?;
        }
        Ok(())
    }

    /// That of the weight called `name`.
    pub(super) fn average(&self, name: &str) -> Option<&Var> {
        self.average.get(name)
    }

    pub fn weights(&self) -> Weights {
        self.average.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect()
    }

    pub(super) fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.average.iter().map(|(name, var)| (format!("ema.{name}"), var.as_tensor()))
    }

    pub(super) fn restore(&mut self, state: &Weights) -> Result<()> {
        for (name, var) in &self.average {
            super::state::restore(var, state, &format!("ema.{name}"))?;
        }
        Ok(())
    }
}
