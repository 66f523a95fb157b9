//! Training: the run from its first step to its last.

mod adam;
mod batch;
mod ema;
mod folder;
mod learning_rate;
mod loss;
mod state;
mod trainer;

pub use adam::Adam;
pub use folder::{checkpoint_path, checkpoints, latest_checkpoint};
pub use trainer::Trainer;

use std::path::Path;

use candle_core::Device;

use crate::config::{ModelParams, Prompt, RunConfig, SamplerKind, Sampling, ValidConfig};
use crate::data::ImageSet;
use crate::grid::Picture;
use crate::sampler::{Guidance, SampleRequest, sample};
use crate::unet::UNet;
use crate::{CancelToken, Error, Result, atomic_file};
use folder::RunFolder;

/// Guidance of the pictures drawn during a run.
const SAMPLE_SCALE: f64 = 2.0;

/// A run to make or to go on with.
#[derive(Debug)]
pub struct TrainRequest<'a> {
    pub config: &'a ValidConfig,
    pub data: &'a ImageSet,
    pub device: &'a Device,
    /// Where checkpoints go; made if it is not there.
    pub folder: &'a Path,
    /// Go on from the state in the folder rather than begin anew.
    pub resume: bool,
}

/// The figures of one step.
#[derive(Clone, Debug, PartialEq)]
pub struct StepReport {
    /// From 1.
    pub step: u64,
    pub total_steps: u64,
    /// From 1.
    pub epoch: u64,
    pub learning_rate: f64,
    pub loss: f32,
    /// Mean loss by quarter of the timesteps, low noise first; none where no image fell.
    pub buckets: [Option<f32>; 4],
    /// Before clipping.
    pub grad_norm: f32,
    pub images: usize,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum TrainEvent<'a> {
    Started { first_step: u64, total_steps: u64, weights: u64 },
    Step(&'a StepReport),
    Samples { step: u64, pictures: &'a [Picture], columns: usize },
    Checkpoint { step: u64, path: &'a Path },
}

/// How a run ended. Both ways a checkpoint of the last step stands in its folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrainEnd {
    Finished {
        step: u64,
    },
    /// Cancelled.
    Stopped {
        step: u64,
    },
}

/// Trains from the first step, or where a saved run ended, to the last.
///
/// `report` runs on this thread between two steps; an error from it ends the run.
pub fn train(
    request: &TrainRequest,
    cancel: &CancelToken,
    report: &mut dyn FnMut(TrainEvent) -> Result<()>,
) -> Result<TrainEnd> {
    let params = &request.config.train_params;
    let folder = RunFolder::create(request.folder)?;
    atomic_file::write(&folder.config(), request.config.to_yaml().as_bytes())?;
    let mut trainer = Trainer::new(request.config, request.data, request.device)?;
    if request.resume && folder.state().exists() {
        trainer.restore(&folder.state())?;
    }
    let total_steps = trainer.total_steps();
    report(TrainEvent::Started {
        first_step: trainer.steps_done() + 1,
        total_steps,
        weights: weights_of(&request.config.model_params),
    })?;

    let epoch = params.steps_per_epoch(request.data.len()) as u64;
    let checkpoint_every = or_else(params.checkpoint_every, epoch);
    let sample_every = or_else(params.sample_every, checkpoint_every);
    let mut saved = trainer.steps_done();
    while trainer.steps_done() < total_steps {
        if cancel.is_cancelled() {
            if trainer.steps_done() > saved {
                save(&trainer, &folder, report)?;
            }
            return Ok(TrainEnd::Stopped { step: trainer.steps_done() });
        }
        let figures = trainer.step().map_err(|error| with_last_checkpoint(error, saved))?;
        report(TrainEvent::Step(&figures))?;
        let last = figures.step == total_steps;
        if last || figures.step % checkpoint_every == 0 {
            save(&trainer, &folder, report)?;
            saved = figures.step;
        }
        if last || figures.step % sample_every == 0 {
            draw_samples(&trainer, request.config, cancel, report)?;
        }
    }
    Ok(TrainEnd::Finished { step: total_steps })
}

fn or_else(every: usize, otherwise: u64) -> u64 {
    if every == 0 { otherwise } else { every as u64 }
}

fn with_last_checkpoint(error: Error, saved: u64) -> Error {
    match (error, saved) {
        (Error::Diverged(message), 0) => {
            Error::Diverged(format!("{message}; no checkpoint was made before"))
        }
        (Error::Diverged(message), step) => {
            Error::Diverged(format!("{message}; the checkpoint of step {step} is kept"))
        }
        (other, _) => other,
    }
}

fn save(
    trainer: &Trainer,
    folder: &RunFolder,
    report: &mut dyn FnMut(TrainEvent) -> Result<()>,
) -> Result<()> {
    let step = trainer.steps_done();
    let path = folder.checkpoint(step);
    trainer.checkpoint().save(&path)?;
    trainer.save_state(&folder.state())?;
    report(TrainEvent::Checkpoint { step, path: &path })
}

/// Draws the run's pictures: always the same seeds, so that one can watch them sharpen.
fn draw_samples(
    trainer: &Trainer,
    config: &RunConfig,
    cancel: &CancelToken,
    report: &mut dyn FnMut(TrainEvent) -> Result<()>,
) -> Result<()> {
    let params = &config.train_params;
    let timesteps = config.diffusion_params.num_timesteps;
    let steps = match params.sample_steps {
        0 => timesteps,
        steps => steps.min(timesteps),
    };
    let (seeds, side) = ((0..params.num_samples as u64).collect(), config.model_params.im_size);
    let request = SampleRequest {
        guidance: sample_guidance(config),
        ..SampleRequest::new(Sampling::new(SamplerKind::Ddpm, steps), seeds, (side, side))
    };
    match sample(&trainer.model()?, &request, cancel, &mut |_| Ok(())) {
        Ok(pictures) => report(TrainEvent::Samples {
            step: trainer.steps_done(),
            pictures: &pictures,
            columns: params.num_grid_rows,
        }),
        // Whoever stops the run while it draws wants it stopped, not an error.
        Err(Error::Cancelled) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Each class in turn, a little steered, where the network knows classes.
fn sample_guidance(config: &RunConfig) -> Guidance {
    let classes = config.model_params.num_classes;
    let prompt = |picture: usize| Prompt::of_class(picture % classes);
    match classes {
        0 => Guidance::default(),
        _ => Guidance {
            prompts: (0..config.train_params.num_samples).map(prompt).collect(),
            scale: SAMPLE_SCALE,
            ..Guidance::default()
        },
    }
}

/// How many numbers a network of this shape trains.
pub fn weights_of(model: &ModelParams) -> u64 {
    let shapes = UNet::shapes(model).unwrap_or_default();
    shapes.iter().map(|(_, shape)| shape.elem_count() as u64).sum()
}

/// Bytes that training takes at its peak, roughly: weights with gradients, averages and optimizer,
/// and the activations that the backward pass needs.
pub fn memory_estimate(config: &RunConfig) -> u64 {
    let model = &config.model_params;
    let copies = if config.train_params.ema_decay > 0.0 { 5 } else { 4 };
    let weights = weights_of(model) * copies * 4;
    let mut area = (model.im_size * model.im_size) as u64;
    let mut activations = 0u64;
    for level in 0..model.levels() {
        let outer = model.down_channels[level + 1].max(model.down_channels[level]) as u64;
        let attention = if model.attention_at(level) { 6 } else { 0 };
        let layers = (model.num_down_layers + model.num_up_layers) as u64;
        activations += area * outer * layers * (8 + attention);
        if model.down_sample[level] {
            area /= 4;
        }
    }
    let mid = model.mid_channels.iter().copied().max().unwrap_or(0) as u64;
    activations += area * mid * (model.num_mid_layers * model.mid_channels.len()) as u64 * 14;
    weights + activations * config.train_params.batch_size as u64 * 4 + (64 << 20)
}
