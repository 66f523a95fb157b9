//! Where a run stands: what there is of it whatever it trains.

use std::collections::BTreeMap;

use candle_core::{Tensor, Var};

use super::StepReport;
use super::beginning::begin_from;
use super::descent::{Descent, norm};
use super::ema::Ema;
use super::learning_rate::LearningRate;
use super::validation::ValidationLoss;
use crate::checkpoint::{Checkpoint, DatasetFacts, Header};
use crate::config::RunConfig;
use crate::data::ImageSet;
use crate::unet::Weights;
use crate::{Error, Result};

/// Weights with optimizer, average and learning rate, and the step they stand at.
#[derive(Debug)]
pub(super) struct Standing {
    pub descent: Descent,
    pub ema: Option<Ema>,
    pub rate: LearningRate,
    pub facts: DatasetFacts,
    pub total_steps: u64,
    /// Steps done.
    pub step: u64,
}

impl Standing {
    /// Before step 1 of the run of `config` on `data`.
    pub fn new(vars: BTreeMap<String, Var>, config: &RunConfig, data: &ImageSet) -> Result<Self> {
        let train = &config.train_params;
        let total_steps = train.total_steps(data.len()) as u64;
        let average = |decay| Ema::new(&vars, decay, train.ema_warmup);
        Ok(Self {
            ema: train.average_decay().map(average).transpose()?,
            descent: Descent::new(vars, train)?,
            rate: LearningRate::new(train, total_steps)?,
            facts: DatasetFacts::of(config, data),
            total_steps,
            step: 0,
        })
    }

    /// Moves the weights by the gradients of `step`, whose norm is `norm`, and the average after them.
    pub fn advance(&mut self, step: u64, gradients: &Weights, norm: f64) -> Result<()> {
        self.descent.step(gradients, norm, self.rate.at(step))?;
        match &mut self.ema {
            Some(ema) => ema.update(&self.descent.vars, step),
            None => Ok(()),
        }
    }

    /// Whether all weights are numbers, also those that no image of a step needs.
    pub fn check_weights(&self) -> Result<()> {
        match norm(&self.descent.weights())?.is_finite() {
            true => Ok(()),
            false => Err(Error::Diverged("the weights were not numbers any more".into())),
        }
    }

    /// What is told of `step`, but for its loss by timesteps.
    pub fn report(
        &self,
        (step, epoch): (u64, u64),
        images: usize,
        loss: f32,
        norm: f64,
    ) -> StepReport {
        StepReport {
            step,
            total_steps: self.total_steps,
            epoch,
            learning_rate: self.rate.at(step),
            loss,
            buckets: [None; 4],
            grad_norm: norm as f32,
            images,
        }
    }

    /// Takes over the weights of `checkpoint`.
    pub fn begin_from(&self, checkpoint: &Checkpoint) -> Result<()> {
        begin_from(checkpoint, &self.descent.vars, self.ema.as_ref())
    }

    /// The averaged weights where there are any.
    pub fn drawing_weights(&self) -> Weights {
        self.ema.as_ref().map_or_else(|| self.descent.weights(), Ema::weights)
    }

    /// What `loss` says of the weights and of their average, cut off from any gradients: a pass keeps
    /// nothing for one.
    pub fn validate(&self, loss: impl Fn(&Weights) -> Result<f32>) -> Result<ValidationLoss> {
        let of = |weights| loss(&detached(weights));
        let ema_loss = self.ema.as_ref().map(|ema| of(ema.weights())).transpose()?;
        Ok(ValidationLoss { loss: of(self.descent.weights())?, ema_loss })
    }

    /// What stands now, under `header` but for the step.
    pub fn checkpoint(&self, header: Header) -> Checkpoint {
        Checkpoint {
            header: Header { step: self.step, ..header },
            weights: self.descent.weights(),
            ema: self.ema.as_ref().map(Ema::weights),
            autoencoder: None,
        }
    }

    /// All that [`Standing::restore`] needs but the step, by name, for a file.
    pub fn state(&self) -> BTreeMap<String, &Tensor> {
        self.descent.state().chain(self.ema.iter().flat_map(Ema::state)).collect()
    }

    /// Goes back to what was saved after `step`.
    pub fn restore(&mut self, saved: &Weights, step: u64) -> Result<()> {
        self.descent.restore(saved, step)?;
        if let Some(ema) = &mut self.ema {
            ema.restore(saved)?;
        }
        self.step = step;
        Ok(())
    }
}

/// Weights cut off from any gradients.
pub(super) fn detached(weights: Weights) -> Weights {
    weights.into_iter().map(|(name, weight)| (name, weight.detach())).collect()
}
