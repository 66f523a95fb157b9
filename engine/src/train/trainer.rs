//! A network that learns, one step at a time.

use std::collections::BTreeMap;
use std::path::Path;

use candle_core::{Device, Tensor, Var};

use super::adam::Adam;
use super::batch::{Batch, Dealer};
use super::beginning::begin_from;
use super::deck::Deck;
use super::ema::Ema;
use super::learning_rate::LearningRate;
use super::loss::{ImageLoss, Loss, Objective, buckets};
use super::space::{LatentFile, Space, space_of};
use super::validation::{HeldOut, ValidationLoss, split};
use super::{StepReport, state, weights_of};
use crate::autoencoder::Latents;
use crate::checkpoint::{Checkpoint, DatasetFacts, Header};
use crate::config::{ConfigError, DatasetParams, ModelParams, RunConfig, TrainParams, ValidConfig};
use crate::data::ImageSet;
use crate::kernels::{self, record};
use crate::model::Model;
use crate::schedule::NoiseSchedule;
use crate::unet::{Dropout, Told, UNet, Weights};
use crate::{Error, Result};

/// A loss this many times that of a network which knows nothing does not heal any more. One that
/// learns stays below that of knowing nothing but for spikes, which go up to some ten times it.
const EXPLODED: f32 = 100.0;

/// Weights, optimizer and data of a run, and the step they stand at.
#[derive(Debug)]
pub struct Trainer<'a> {
    config: RunConfig,
    schedule: NoiseSchedule,
    device: Device,
    space: Space,
    /// Where its latents are kept, in a run that has a folder.
    latent_file: Option<LatentFile>,
    /// The network's shape as it is built.
    network: ModelParams,
    unet: UNet,
    vars: BTreeMap<String, Var>,
    adam: Adam,
    ema: Option<Ema>,
    objective: Objective,
    rate: LearningRate,
    dealer: Dealer<'a>,
    held_out: HeldOut<'a>,
    facts: DatasetFacts,
    total_steps: u64,
    step: u64,
}

impl<'a> Trainer<'a> {
    /// Fresh weights from the run's seed, standing before step 1.
    pub fn new(config: &ValidConfig, data: &'a ImageSet, device: &Device) -> Result<Self> {
        Self::with_autoencoder(config, data, None, device)
    }

