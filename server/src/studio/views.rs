//! How jobs look from outside: rows of the database with what is known of them at this moment.

use std::path::Path;

use app::api::{
    GenerateView, ImageInfo, JobId, JobKind, JobState, JobSummary, Live, Status, TrainFigures,
    TrainView,
};

use super::Darkroom;
use super::live::RunningJob;
use super::runs::{RunRequest, sample_grid};
use super::store::{ImageRow, JobRow};
use crate::Result;

/// Jobs that are over and still stand in the status.
const LAST_JOBS: usize = 5;

/// Points of a curve.
const CURVE_POINTS: u64 = 1000;

impl Darkroom {
    pub fn status(&self) -> Result<Status> {
        let mut rows = self.store.open_jobs()?;
        rows.extend(self.store.last_jobs(LAST_JOBS)?);
        Ok(Status {
            device: self.device.label.clone(),
            device_note: self.device.note.clone(),
            data_dir: self.folders.root().display().to_string(),
            version: env!("CARGO_PKG_VERSION").into(),
            library: self.live.library(),
            jobs: rows.iter().map(|row| self.job_summary(row)).collect(),
            newest_training: self.store.newest_training()?,
            shared_at: self.shared_at.get().cloned(),
        })
    }

    pub fn job_summary(&self, row: &JobRow) -> JobSummary {
        let running = self.standing(row);
        let is_on = row.state == JobState::Running;
        let wished = wished(&running).filter(|_| is_on);
        let ends = is_on && running.cancel.is_cancelled();
        JobSummary {
            id: row.id,
            kind: row.kind,
            title: row.title.clone(),
            state: row.state,
            paused: is_on && running.control.is_paused(),
            progress: running.progress,
            eta_seconds: running.eta_seconds.filter(|_| is_on && !ends),
            message: wished.map(String::from).or(running.message),
        }
    }

    /// The generation, or the newest one; nothing if there is none.
    pub fn generation_view(&self, job: Option<JobId>) -> Result<Option<GenerateView>> {
        self.row_of(JobKind::Generate, job)?.map(|row| self.generate_view(&row, 0)).transpose()
    }

    /// How far a job is. One that is over in the database is what is written there, also in the moment
    /// before its running half is let go, which knows no ending.
    fn standing(&self, row: &JobRow) -> RunningJob {
        let running = self.live.get(row.id).filter(|_| !row.state.is_over());
        running.unwrap_or_else(|| stored(row))
    }

    /// The generation as it stands, without its first `before` images.
    pub fn generate_view(&self, row: &JobRow, before: usize) -> Result<GenerateView> {
        let drawing = self.standing(row).drawing;
        let images: Vec<ImageInfo> =
            self.store.images_from(row.id, before)?.into_iter().map(image_info).collect();
        let preview_url =
            drawing.preview.map(|version| format!("/files/previews/{}.png?v={version}", row.id));
        Ok(GenerateView {
            job: self.job_summary(row),
            settings: serde_json::from_str(&row.request)?,
            step: drawing.step,
            steps: drawing.steps,
            batch: drawing.batch,
            follow: drawing.follow,
            preview_url,
            grid_url: row.grid.as_ref().map(|_| format!("/files/grids/{}.png", row.id)),
            sheet_urls: (0..self.store.sheets(row.id)?.len())
                .map(|number| format!("/files/sheets/{}/{number}.png", row.id))
                .collect(),
            zip_url: (before > 0 || !images.is_empty())
                .then(|| format!("/files/zips/{}.zip", row.id)),
            images_before: before,
            images,
        })
    }

    /// The run, or the newest one; nothing if there is none.
    pub fn training_view(&self, job: Option<JobId>) -> Result<Option<TrainView>> {
        self.row_of(JobKind::Train, job)?.map(|row| self.train_view(&row)).transpose()
    }

