//! Training runs: the run folder, the figures with their clock, the curve.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::api::{JobId, JobState, Live, LossPoint, SampleGrid, TrainFigures, ValidationPoint};
use engine::CancelToken;
use engine::config::{RunConfig, ValidConfig, parse_colour};
use engine::data::{ImageSet, LoadOptions};
use engine::grid::{Picture, grid};
use engine::train::{StepReport, TrainEnd, TrainEvent, TrainRequest, has_state};
use serde::{Deserialize, Serialize};

use super::files::write_whole;
use super::heartbeat::Heartbeat;
use super::metrics::Metrics;
use super::pace::{Pace, Throttle};
use super::store::{Ending, JobRow, SampleRow};
use super::tensorboard::TensorBoard;
use super::views::kept_checkpoints;
use super::{Darkroom, Worker};
use crate::{Error, Result};

/// Black pixels between the samples of a grid.
pub(super) const GRID_GAP: u32 = 2;

/// What is said of a run that is paused.
const PAUSED: &str = "Paused: other runs wait until it goes on or is stopped.";

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
        control: &control,
    };
    let mut run = Run::new(&studio, worker, job.id, &folder);
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
    /// The run begins by its new configuration, which holds from now on.
    fn forget_earlier(&self, job: JobId) -> Result<()> {
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

/// What a run leaves in its folder for other programs.
struct Logs {
    metrics: Metrics,
    tensorboard: TensorBoard,
}

impl Logs {
    fn open(folder: &Path, first_step: u64) -> Result<Self> {
        Ok(Self {
            metrics: Metrics::open(folder, first_step)?,
            tensorboard: TensorBoard::open(folder, first_step)?,
        })
    }
}

/// A run under way: hears the engine, tells the pages, fills database and folder.
struct Run<'a> {
    studio: &'a Darkroom,
    worker: &'a mut Worker,
    job: JobId,
    folder: PathBuf,
    logs: Option<Logs>,
    figures: TrainFigures,
    images: f64,
    image_pace: Pace,
    step_pace: Pace,
    /// Points the database does not have yet, and those the pages do not have yet.
    unsaved: Vec<LossPoint>,
    untold: Vec<LossPoint>,
    events: Throttle,
    heartbeat: Heartbeat,
    /// Since when it has been paused.
    held: Option<Instant>,
}

impl<'a> Run<'a> {
    fn new(studio: &'a Darkroom, worker: &'a mut Worker, job: JobId, folder: &Path) -> Self {
        Self {
            studio,
            worker,
            job,
            folder: folder.to_owned(),
            logs: None,
            figures: TrainFigures::default(),
            images: 0.0,
            image_pace: Pace::default(),
            step_pace: Pace::default(),
            unsaved: Vec::new(),
            untold: Vec::new(),
            events: Throttle::new(Duration::from_millis(200)),
            heartbeat: Heartbeat::new(),
            held: None,
        }
    }

    fn hear(&mut self, event: &TrainEvent) -> Result<()> {
        match *event {
            TrainEvent::Started { first_step, total_steps, .. } => {
                self.started(first_step, total_steps)
            }
            TrainEvent::Step(report) => self.step(report),
            TrainEvent::Validation { step, loss, ema_loss } => {
                self.validation(ValidationPoint { step, loss, ema_loss })
            }
            TrainEvent::RolledBack { step, to_step, learning_rate, reason } => {
                self.rolled_back(step, to_step, learning_rate, reason)
            }
            TrainEvent::Samples { step, pictures, raw, columns } => {
                self.samples(step, pictures, raw, columns)
            }
            TrainEvent::Checkpoint { .. } => self.checkpoint(),
            TrainEvent::Paused { .. } => self.paused(),
            TrainEvent::Continued { .. } => self.continued(),
        }
    }

    fn started(&mut self, first_step: u64, total_steps: u64) -> Result<()> {
        self.studio.forget_earlier(self.job)?;
        self.studio.store.forget_from(self.job, first_step)?;
        self.logs = Some(Logs::open(&self.folder, first_step)?);
        self.figures.step = first_step.saturating_sub(1);
        self.figures.total_steps = total_steps;
        self.figures.rate_halved = engine::train::steered(&self.folder)?.rolled_back.is_some();
        self.mark_pace();
        self.show_figures();
        self.tell();
        self.studio.publish_status()
    }

    /// What came after `to_step` is undone, in the curve and in the logs too.
    fn rolled_back(
        &mut self,
        step: u64,
        to_step: u64,
        learning_rate: f64,
        reason: &str,
    ) -> Result<()> {
        self.flush()?;
        self.studio.store.forget_from(self.job, to_step + 1)?;
        self.logs = Some(Logs::open(&self.folder, to_step + 1)?);
        self.figures.step = to_step;
        self.figures.rate_halved = true;
        self.figures.notice = Some(format!(
            "At step {step} {reason}. The run went back to step {to_step} and goes on with a \
             learning rate of {learning_rate}."
        ));
        self.show_figures();
        self.tell();
        Ok(())
    }

    fn validation(&mut self, point: ValidationPoint) -> Result<()> {
        self.studio.store.add_validation(self.job, &point)?;
        if let Some(logs) = &mut self.logs {
            logs.tensorboard.validation(&point)?;
        }
        self.studio.live.publish(Live::Validation { job: self.job, point });
        Ok(())
    }