    /// As [`Self::new`], for a configuration that draws in the latents of `autoencoder`.
    pub fn with_autoencoder(
        config: &ValidConfig,
        data: &'a ImageSet,
        autoencoder: Option<&Checkpoint>,
        device: &Device,
    ) -> Result<Self> {
        check_images(config, data)?;
        let train = &config.train_params;
        let (trained, held_out) = split(config, data.len());
        let space = space_of(config, data, &trained, autoencoder, device)?;
        let network = match space.latents() {
            Some(latents) => latents.network(&config.network()),
            None => config.network(),
        };
        let (unet, vars) = UNet::fresh(&network, train.seed, device)?;
        let average = |decay| Ema::new(&vars, decay, train.ema_warmup);
        let schedule = NoiseSchedule::new(&config.diffusion_params);
        let total_steps = train.total_steps(data.len()) as u64;
        Ok(Self {
            adam: Adam::new(&vars, train)?,
            ema: train.average_decay().map(average).transpose()?,
            objective: Objective::new(config, &schedule),
            rate: LearningRate::new(train, total_steps)?,
            schedule,
            dealer: Dealer::new(Deck::new(data, trained, config), space.clone(), config),
            held_out: HeldOut::new(data, held_out, space.clone(), config),
            facts: DatasetFacts::of(config, data),
            space,
            latent_file: None,
            network,
            total_steps,
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

    /// The learning rate of `step`, from 1.
    pub(super) fn rate_at(&self, step: u64) -> f64 {
        self.rate.at(step)
    }

    pub fn total_steps(&self) -> u64 {
        self.total_steps
    }

    /// How many numbers the network trains.
    pub(super) fn weights_count(&self) -> u64 {
        weights_of(&self.network)
    }

    /// From the next step on the rate is that of the schedule times `factor`.
    pub(super) fn scale_rate(&mut self, factor: f64) {
        self.rate.factor = factor;
    }

    /// Begins with the weights of `checkpoint`.
    pub(super) fn begin_from(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        begin_from(checkpoint, &self.vars, self.ema.as_ref())
    }

    /// Trains on the images of the next step. Where loss or gradients run away the weights stay
    /// as they are, and the error says why.
    pub fn step(&mut self) -> Result<StepReport> {
        let step = self.step + 1;
        let batch = self.dealer.deal(step, &self.device)?;
        let (images, timesteps) = (batch.len(), batch.timesteps.clone());
        let (grads, losses) = self.backward(step, batch)?;
        let mean = |of: fn(&ImageLoss) -> f32| losses.iter().map(of).sum::<f32>() / images as f32;
        let loss = mean(|image| image.value * image.weight);
        let norm = norm(&grads)?;
        check_course(mean(|image| image.error), norm, self.objective.blind(&timesteps))?;

        let rate = self.rate.at(step);
        let scale = clipping(&self.config.train_params, norm);
        self.adam.step(&self.vars, &grads, rate, scale)?;
        if let Some(ema) = &mut self.ema {
            ema.update(&self.vars, step)?;
        }
        let values: Vec<f32> = losses.iter().map(|image| image.value).collect();
        self.dealer.timesteps.note(&timesteps, &values);
        self.step = step;
        Ok(StepReport {
            step,
            total_steps: self.total_steps,
            epoch: self.dealer.epoch_of(step),
            learning_rate: rate,
            loss,
            buckets: buckets(&values, &timesteps, self.schedule.timesteps()),
            grad_norm: norm as f32,
            images,
        })
    }

    /// The gradient of the mean error of `batch`, which `step` trains on, and the error of each image.
    fn backward(&self, step: u64, batch: Batch) -> Result<(Weights, Vec<ImageLoss>)> {
        let images = batch.len();
        let params = &self.config.train_params;
        let dropout =
            (params.dropout > 0.0).then(|| Dropout::new(params.dropout, params.seed, step));
        let mut gradients = Gradients::default();
        let mut losses = Vec::with_capacity(images);
        for part in batch.split(params.batch_size)? {
            let (loss, tape) = record(|| self.loss(&self.unet, &part, dropout.as_ref()));
            let loss = loss?;
            let grads = tape.backward(&(loss.sum / images as f64)?)?;
            gradients.add(of_weights(grads, &self.vars)?)?;
            losses.extend(loss.images);
        }
        Ok((gradients.0, losses))
    }

    /// The error of `unet` on `batch`.
    fn loss(&self, unet: &UNet, batch: &Batch, dropout: Option<&Dropout>) -> Result<Loss> {
        let noised = self.schedule.add_noise(&batch.images, &batch.noise, &batch.timesteps)?;
        let times: Vec<f32> = batch.timesteps.iter().map(|&t| t as f32).collect();
        let told = Told { classes: batch.classes.as_ref(), warps: batch.warps.as_ref() };
        let answer = unet.learning(&noised, &times, told, dropout)?;
        self.objective.loss(&answer, batch, &self.schedule)
    }

    /// The loss on the images that are held out; none where there are none.
    pub(super) fn validate(&self) -> Result<Option<ValidationLoss>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        let ema = self.ema.as_ref().map(|ema| self.validation_loss(ema.weights()));
        let loss = self.validation_loss(self.weights())?;
        Ok(Some(ValidationLoss { loss, ema_loss: ema.transpose()? }))
    }

    fn validation_loss(&self, weights: Weights) -> Result<f32> {
        // Cut off from the weights that learn, a pass keeps nothing for a gradient.
        let weights = weights.into_iter().map(|(name, weight)| (name, weight.detach())).collect();
        let unet = UNet::from_weights(&self.network, &weights)?;
        let size = self.config.train_params.batch_size;
        self.held_out.mean(size, &self.device, |batch| {
            let loss = self.loss(&unet, batch, None)?;
            Ok(loss.images.iter().map(|image| image.value).collect())
        })
    }

    /// A forward pass over `batch` noised images without gradients, for measuring.
    pub fn forward(&self, batch: usize) -> Result<()> {
        let model = self.model()?;
        let side = self.config.model_params.im_size;
        let seeds: Vec<u64> = (0..batch as u64).collect();
        let x = crate::noise::gaussian_images(
            &seeds,
            crate::noise::Stream::Start,
            0,
            model.shape((side, side)),
            &self.device,
        )?;
        model.predict(&x, (self.schedule.timesteps() / 2) as f32, None)?;
        Ok(())
    }

    fn weights(&self) -> Weights {
        self.vars.iter().map(|(name, var)| (name.clone(), var.as_tensor().clone())).collect()
    }

    /// The model as it would draw now, with averaged weights where there are any.
    pub fn model(&self) -> Result<Model> {
        let weights = self.ema.as_ref().map_or_else(|| self.weights(), Ema::weights);
        Model::in_space(self.config.clone(), &weights, self.space.latents(), &self.device)
    }

    /// What stands now, as a checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        let latents = self.space.latents();
        let count = weights_of(&self.network) + latents.map_or(0, Latents::numbers);
        Checkpoint {
            header: Header {
                step: self.step,
                latents: latents.map(Latents::told),
                ..Header::new(self.config.clone(), self.facts.clone(), count)
            },
            weights: self.weights(),
            ema: self.ema.as_ref().map(Ema::weights),
            autoencoder: latents.map(|latents| latents.weights().clone()),
        }
    }

    /// Saves all that [`Trainer::restore`] needs.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        let mut tensors: BTreeMap<String, &Tensor> =
            self.vars.iter().map(|(name, var)| (format!("w.{name}"), var.as_tensor())).collect();
        tensors.extend(self.adam.state());
        tensors.extend(self.ema.iter().flat_map(Ema::state));
        let timesteps = self.dealer.timesteps.state()?;
        tensors.extend(timesteps.iter().map(|(name, tensor)| (name.clone(), tensor)));
        state::save(path, &tensors, self.step)
    }

