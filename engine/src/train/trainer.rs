//! A network that learns, one step at a time.

use std::path::Path;

use candle_core::Device;

use super::batch::{Batch, Dealer};
use super::deck::Deck;
use super::descent::{Gradients, norm};
use super::folder::RunFolder;
use super::learner::Learner;
use super::loss::{ImageLoss, Loss, Objective, buckets};
use super::samples::{self, Samples};
use super::shards::{fold_shards, shard_on};
use super::space::{LatentFile, Space, space_of};
use super::standing::Standing;
use super::validation::{HeldOut, ValidationLoss, split};
use super::{StepReport, state, weights_of};
use crate::autoencoder::Latents;
use crate::checkpoint::{Checkpoint, Header};
use crate::config::{ConfigError, DatasetParams, ModelParams, RunConfig, TrainParams, ValidConfig};
use crate::data::ImageSet;
use crate::kernels::record;
use crate::model::Model;
use crate::schedule::NoiseSchedule;
use crate::unet::{Dropout, Told, UNet, Weights};
use crate::{CancelToken, Error, Result};

/// A loss this many times that of a network which knows nothing does not heal any more. One that
/// learns stays below that of knowing nothing but for spikes, which go up to some ten times it.
const EXPLODED: f32 = 100.0;

/// Weights, optimizer and data of a run, and the step they stand at.
#[derive(Debug)]
pub struct Trainer<'a> {
    config: RunConfig,
    schedule: NoiseSchedule,
    device: Device,
    standing: Standing,
    space: Space,
    /// Where its latents are kept, in a run that has a folder.
    latent_file: Option<LatentFile>,
    /// The network's shape as it is built.
    network: ModelParams,
    unet: UNet,
    objective: Objective,
    dealer: Dealer<'a>,
    held_out: HeldOut<'a>,
    /// Of the next step, if that was looked at before it is made.
    ahead: Option<Lesson>,
}

