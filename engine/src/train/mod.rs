//! Training: the run from its first step to its last.

mod adam;
mod autoencoding;
mod batch;
mod beginning;
mod bound;
mod control;
mod deck;
mod descent;
mod ema;
mod estimate;
mod folder;
mod json_file;
mod judge;
mod latent_cache;
mod learner;
mod learning_rate;
mod loss;
mod loss_history;
mod marks;
mod probe;
mod resuming;
mod revival;
mod run;
mod samples;
mod shards;
mod space;
mod standing;
mod state;
mod steering;
mod timesteps;
mod trainer;
mod validation;
mod workload;

pub use adam::Adam;
pub use control::Control;
pub(crate) use descent::{Descent, norm};
pub use estimate::{memory_estimate, weights_in, weights_of};
pub use folder::{checkpoint_path, checkpoints, has_state, latest_checkpoint, saved_step};
pub use marks::{Best, best_checkpoint};
pub use probe::probe;
pub use resuming::check_whole;
pub use steering::{Steered, steered};
pub use trainer::{Trainer, check_classes};
pub use validation::held_out;
pub use workload::workload;

use std::path::Path;

use candle_core::Device;

use crate::checkpoint::Checkpoint;
use crate::config::ValidConfig;
use crate::data::ImageSet;
use crate::grid::Picture;
use crate::{CancelToken, Result};
use run::Run;

/// A run to make or to go on with.
#[derive(Debug)]
pub struct TrainRequest<'a> {
    pub config: &'a ValidConfig,
    pub data: &'a ImageSet,
    /// The autoencoder that the configuration names, or a model that draws in its latents; the file
    /// of an autoencoder's run. One that goes on has its own.
    pub autoencoder: Option<&'a Checkpoint>,
    /// The model that the configuration names to begin with. One that goes on needs none.
    pub begin_from: Option<&'a Checkpoint>,
    pub device: &'a Device,
    /// Where checkpoints go; made if it is not there.
    pub folder: &'a Path,
    /// Go on from the state in the folder rather than begin anew.
    pub resume: bool,
    /// Whether the samples of the step that the run goes on from are not there. They are drawn first
    /// if they were due: a run may be killed between its save and its samples.
    pub samples_missing: bool,
    /// Looked at between two steps. What it changes stands in the folder and holds after a resume.
    pub control: &'a Control,
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
    /// Of an autoencoder, without what its judge adds.
    pub loss: f32,
    /// Mean loss by quarter of the timesteps, low noise first; none where no image fell, and of an
    /// autoencoder, which knows no timesteps.
    pub buckets: [Option<f32>; 4],
    /// Before clipping.
    pub grad_norm: f32,
    pub images: usize,
}

/// What a run tells while it goes on.
#[derive(Debug)]
pub enum TrainEvent<'a> {
    Started {
        first_step: u64,
        total_steps: u64,
        weights: u64,
    },
    Step(&'a StepReport),
    /// The loss on the held-out images: of the weights as trained, and of their average.
    Validation {
        step: u64,
        loss: f32,
        ema_loss: Option<f32>,
    },
    /// Drawn pictures or, of an autoencoder, images each followed by what becomes of it.
    Samples {
        step: u64,
        pictures: &'a [Picture],
        /// The same seeds drawn by the weights as trained, where `pictures` are by their average.
        raw: Option<&'a [Picture]>,
        columns: usize,
    },
    /// The run is about to be saved: once it is, no step up to this one is told again.
    Saving {
        step: u64,
    },
    Checkpoint {
        step: u64,
        path: &'a Path,
    },
    /// The run holds after `step`. Told whenever it looks around: about once a second, and when it is
    /// woken.
    Paused {
        step: u64,
    },
    /// The pause is over: the run goes on, or it was cancelled.
    Continued {
        step: u64,
    },
    /// `step` ran away: the run stands at `to_step` again, where it was last saved or began, and goes
    /// on with half the rate.
    RolledBack {
        step: u64,
        to_step: u64,
        learning_rate: f64,
        reason: &'a str,
    },
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
/// A step that runs away takes the run back to its last save, with half the rate; a second one ends
/// it with an error, and the last checkpoint stays. Nothing is saved that the next step could not be
/// made from.
///
/// `report` runs on this thread between two steps; an error from it ends the run.
pub fn train(
    request: &TrainRequest,
    cancel: &CancelToken,
    report: &mut dyn FnMut(TrainEvent) -> Result<()>,
) -> Result<TrainEnd> {
    let mut run = Run::open(request)?;
    report(run.started())?;
    if run.samples_are_missing() {
        run.draw_samples(cancel, report)?;
    }
    while !run.is_done() {
        run.heed(&request.control.take(), cancel, report)?;
        if request.control.is_paused() {
            run.hold(cancel, report)?;
        }
        if cancel.is_cancelled() {
            run.save_what_is_new(report)?;
            return Ok(TrainEnd::Stopped { step: run.steps_done() });
        }
        let Some(figures) = run.step(report)? else { continue };
        report(TrainEvent::Step(&figures))?;
        if run.validation_is_due() {
            if !run.is_sound(report)? {
                continue;
            }
            run.validate(report)?;
        }
        if run.checkpoint_is_due() {
            run.save(report)?;
        }
        if run.samples_are_due() {
            run.draw_samples(cancel, report)?;
        }
    }
    Ok(TrainEnd::Finished { step: run.steps_done() })
}
