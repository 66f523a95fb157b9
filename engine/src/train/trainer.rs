//! A network that learns, one step at a time.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor, Var, backprop::GradStore};

use super::adam::Adam;
use super::batch::Dealer;
use super::ema::Ema;
use super::learning_rate::learning_rate;
use super::loss::noise_loss;
use super::{StepReport, state, weights_of};
use crate::checkpoint::{Checkpoint, DatasetFacts, Header};
use crate::config::{ConfigError, RunConfig, ValidConfig};
use crate::data::ImageSet;
use crate::model::Model;
use crate::schedule::NoiseSchedule;
use crate::unet::{UNet, Weights};
use crate::{Error, Result};

/// Weights, optimizer and data of a run, and the step they stand at.
#[derive(Debug)]
pub struct Trainer<'a> {
    config: RunConfig,
    schedule: NoiseSchedule,
    device: Device,
    unet: UNet,
    vars: BTreeMap<String, Var>,
    adam: Adam,
    ema: Option<Ema>,
    dealer: Dealer<'a>,
    facts: DatasetFacts,
    total_steps: u64,
    step: u64,
}

impl<'a> Trainer<'a> {
    /// Fresh weights from the run's seed, standing before step 1.
    pub fn new(config: &ValidConfig, data: &'a ImageSet, device: &Device) -> Result<Self> {
        check_images(config, data)?;
        let train = &config.train_params;
        let (unet, vars) = UNet::fresh(&config.model_params, train.seed, device)?;
        let averaged = train.ema_decay > 0.0;
        Ok(Self {
            schedule: NoiseSchedule::new(&config.diffusion_params),
            adam: Adam::new(&vars)?,
            ema: averaged.then(|| Ema::new(&vars, train.ema_decay)).transpose()?,
            dealer: Dealer::new(
                data,
                train.seed,
                train.batch_size,
                config.diffusion_params.num_timesteps,
            ),
            facts: DatasetFacts {
                name: config.dataset_params.im_path.clone(),
                count: data.len() as u64,
                classes: data.classes.clone(),
            },
            total_steps: train.total_steps(data.len()) as u64,
            step: 0,
            config: (**config).clone(),
            device: device.clone(),
            unet,
            vars,
        })
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.step
    }

    pub fn total_steps(&self) -> u64 {
        self.total_steps
    }

    /// Trains on the next batch.
    pub fn step(&mut self) -> Result<StepReport> {
        let step = self.step + 1;
        let batch = self.dealer.deal(step, &self.device)?;
        let noised = self.schedule.add_noise(&batch.images, &batch.noise, &batch.timesteps)?;
        let times: Vec<f32> = batch.timesteps.iter().map(|&t| t as f32).collect();

        let pred = self.unet.forward(&noised, &times)?;
        let loss = noise_loss(&pred, &batch.noise, &batch.timesteps, self.schedule.timesteps())?;
        let grads = self.gradients(loss.mean.backward()?)?;

        let norm = norm(&grads)?;
        if !(loss.value.is_finite() && norm.is_finite()) {
            return Err(self.diverged(step));
        }
        let limit = self.config.train_params.grad_clip;
        let scale = if limit > 0.0 && norm > limit { limit / norm } else { 1.0 };
        let rate = learning_rate(&self.config.train_params, step, self.total_steps);
        self.adam.step(&self.vars, &grads, rate, scale)?;
        if let Some(ema) = &mut self.ema {
            ema.update(&self.vars, step)?;
        }
        self.step = step;
        Ok(StepReport {
            step,
            total_steps: self.total_steps,
            epoch: self.dealer.epoch_of(step),
            learning_rate: rate,
            loss: loss.value,
            buckets: loss.buckets,
            grad_norm: norm as f32,
            images: batch.timesteps.len(),
        })
    }

    /// A forward pass over `batch` noised images without gradients, for measuring.
    pub fn forward(&self, batch: usize) -> Result<()> {
        let model = self.model()?;
        let params = &self.config.model_params;
        let shape = (params.im_channels, params.im_size, params.im_size);
        let seeds: Vec<u64> = (0..batch as u64).collect();
        let x = crate::noise::gaussian_images(
            &seeds,
            crate::noise::Stream::Start,
            0,
            shape,
            &self.device,
        )?;
        model.predict_noise(&x, (self.schedule.timesteps() / 2) as f32)?;
        Ok(())
    }

    fn gradients(&self, mut store: GradStore) -> Result<Weights> {
        let take = |(name, var): (&String, &Var)| {
            let grad = store
                .remove(var.as_tensor())
                .ok_or_else(|| Error::Checkpoint(format!("`{name}` received no gradient")))?;
            Ok((name.clone(), grad))
        };
        self.vars.iter().map(take).collect()
    }

    fn diverged(&self, step: u64) -> Error {
        Error::Diverged(format!(
            "training ran away: the loss is not a number any more at step {step}; \
             try a train_params.lr below {}, or a train_params.grad_clip of 1",
            self.config.train_params.lr
        ))
    }

    fn weights(&self) -> Weights {
        self.vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect()
    }

    /// The model as it would draw now, with averaged weights where there are any.
    pub fn model(&self) -> Result<Model> {
        let weights = self.ema.as_ref().map_or_else(|| self.weights(), Ema::weights);
        Model::from_weights(self.config.clone(), &weights, &self.device)
    }

    /// What stands now, as a checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint {
            header: Header {
                diffusers: None,
                config: self.config.clone(),
                step: self.step,
                dataset: self.facts.clone(),
                weights: weights_of(&self.config.model_params),
            },
            weights: self.weights(),
            ema: self.ema.as_ref().map(Ema::weights),
        }
    }

    /// Saves all that [`Trainer::restore`] needs.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        let mut tensors: BTreeMap<String, &Tensor> =
            self.vars.iter().map(|(name, var)| (format!("w.{name}"), var.as_tensor())).collect();
        tensors.extend(self.adam.state());
        tensors.extend(self.ema.iter().flat_map(Ema::state));
        state::save(path, &tensors, self.step)
    }

    /// Goes back to a saved state; the steps that follow are those the saved run would have made.
    pub fn restore(&mut self, path: &Path) -> Result<()> {
        let (tensors, step) = state::load(path)?;
        for (name, var) in &self.vars {
            state::restore(var, &tensors, &format!("w.{name}"))?;
        }
        self.adam.restore(&tensors, step)?;
        if let Some(ema) = &mut self.ema {
            ema.restore(&tensors)?;
        }
        self.step = step;
        Ok(())
    }
}

/// The norm of all gradients together, summed in the order of their names.
fn norm(grads: &Weights) -> Result<f64> {
    let mut sum = 0f64;
    for grad in grads.values() {
        sum += crate::kernels::square_sum(grad)?;
    }
    Ok(sum.sqrt())
}

fn check_images(config: &RunConfig, data: &ImageSet) -> Result<()> {
    let model = &config.model_params;
    if data.is_empty() {
        return Err(Error::Data("the data set holds no images".into()));
    }
    if data.channels as usize != model.im_channels {
        return Err(ConfigError::one(
            "model_params.im_channels",
            format!("{} does not fit images with {} channels", model.im_channels, data.channels),
        )
        .into());
    }
    let size = model.im_size as u32;
    if (data.width, data.height) != (size, size) {
        return Err(ConfigError::one(
            "model_params.im_size",
            format!("{size} does not fit images of {}x{}", data.width, data.height),
        )
        .into());
    }
    Ok(())
}