/// What a step learns from.
#[derive(Debug)]
struct Lesson {
    gradients: Weights,
    norm: f64,
    /// The error of each image.
    losses: Vec<ImageLoss>,
    timesteps: Vec<usize>,
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
        let (trained, held_out) = split(config, data.len());
        let space = space_of(config, data, &trained, autoencoder, device)?;
        let network = match space.latents() {
            Some(latents) => latents.network(&config.network()),
            None => config.network(),
        };
        let (unet, vars) = UNet::fresh(&network, config.train_params.seed, device)?;
        let schedule = NoiseSchedule::new(&config.diffusion_params);
        Ok(Self {
            standing: Standing::new(vars, config, data)?,
            objective: Objective::new(config, &schedule),
            schedule,
            dealer: Dealer::new(Deck::new(data, trained, config), space.clone(), config),
            held_out: HeldOut::new(data, held_out, space.clone(), config),
            space,
            latent_file: None,
            network,
            config: (**config).clone(),
            device: device.clone(),
            unet,
            ahead: None,
        })
    }

    /// Steps done.
    pub fn steps_done(&self) -> u64 {
        self.standing.step
    }

    pub fn total_steps(&self) -> u64 {
        self.standing.total_steps
    }

    /// Trains on the images of the next step. Where loss or gradients run away the weights stay
    /// as they are, and the error says why.
    pub fn step(&mut self) -> Result<StepReport> {
        let step = self.standing.step + 1;
        let lesson = match self.ahead.take() {
            Some(lesson) => lesson,
            None => self.lesson(step)?,
        };
        let Lesson { gradients, norm, losses, timesteps } = &lesson;
        let loss = mean(losses, |image| image.value * image.weight);
        self.standing.advance(step, gradients, *norm)?;
        let values: Vec<f32> = losses.iter().map(|image| image.value).collect();
        self.dealer.timesteps.note(timesteps, &values);
        self.standing.step = step;
        let moment = (step, self.dealer.epoch_of(step));
        Ok(StepReport {
            buckets: buckets(&values, timesteps, self.schedule.timesteps()),
            ..self.standing.report(moment, losses.len(), loss, *norm)
        })
    }

    /// What `step`, the next one, is to learn from.
    fn lesson(&mut self, step: u64) -> Result<Lesson> {
        let batch = self.dealer.deal(step, &self.device)?;
        let timesteps = batch.timesteps.clone();
        let (gradients, losses) = self.backward(step, batch)?;
        let norm = norm(&gradients)?;
        let blind = self.objective.blind(&timesteps);
        check_course(mean(&losses, |image| image.error), norm, blind)?;
        Ok(Lesson { gradients, norm, losses, timesteps })
    }

    /// The gradient of the mean error of `batch`, which `step` trains on, and the error of each image.
    fn backward(&self, step: u64, batch: Batch) -> Result<(Weights, Vec<ImageLoss>)> {
        let images = batch.len();
        let params = &self.config.train_params;
        let mut gradients = Gradients::default();
        let mut losses = Vec::with_capacity(images);
        let mut numbers = 0..;
        for batch in batch.split(params.batch_size)? {
            let shard = shard_on(&self.device, batch.len());
            let shards = batch.split(shard)?.into_iter().zip(numbers.by_ref());
            let learn = |(shard, number)| self.learn(step, &shard, number, images);
            fold_shards(&self.device, shards, learn, |(shard_gradients, shard_losses)| {
                losses.extend(shard_losses);
                gradients.add(shard_gradients)
            })?;
        }
        Ok((gradients.0, losses))
    }

    /// What the shard `number` of a step adds to the gradient of the mean error of its `images`, and the
    /// error of each of the shard's.
    fn learn(
        &self,
        step: u64,
        shard: &Batch,
        number: u64,
        images: usize,
    ) -> Result<(Weights, Vec<ImageLoss>)> {
        let params = &self.config.train_params;
        let dropout =
            (params.dropout > 0.0).then(|| Dropout::new(params.dropout, params.seed, step, number));
        let (loss, tape) = record(|| self.loss(&self.unet, shard, dropout.as_ref()));
        let loss = loss?;
        let grads = tape.backward(&(loss.sum / images as f64)?)?;
        Ok((self.standing.descent.gradients(grads)?, loss.images))
    }

    /// The error of `unet` on `batch`.
    fn loss(&self, unet: &UNet, batch: &Batch, dropout: Option<&Dropout>) -> Result<Loss> {
        let noised = self.schedule.add_noise(&batch.images, &batch.noise, &batch.timesteps)?;
        let times: Vec<f32> = batch.timesteps.iter().map(|&t| t as f32).collect();
        let told = Told {
            classes: batch.classes.as_ref(),
            warps: batch.warps.as_ref(),
            cutouts: batch.cutouts.as_ref(),
        };
        let answer = unet.learning(&noised, &times, told, dropout)?;
        self.objective.loss(&answer, batch, &self.schedule)
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

    /// The model as it would draw now, with averaged weights where there are any.
    pub fn model(&self) -> Result<Model> {
        self.model_of(&self.standing.drawing_weights())
    }

    /// The model by the weights as trained; none where nothing else draws.
    pub(super) fn raw_model(&self) -> Result<Option<Model>> {
        let weights = self.standing.ema.is_some().then(|| self.standing.descent.weights());
        weights.map(|weights| self.model_of(&weights)).transpose()
    }

    fn model_of(&self, weights: &Weights) -> Result<Model> {
        Model::in_space(self.config.clone(), weights, self.space.latents(), &self.device)
    }

    pub(super) fn params(&self) -> &TrainParams {
        &self.config.train_params
    }

    /// What stands now, as a checkpoint.
    pub fn checkpoint(&self) -> Checkpoint {
        let latents = self.space.latents();
        let count = weights_of(&self.network) + latents.map_or(0, Latents::numbers);
        let header = Header::new(self.config.clone(), self.standing.facts.clone(), count);
        Checkpoint {
            autoencoder: latents.map(|latents| latents.weights().clone()),
            ..self.standing.checkpoint(Header { latents: latents.map(Latents::told), ..header })
        }
    }

    /// Saves all that [`Trainer::restore`] needs.
    pub fn save_state(&self, path: &Path) -> Result<()> {
        let mut tensors = self.standing.state();
        let timesteps = self.dealer.timesteps.state()?;
        tensors.extend(timesteps.iter().map(|(name, tensor)| (name.clone(), tensor)));
        state::save(path, &tensors, self.standing.step)
    }

    /// Goes back to a saved state; the steps that follow are those the saved run would have made.
    pub fn restore(&mut self, path: &Path) -> Result<()> {
        let (tensors, step) = state::load(path)?;
        self.ahead = None;
        self.standing.restore(&tensors, step)?;
        self.dealer.timesteps.restore(&tensors)
    }
}