    fn train_view(&self, row: &JobRow) -> Result<TrainView> {
        let request = RunRequest::read(&row.request)?;
        let folder = self.folders.run(&row.title);
        let (checkpoints, best) = kept_checkpoints(&folder);
        let steered = engine::train::steered(&folder).ok();
        let configured = request.config.train_params.sample_every as u64;
        let samples = self.store.samples(row.id)?;
        let job = self.job_summary(row);
        let figures = self.standing(row).figures;
        Ok(TrainView {
            config: request.config,
            figures: TrainFigures { eta_seconds: job.eta_seconds, ..figures },
            job,
            curve: self.store.curve(row.id, CURVE_POINTS)?,
            validation: self.store.validations(row.id)?,
            samples: samples.iter().map(|sample| sample_grid(row.id, sample)).collect(),
            best,
            rate_factor: steered.as_ref().map_or(1.0, |steered| steered.rate_factor),
            sample_every: steered.and_then(|steered| steered.sample_every).unwrap_or(configured),
            checkpoints,
        })
    }

    /// All that a page needs to show what goes on, when it begins to listen or has missed something.
    pub fn snapshot(&self) -> Result<Vec<Live>> {
        let status = self.status()?;
        let running: Vec<JobSummary> =
            status.jobs.iter().filter(|job| !job.state.is_over()).cloned().collect();
        let mut events = vec![Live::Status(status)];
        for job in running {
            match job.kind {
                JobKind::Generate => {
                    let view = self.generation_view(Some(job.id))?;
                    events.extend(view.map(|view| Live::Generate(Box::new(view))));
                }
                JobKind::Train => {
                    let view = self.training_view(Some(job.id))?;
                    events.extend(view.into_iter().flat_map(|view| training_events(job.id, view)));
                }
                // Its progress is the status; its figures are asked for when it is done.
                JobKind::Evaluate => {}
            }
        }
        Ok(events)
    }

    fn row_of(&self, kind: JobKind, job: Option<JobId>) -> Result<Option<JobRow>> {
        match job {
            Some(id) => Ok(self.store.job(id)?.filter(|row| row.kind == kind)),
            None => self.store.newest_job(kind),
        }
    }
}

/// What a person wants of a job that goes on, until it has come to it.
fn wished(running: &RunningJob) -> Option<&'static str> {
    match (running.cancel.is_cancelled(), running.skip) {
        (true, _) => Some("Ending after this step…"),
        (false, true) => Some("Skipping after this step…"),
        (false, false) => None,
    }
}

/// What the database knows of a job that this program does not run, or no more.
fn stored(row: &JobRow) -> RunningJob {
    let figures: TrainFigures =
        row.figures.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
    RunningJob {
        progress: row.progress,
        eta_seconds: figures.eta_seconds,
        message: row.message.clone(),
        figures,
        ..RunningJob::default()
    }
}

/// All that a page must hear to show a running training as it stands; it knows repetitions by step.
fn training_events(job: JobId, view: TrainView) -> Vec<Live> {
    let mut events = vec![Live::Train { job, figures: view.figures, points: view.curve }];
    events.extend(view.validation.into_iter().map(|point| Live::Validation { job, point }));
    events.extend(view.samples.into_iter().map(|grid| Live::Samples { job, grid }));
    events.push(Live::Checkpoint { job, checkpoints: view.checkpoints, best: view.best });
    events
}

/// The steps of the checkpoints in a run's folder, and the best of them.
pub(super) fn kept_checkpoints(folder: &Path) -> (Vec<u64>, Option<u64>) {
    let checkpoints = engine::train::checkpoints(folder).unwrap_or_default();
    let best = engine::train::best_checkpoint(folder).ok().flatten();
    (checkpoints.into_iter().map(|(step, _)| step).collect(), best.map(|best| best.step))
}

pub(super) fn image_info(row: ImageRow) -> ImageInfo {
    ImageInfo {
        id: row.id,
        url: format!("/files/images/{}.png", row.id),
        width: row.image.width,
        height: row.image.height,
        seed: row.image.seed,
        parameters: row.image.parameters,
        strip_url: format!("/files/strips/{}.png", row.id),
        strip_frames: row.image.strip_frames,
        noisy_strip_url: row
            .image
            .noisy_strip
            .map(|_| format!("/files/noisy-strips/{}.png", row.id)),
        starred: row.starred,
    }
}
