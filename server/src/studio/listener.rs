//! A run under way as the program hears of it: figures with their clock, curve, samples, logs.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use app::api::{JobId, Live, LossPoint, TrainFigures, ValidationPoint};
use engine::grid::{Picture, grid};
use engine::train::{StepReport, TrainEvent};

use super::files::write_whole;
use super::heartbeat::Heartbeat;
use super::metrics::Metrics;
use super::pace::{Pace, Throttle};
use super::runs::{GRID_GAP, sample_grid};
use super::store::SampleRow;
use super::tensorboard::TensorBoard;
use super::views::kept_checkpoints;
use super::{Darkroom, Worker};
use crate::Result;

/// What is said of a run that is paused.
const PAUSED: &str = "Paused: other runs wait until it goes on or is stopped.";

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

/// Hears the engine, tells the pages, fills database and folder.
pub(super) struct Listener<'a> {
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

impl<'a> Listener<'a> {
    pub fn new(studio: &'a Darkroom, worker: &'a mut Worker, job: JobId, folder: &Path) -> Self {
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

    pub fn hear(&mut self, event: &TrainEvent) -> Result<()> {
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
            // A run goes on from what is saved: what is not written by then would be lost to a kill.
            TrainEvent::Saving { .. } => self.flush(),
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
        // A run that is killed and resumed draws again only what has no row.
        self.flush()?;
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
        let (checkpoints, best) = kept_checkpoints(&self.folder);
        self.studio.live.publish(Live::Checkpoint { job: self.job, checkpoints, best });
        self.studio.live.library_changed();
        Ok(())
    }

    fn beat(&self) -> Result<()> {
        self.studio.beat(self.job, Some(&serde_json::to_string(&self.figures)?))
    }

    /// Brings database, folder and pages up to the newest step.
    pub fn flush(&mut self) -> Result<()> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use app::api::JobKind;
    use candle_core::Device;
    use engine::config::RunConfig;

    use super::*;
    use crate::studio::DeviceLabel;
    use crate::studio::files::make_folder;
    use crate::studio::metrics::tests::report;
    use crate::studio::runs::RunRequest;

    #[test]
    fn figures_are_written_before_the_state_that_a_killed_run_goes_on_from() {
        let data = tempfile::tempdir().unwrap();
        let device = DeviceLabel { label: "cpu".into(), note: None };
        let studio = Darkroom::open(data.path(), device).unwrap();
        let request = RunRequest::new(RunConfig::default()).write().unwrap();
        let job = studio.store.enqueue(JobKind::Train, "first", &request, None).unwrap();
        let folder = studio.folders.run("first");
        make_folder(&folder).unwrap();
        let mut worker = Worker::new(Arc::clone(&studio), Device::Cpu);
        let mut listener = Listener::new(&studio, &mut worker, job, &folder);
        listener.started(1, 9).unwrap();
        for step in 1..=3 {
            listener.hear(&TrainEvent::Step(&report(step))).unwrap();
        }
        listener.hear(&TrainEvent::Saving { step: 3 }).unwrap();
        // What a kill would leave: the listener is not dropped yet.
        let metrics = std::fs::read_to_string(folder.join("metrics.jsonl")).unwrap();
        assert_eq!(metrics.lines().count(), 3);
        assert_eq!(studio.store.curve(job, 100).unwrap().len(), 3);
    }
}
