//! Runs that came from elsewhere: their folders are there, and the database does not know them yet.

use std::path::Path;

use app::api::{JobKind, JobState, TrainFigures};
use engine::checkpoint::Header;
use engine::config::RunConfig;
use engine::train::{has_state, latest_checkpoint, saved_step};

use super::Darkroom;
use super::library::ModelSource;
use super::metrics::points;
use super::runs::RunRequest;
use super::store::{Ending, JobRow, SampleRow};
use crate::{Error, Result};

impl Darkroom {
    /// Takes in a model, or a run, which can go on then. Errors name `name`, `config` or the file.
    pub fn import(&self, name: &str, source: &ModelSource) -> Result<Header> {
        let header = self.models.import(name, source)?;
        if has_state(&self.folders.run(name)) {
            self.adopt_run(name)?;
        }
        self.live.library_changed();
        Ok(header)
    }

    /// A row for a run whose folder is there without one, with the curve and the samples in its folder.
    pub fn adopt_run(&self, name: &str) -> Result<JobRow> {
        let folder = self.folders.run(name);
        let path = folder.join("config.yaml");
        let text = std::fs::read_to_string(&path).map_err(Error::file("read", &path))?;
        let config = RunConfig::from_yaml(&text)?;
        let asked = config.train_params.num_steps as u64;
        let epoch = epoch_of(&folder, &config);
        let request = RunRequest::new(config).resumed().write()?;
        let job = self.store.enqueue(JobKind::Train, name, &request, Some(self.worker_name()))?;
        let step = saved_step(&folder).unwrap_or(0);
        let points = points(&folder, step);
        let figures = TrainFigures {
            step,
            total_steps: asked.max(step),
            epoch,
            loss: points.last().map(|point| point.loss),
            learning_rate: points.last().and_then(|point| point.learning_rate).unwrap_or_default(),
            ..Default::default()
        };
        self.store.add_losses(job, &points)?;
        for sample in self.samples_of(name, step) {
            self.store.add_sample(job, &sample)?;
        }
        let progress = step as f32 / figures.total_steps.max(1) as f32;
        self.store.set_progress(job, progress, Some(&serde_json::to_string(&figures)?))?;
        // By epochs alone nobody knows how far it was to go.
        let is_whole = asked > 0 && step >= asked;
        let state = if is_whole { JobState::Done } else { JobState::Stopped };
        let message = Some(format!("It came from elsewhere and can go on from step {step}."));
        self.store.end(job, &Ending { state, message })?;
        self.training_row(job)
    }

    /// The grids in the folder of the run called `name`, up to `last`.
    fn samples_of(&self, name: &str, last: u64) -> Vec<SampleRow> {
        let folder = self.folders.run(name).join("samples");
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let steps = entries.filter_map(|entry| step_of(entry.file_name().to_str()?));
        let row = |step: u64| {
            let relative = |suffix: &str| {
                let path = folder.join(format!("step-{step:08}{suffix}.png"));
                path.exists().then(|| self.folders.relative(&path))
            };
            Some(SampleRow { step, path: relative("")?, raw: relative("-raw") })
        };
        steps.filter(|&step| step <= last).filter_map(row).collect()
    }
}

/// The epoch of the newest checkpoint, from 1; 0 where there is none.
fn epoch_of(folder: &Path, config: &RunConfig) -> u64 {
    let newest = latest_checkpoint(folder).ok().flatten();
    let header = newest.and_then(|path| Header::read(&path).ok());
    header.map_or(0, |header| {
        let per_epoch = config.train_params.steps_per_epoch(header.dataset.count as usize) as u64;
        header.step.div_ceil(per_epoch.max(1))
    })
}

fn step_of(file: &str) -> Option<u64> {
    file.strip_prefix("step-")?.strip_suffix(".png")?.parse().ok()
}