    /// Takes up the latents at `path`, where images look the same each time.
    pub(super) fn recall_latents(&mut self, path: &Path) -> Result<()> {
        let DatasetParams { crop, colour_jitter, .. } = self.config.dataset_params;
        let Space::Latents(kept) = &self.space else { return Ok(()) };
        if crop == 0.0 && colour_jitter == 0.0 {
            let file = kept.recall(path, self.dealer.data(), &self.config, &self.device)?;
            self.latent_file = Some(file);
        }
        Ok(())
    }

    /// Writes the latents that are known by now.
    pub(super) fn keep_latents(&mut self, path: &Path) -> Result<()> {
        match (&self.space, &mut self.latent_file) {
            (Space::Latents(kept), Some(file)) => kept.save(path, file),
            _ => Ok(()),
        }
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
        self.dealer.timesteps.restore(&tensors)?;
        self.step = step;
        Ok(())
    }
}

/// The gradient of each of `vars`, all of which must have one.
pub(super) fn of_weights(
    mut grads: kernels::Gradients,
    vars: &BTreeMap<String, Var>,
) -> Result<Weights> {
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

/// Whether training is still on its way. `blind` is the loss of a network that knows nothing.
pub(super) fn check_course(loss: f32, norm: f64, blind: f32) -> Result<()> {
    let fault = match (loss, norm) {
        (loss, _) if !loss.is_finite() => "the loss was not a number any more".into(),
        (_, norm) if !norm.is_finite() => "the gradients were not numbers any more".into(),
        (loss, _) if loss > EXPLODED * blind => format!("the loss went up to {loss}"),
        _ => return Ok(()),
    };
    Err(Error::Diverged(fault))
}

/// What the gradients are multiplied by, for their norm to be within its limit.
pub(super) fn clipping(params: &TrainParams, norm: f64) -> f64 {
    let limit = params.grad_clip;
    if limit > 0.0 && norm > limit { limit / norm } else { 1.0 }
}

/// The norm of all gradients together, summed in the order of their names.
pub(super) fn norm(grads: &Weights) -> Result<f64> {
    let mut sum = 0f64;
    for grad in grads.values() {
        sum += kernels::square_sum(grad)?;
    }
    Ok(sum.sqrt())
}

pub(super) fn check_images(config: &RunConfig, data: &ImageSet) -> Result<()> {
    let model = &config.model_params;
    if data.is_empty() {
        return Err(Error::Data("the data set holds no images".into()));
    }
    let share = config.train_params.validation_share;
    if share > 0.0 && data.len() < 2 {
        return Err(ConfigError::one(
            "train_params.validation_share",
            format!("{share} would leave nothing to train on: the data set has one image; give 0"),
        )
        .into());
    }
    if data.channels as usize != model.im_channels {
        return Err(ConfigError::one(
            "model_params.im_channels",
            format!("{} does not fit images with {} channels", model.im_channels, data.channels),
        )
        .into());
    }
    if model.num_classes > 0 && model.num_classes != data.classes.len() {
        let count = data.classes.len();
        let wanted = match count {
            0 => "it has none: give 0".into(),
            count => format!("give {count}, or 0 to train without classes"),
        };
        let message =
            format!("{} does not fit the classes of the data set; {wanted}", model.num_classes);
        return Err(ConfigError::one("model_params.num_classes", message).into());
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
