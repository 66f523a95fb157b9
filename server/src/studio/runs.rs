//! Training runs: what is asked for, and how a run is made of it.

use std::path::Path;
use std::sync::Arc;

use app::api::{JobId, JobState, SampleGrid};
use engine::CancelToken;
use engine::config::{RunConfig, ValidConfig, parse_colour};
use engine::data::{ImageSet, LoadOptions};
use engine::train::{TrainEnd, TrainRequest, has_state, saved_step};
use serde::{Deserialize, Serialize};

use super::listener::Listener;
use super::store::{Ending, JobRow, SampleRow};
use super::{Darkroom, Worker};
use crate::{Error, Result};

/// Black pixels between the samples of a grid.
pub(super) const GRID_GAP: u32 = 2;

/// What a training job asks for, as its row holds it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunRequest {
    pub config: RunConfig,
    /// Go on from the newest checkpoint, if there is one.
    pub resume: bool,
    /// What the run was configured by before it was resumed otherwise; it holds again if the run
    /// cannot begin by `config`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earlier: Option<Box<RunConfig>>,
}

impl RunRequest {
    /// A run that begins.
    pub fn new(config: RunConfig) -> Self {
        Self { config, resume: false, earlier: None }
    }

    /// The same run from its newest checkpoint.
    pub fn resumed(self) -> Self {
        Self { resume: true, ..self }
    }

    /// What to ask in the place of `before`, whose configuration is not lost until this one holds.
    pub fn after(self, before: Self) -> Self {
        let earlier = match before.earlier {
            Some(earlier) => Some(earlier),
            None => (before.config != self.config).then(|| Box::new(before.config)),
        };
        Self { earlier, ..self }
    }

    pub fn read(text: &str) -> Result<Self> {
        Ok(serde_json::from_str(text)?)
    }

    pub fn write(&self) -> Result<String> {
        Ok(serde_json::to_string(self)?)
    }
}

/// The addresses of the grids that `sample` has.
pub fn sample_grid(job: JobId, sample: &SampleRow) -> SampleGrid {
    let step = sample.step;
    let raw = sample.raw.as_ref();
    SampleGrid {
        step,
        url: format!("/files/samples/{job}/{step}.png"),
        raw_url: raw.map(|_| format!("/files/samples/{job}/{step}-raw.png")),
    }
}

/// Does a training from its row to its last checkpoint.
pub fn train(worker: &mut Worker, job: &JobRow, cancel: &CancelToken) -> Result<Ending> {
    let studio = Arc::clone(&worker.studio);
    let request = RunRequest::read(&job.request)?;
    let config = request.config.validate()?;
    let data = load_images(&studio, job.id, &config, cancel)?;
    let folder = studio.folders.run(&job.title);
    let device = worker.device.clone();
    let control = studio.live.get(job.id).map(|running| running.control).unwrap_or_default();
    let goes_on = request.resume && has_state(&folder);
    let autoencoder = match studio.autoencoder(&config) {
        // A run that goes on has its own, whatever has become of the one it began with.
        Err(_) if goes_on => None,
        found => found?,
    };
    let begin_from = match studio.beginning(&config) {
        Err(_) if goes_on => None,
        found => found?,
    };
    let train = TrainRequest {
        config: &config,
        data: &data,
        autoencoder: autoencoder.as_ref(),
        begin_from: begin_from.as_ref(),
        device: &device,
        folder: &folder,
        resume: request.resume,
        samples_missing: goes_on && studio.samples_are_missing(job.id, &folder)?,
        control: &control,
    };
    let mut run = Listener::new(&studio, worker, job.id, &folder);
    // The engine's callback knows only the engine's errors; ours waits here.
    let mut fault = None;
    let trained = engine::train::train(&train, cancel, &mut |event| {
        run.hear(&event).map_err(|error| {
            fault = Some(error);
            engine::Error::Cancelled
        })
    });
    let flushed = run.flush();
    let end = trained.map_err(|error| fault.take().unwrap_or(Error::Engine(error)))?;
    flushed?;
    Ok(studio.ending_of_run(job, &end))
}

fn load_images(
    studio: &Darkroom,
    job: JobId,
    config: &ValidConfig,
    cancel: &CancelToken,
) -> Result<ImageSet> {
    studio.live.change(job, |running| running.message = Some("loading the data set".into()));
    studio.publish_status()?;
    let source = studio.datasets.resolve(&config.dataset_params.im_path, cancel)?;
    let data = source.load(&load_options(config), cancel)?;
    studio.live.change(job, |running| running.message = None);
    Ok(data)
}

/// Images in the shape that the network of `config` takes.
pub fn load_options(config: &ValidConfig) -> LoadOptions {
    let side = config.model_params.im_size as u32;
    LoadOptions {
        size: Some((side, side)),
        channels: config.model_params.im_channels as u32,
        background: parse_colour(&config.dataset_params.background).unwrap_or_default(),
    }
}

impl Darkroom {
    /// Whether the step that the run in `folder` goes on from has no grids.
    fn samples_are_missing(&self, job: JobId, folder: &Path) -> Result<bool> {
        match saved_step(folder) {
            Some(step) => Ok(self.store.sample(job, step)?.is_none()),
            None => Ok(false),
        }
    }

    /// The run begins by its new configuration, which holds from now on.
    pub(super) fn forget_earlier(&self, job: JobId) -> Result<()> {
        self.change_request(job, |request| request.earlier.take().is_some())
    }

    /// The run that ended with an error did not get as far as that, if it has an earlier configuration.
    pub(super) fn put_back_earlier(&self, job: JobId) -> Result<()> {
        self.change_request(job, |request| match request.earlier.take() {
            Some(earlier) => {
                request.config = *earlier;
                true
            }
            None => false,
        })
    }

    /// Writes what was asked for as `change` has it, which says whether it is another.
    fn change_request(
        &self,
        job: JobId,
        change: impl FnOnce(&mut RunRequest) -> bool,
    ) -> Result<()> {
        let Some(row) = self.store.job(job)? else { return Ok(()) };
        let mut request = RunRequest::read(&row.request)?;
        if change(&mut request) { self.store.set_request(job, &request.write()?) } else { Ok(()) }
    }

    fn ending_of_run(&self, job: &JobRow, end: &TrainEnd) -> Ending {
        match end {
            TrainEnd::Finished { .. } => Ending { state: JobState::Done, message: None },
            TrainEnd::Stopped { .. } if self.is_closing() => self.closed_while_running(job),
            TrainEnd::Stopped { step } => Ending {
                state: JobState::Stopped,
                message: Some(format!("stopped at step {step}; it can go on from there")),
            },
        }
    }
}
