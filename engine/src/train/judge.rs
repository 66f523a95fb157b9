//! A network that learns to tell pictures from reconstructions, against an autoencoder that learns to
//! deceive it.

use candle_core::{Device, Tensor};

use super::descent::{Descent, Gradients, norm};
use super::shards::fold_shards;
use super::standing::detached;
use super::trainer::check_course;
use crate::Result;
use crate::autoencoder::{Discriminator, Network, Spec};
use crate::config::TrainParams;
use crate::kernels::record;
use crate::unet::Weights;

/// The discriminator of a run with its optimizer.
#[derive(Debug)]
pub(super) struct Judge {
    spec: Spec,
    device: Device,
    network: Discriminator,
    descent: Descent,
}

/// A part of a step's pictures, and what the autoencoder made of them: (batch, channels, height,
/// width), cut off from any gradients.
#[derive(Debug)]
pub(super) struct Pair {
    pub pictures: Tensor,
    pub reconstructions: Tensor,
}

impl Judge {
    /// With fresh weights, of which the first has the place `places`; none where none is wanted.
    pub fn new(
        spec: &Spec,
        params: &TrainParams,
        places: u64,
        device: &Device,
    ) -> Result<Option<Self>> {
        if spec.params.disc_weight == 0.0 {
            return Ok(None);
        }
        let (network, vars) = Discriminator::fresh(spec, params.seed, places, device)?;
        let descent = Descent::new(vars, params)?;
        Ok(Some(Self { spec: spec.clone(), device: device.clone(), network, descent }))
    }

    /// How many steps it has learned once the run has done `step`.
    pub fn steps_at(&self, step: u64) -> u64 {
        step.saturating_sub(self.spec.params.disc_start as u64)
    }

    /// Its doubt, times its weight, that `reconstructions` are pictures: (batch). Only they learn by
    /// it; none before it has begun to learn itself.
    pub fn doubt(&self, step: u64, reconstructions: &Tensor) -> Result<Option<Tensor>> {
        if self.steps_at(step) == 0 {
            return Ok(None);
        }
        let still = Discriminator::from_weights(&self.spec, &detached(self.descent.weights()))?;
        Ok(Some((still.error(reconstructions, 1.0)? * self.spec.params.disc_weight)?))
    }

    /// What there is to learn from what `step` saw: the gradients and their norm. None before it has
    /// begun.
    pub fn lesson(&self, step: u64, pairs: &[Pair]) -> Result<Option<(Weights, f64)>> {
        if self.steps_at(step) == 0 {
            return Ok(None);
        }
        let (gradients, loss) = self.backward(pairs)?;
        let norm = norm(&gradients)?;
        // One that knows nothing tells a half of everything.
        check_course(loss, norm, 0.25)?;
        Ok(Some((gradients, norm)))
    }

    /// Learns at this learning rate.
    pub fn learn(&mut self, (gradients, norm): &(Weights, f64), rate: f64) -> Result<()> {
        self.descent.step(gradients, *norm, rate)
    }

    fn backward(&self, pairs: &[Pair]) -> Result<(Weights, f32)> {
        let count =
            pairs.iter().map(|pair| pair.pictures.dim(0)).sum::<candle_core::Result<usize>>()?;
        let learn = |Pair { pictures, reconstructions }: &Pair| {
            let (loss, tape) = record(|| {
                let real = self.network.error(pictures, 1.0)?;
                let made = self.network.error(reconstructions, 0.0)?;
                Ok::<_, crate::Error>(((real + made)?.sum_all()? / (2.0 * count as f64))?)
            });
            let loss = loss?;
            let gradients = self.descent.gradients(tape.backward(&loss)?)?;
            Ok((gradients, loss.to_scalar::<f32>()?))
        };
        let (mut gradients, mut sum) = (Gradients::default(), 0f32);
        fold_shards(&self.device, pairs, learn, |(part, loss)| {
            sum += loss;
            gradients.add(part)
        })?;
        Ok((gradients.0, sum))
    }

    /// All that [`Judge::restore`] needs, by name, for a file.
    pub fn state(&self) -> impl Iterator<Item = (String, &Tensor)> {
        self.descent.state()
    }

    /// Goes back to where it stood after `step`.
    pub fn restore(&mut self, saved: &Weights, step: u64) -> Result<()> {
        self.descent.restore(saved, self.steps_at(step))
    }
}