impl Learner for Trainer<'_> {
    fn standing(&self) -> &Standing {
        &self.standing
    }

    fn standing_mut(&mut self) -> &mut Standing {
        &mut self.standing
    }

    fn weights(&self) -> u64 {
        weights_of(&self.network)
    }

    fn step(&mut self) -> Result<StepReport> {
        self.step()
    }

    fn look_ahead(&mut self) -> Result<()> {
        if self.ahead.is_none() {
            self.ahead = Some(self.lesson(self.standing.step + 1)?);
        }
        Ok(())
    }

    fn validate(&self) -> Result<Option<ValidationLoss>> {
        if self.held_out.is_empty() {
            return Ok(None);
        }
        let size = self.config.train_params.batch_size;
        let loss = |weights: &Weights| {
            let unet = UNet::from_weights(&self.network, weights)?;
            let values = |batch: &Batch| {
                let loss = self.loss(&unet, batch, None)?;
                Ok(loss.images.iter().map(|image| image.value).collect())
            };
            self.held_out.mean(size, &self.device, values)
        };
        self.standing.validate(loss).map(Some)
    }

    fn checkpoint(&self) -> Checkpoint {
        self.checkpoint()
    }

    fn save_state(&self, path: &Path) -> Result<()> {
        self.save_state(path)
    }

    fn restore(&mut self, path: &Path) -> Result<()> {
        self.restore(path)
    }

    /// Takes up the latents in the folder, where images look the same each time.
    fn recall(&mut self, folder: &RunFolder) -> Result<()> {
        let DatasetParams { crop, colour_jitter, .. } = self.config.dataset_params;
        let Space::Latents(kept) = &self.space else { return Ok(()) };
        if crop == 0.0 && colour_jitter == 0.0 {
            let (path, data) = (folder.latents(), self.dealer.data());
            self.latent_file = Some(kept.recall(&path, data, &self.config, &self.device)?);
        }
        Ok(())
    }

    /// Writes the latents that are known by now.
    fn keep(&mut self, folder: &RunFolder) -> Result<()> {
        match (&self.space, &mut self.latent_file) {
            (Space::Latents(kept), Some(file)) => kept.save(&folder.latents(), file),
            _ => Ok(()),
        }
    }

    fn samples(&self, cancel: &CancelToken) -> Result<Samples> {
        samples::drawn(self, cancel)
    }
}

/// The mean of what `of` says of each image.
fn mean(losses: &[ImageLoss], of: fn(&ImageLoss) -> f32) -> f32 {
    losses.iter().map(of).sum::<f32>() / losses.len() as f32
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

/// Whether the run of `config` can learn from images of so many classes; errors name
/// `model_params.num_classes`. An autoencoder learns no classes.
pub fn check_classes(config: &RunConfig, classes: usize) -> Result<()> {
    let asked = config.model_params.num_classes;
    if asked == 0 || asked == classes || config.is_autoencoder() {
        return Ok(());
    }
    let wanted = match classes {
        0 => "it has none: give 0".into(),
        count => format!("give {count}, or 0 to train without classes"),
    };
    let message = format!("{asked} does not fit the classes of the data set; {wanted}");
    Err(ConfigError::one("model_params.num_classes", message).into())
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
    check_classes(config, data.classes.len())?;
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