    fn step(&mut self, report: &StepReport) -> Result<()> {
        if let Some(logs) = &mut self.logs {
            logs.metrics.add(report)?;
            logs.tensorboard.add(report)?;
        }
        self.note(report);
        if self.events.ready(Instant::now()) {
            self.tell();
        }
        if self.heartbeat.due() {
            self.flush()?;
        }
        self.draw_waiting();
        Ok(())
    }

    fn note(&mut self, report: &StepReport) {
        let point = LossPoint {
            step: report.step,
            loss: report.loss,
            buckets: report.buckets,
            learning_rate: Some(report.learning_rate),
            grad_norm: Some(report.grad_norm),
        };
        self.unsaved.push(point);
        self.untold.push(point);
        self.images += report.images as f64;
        self.figures.step = report.step;
        self.mark_pace();
        self.figures = TrainFigures {
            step: report.step,
            total_steps: report.total_steps,
            epoch: report.epoch,
            learning_rate: report.learning_rate,
            loss: Some(report.loss),
            images_per_second: self.image_pace.per_second().map(|speed| speed as f32),
            eta_seconds: self.step_pace.eta_seconds(report.total_steps as f64),
            notice: self.figures.notice.take(),
            rate_halved: self.figures.rate_halved,
        };
        self.show_figures();
    }

    fn mark_pace(&mut self) {
        let now = Instant::now();
        self.image_pace.mark(now, self.images);
        self.step_pace.mark(now, self.figures.step as f64);
    }

    fn show_figures(&self) {
        let figures = &self.figures;
        self.studio.live.change(self.job, |running| {
            running.progress = figures.step as f32 / figures.total_steps.max(1) as f32;
            running.eta_seconds = figures.eta_seconds;
            running.figures = figures.clone();
        });
    }

    fn tell(&mut self) {
        let points = std::mem::take(&mut self.untold);
        let figures = self.figures.clone();
        self.studio.live.publish(Live::Train { job: self.job, figures, points });
    }

    /// A generation asked for meanwhile is drawn now; that time is not the run's.
    fn draw_waiting(&mut self) {
        let began = Instant::now();
        if self.worker.draw_waiting() {
            self.image_pace.skip(began.elapsed());
            self.step_pace.skip(began.elapsed());
        }
    }

    /// Between two looks of a run that makes no steps.
    fn paused(&mut self) -> Result<()> {
        if self.held.is_none() {
            self.held = Some(Instant::now());
            self.say(Some(PAUSED));
            (self.figures.eta_seconds, self.figures.images_per_second) = (None, None);
            self.show_figures();
            self.tell();
            self.flush()?;
        }
        self.worker.draw_waiting();
        if self.heartbeat.due() { self.beat() } else { Ok(()) }
    }

    /// The time of the pause is not the run's.
    fn continued(&mut self) -> Result<()> {
        if let Some(held) = self.held.take() {
            self.image_pace.skip(held.elapsed());
            self.step_pace.skip(held.elapsed());
        }
        self.say(None);
        self.studio.publish_status()
    }

    fn say(&self, words: Option<&str>) {
        let message = words.map(str::to_owned);
        self.studio.live.change(self.job, |running| running.message = message);
    }

    fn samples(
        &mut self,
        step: u64,
        pictures: &[Picture],
        raw: Option<&[Picture]>,
        columns: usize,
    ) -> Result<()> {
        let path = self.grid(step, ("", "samples"), pictures, columns)?;
        let raw = raw.map(|raw| self.grid(step, ("-raw", "samples/raw"), raw, columns));
        let sample = SampleRow { step, path, raw: raw.transpose()? };
        self.studio.store.add_sample(self.job, &sample)?;
        let grid = sample_grid(self.job, &sample);
        self.studio.live.publish(Live::Samples { job: self.job, grid });
        Ok(())
    }

    /// Puts a grid into the run's folder, under a name that ends with `suffix`, and into its logs as
    /// `tag`. Tells its path relative to the data folder.
    fn grid(
        &mut self,
        step: u64,
        (suffix, tag): (&str, &str),
        pictures: &[Picture],
        columns: usize,
    ) -> Result<String> {
        let path = self.folder.join("samples").join(format!("step-{step:08}{suffix}.png"));
        let sheet = grid(pictures, columns, GRID_GAP);
        let png = sheet.to_png(&[]);
        write_whole(&path, &png)?;
        if let Some(logs) = &mut self.logs {
            logs.tensorboard.samples(step, tag, (sheet.width, sheet.height), &png)?;
        }
        Ok(self.studio.folders.relative(&path))
    }

    fn checkpoint(&mut self) -> Result<()> {
        self.flush()?;
        let (checkpoints, best) = kept_checkpoints(&self.folder);
        self.studio.live.publish(Live::Checkpoint { job: self.job, checkpoints, best });
        self.studio.live.library_changed();
        Ok(())
    }

    fn beat(&self) -> Result<()> {
        self.studio.beat(self.job, Some(&serde_json::to_string(&self.figures)?))
    }

    /// Brings database, folder and pages up to the newest step.
    fn flush(&mut self) -> Result<()> {
        if let Some(logs) = &mut self.logs {
            logs.metrics.flush()?;
            logs.tensorboard.flush()?;
        }
        self.studio.store.add_losses(self.job, &self.unsaved)?;
        self.unsaved.clear();
        if !self.untold.is_empty() {
            self.tell();
        }
        self.beat()
    }
}
