//! How good a model's pictures are, in numbers: asked for in the page or on the command line.

mod images;
mod judge;
mod measuring;
mod settings;

use std::sync::Arc;
use std::time::{Duration, Instant};

use app::api::{EvaluateForm, EvaluationView, JobId, JobKind, JobState};
use engine::CancelToken;
use engine::checkpoint::Header;
use engine::data::ImageSet;

use super::files::write_whole;
use super::heartbeat::Heartbeat;
use super::library::ModelFile;
use super::pace::{Pace, Throttle};
use super::runs::load_options;
use super::store::{Ending, JobRow};
use super::{Darkroom, Runner, Worker, check_draws, check_steps};
use crate::{Error, Result};
use images::Images;
use judge::{Chosen, check_features};
pub use measuring::Measured;
pub use settings::EvaluateSettings;

/// Fewer pictures say nothing.
const FEWEST: usize = 8;

/// More take hours and tell no more.
const MOST: usize = 50_000;

/// All that is needed to measure, found before the device is asked.
pub struct Evaluation {
    settings: EvaluateSettings,
    model: ModelFile,
    judge: Chosen,
    images: Images,
}

/// What an evaluation does for long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A classifier learns, to judge.
    Learning,
    Drawing,
}

/// How many steps of how many are done.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    pub stage: Stage,
    pub done: u64,
    pub total: u64,
}

/// Hears of every step.
pub type OnStep<'a> = &'a mut dyn FnMut(Step) -> Result<()>;

impl Darkroom {
    /// Puts the measurement into the queue.
    pub fn enqueue_evaluation(&self, form: &EvaluateForm) -> Result<JobId> {
        let settings = self.checked_evaluation(EvaluateSettings::read(form)?)?;
        let title = format!("{}, {} images", settings.model, settings.count);
        let request = serde_json::to_string(&settings)?;
        self.enqueue(JobKind::Evaluate, &title, &request, Runner::Queue)
    }

    /// The settings with a judge that can judge, if all can be measured as they say.
    fn checked_evaluation(&self, settings: EvaluateSettings) -> Result<EvaluateSettings> {
        if !(FEWEST..=MOST).contains(&settings.count) {
            let message = format!("{} is out of range; give {FEWEST} to {MOST}", settings.count);
            return Err(Error::field("count", message));
        }
        let info = self.models.info(&settings.model)?;
        check_draws(&info)?;
        check_features(&settings)?;
        if let Some(dataset) = &settings.dataset {
            let checked = self.datasets.check(dataset);
            checked.map_err(|error| error.renamed("dataset_params.im_path", "dataset"))?;
        }
        settings.drawing(&info.classes).validate()?;
        check_steps(settings.steps, info.timesteps)?;
        self.with_judge(settings)
    }

    /// Evaluations of `model`, or of all, newest first.
    pub fn evaluations(&self, model: Option<&str>) -> Result<Vec<EvaluationView>> {
        let views = self.store.evaluations()?.into_iter().map(|row| self.evaluation_view(&row));
        let wanted = |view: &EvaluationView| model.is_none_or(|model| view.form.model == model);
        views.filter(|view| view.as_ref().map_or(true, wanted)).collect()
    }

    fn evaluation_view(&self, row: &JobRow) -> Result<EvaluationView> {
        let settings: EvaluateSettings = serde_json::from_str(&row.request)?;
        let done = row.state == JobState::Done;
        let figures = row.figures.as_deref().filter(|_| done);
        Ok(EvaluationView {
            job: self.job_summary(row),
            form: settings.form(),
            figures: figures.map(serde_json::from_str).transpose()?,
            neighbours_url: row.grid.as_ref().map(|_| format!("/files/grids/{}.png", row.id)),
        })
    }

    /// Finds the model, its judge and the images.
    pub fn evaluation(
        &self,
        settings: EvaluateSettings,
        cancel: &CancelToken,
    ) -> Result<Evaluation> {
        let settings = self.checked_evaluation(settings)?;
        let model = self.models.find(&settings.model)?;
        let header = self.models.header(&settings.model)?;
        let all = Arc::new(self.images_to_know(&header, &settings, cancel)?);
        let images = Images::choose(&all, &header, &settings)?;
        Ok(Evaluation { model, judge: self.chosen_judge(&settings, all)?, images, settings })
    }

    /// All images of the data set, as the model takes them.
    fn images_to_know(
        &self,
        header: &Header,
        settings: &EvaluateSettings,
        cancel: &CancelToken,
    ) -> Result<ImageSet> {
        let mut config = header.config.clone();
        if let Some(dataset) = &settings.dataset {
            config.dataset_params.im_path.clone_from(dataset);
        }
        let config = config.validate()?;
        let source = self.datasets.resolve(&config.dataset_params.im_path, cancel);
        let source = source.map_err(|error| error.renamed("dataset_params.im_path", "dataset"))?;
        Ok(source.load(&load_options(&config), cancel)?)
    }
}

/// Does an evaluation from its row to its figures.
pub fn evaluate(worker: &mut Worker, job: &JobRow, cancel: &CancelToken) -> Result<Ending> {
    let studio = Arc::clone(&worker.studio);
    let settings: EvaluateSettings = serde_json::from_str(&job.request)?;
    let mut teller = Teller::new(&studio, job.id);
    teller.message("loading images and model");
    let evaluation = studio.evaluation(settings, cancel)?;
    teller.message("drawing");
    let Measured { figures, neighbours } =
        evaluation.measure(&worker.device, cancel, &mut |step| teller.step(step))?;
    let path = studio.folders.neighbours(job.id);
    write_whole(&path, &neighbours.to_png(&[]))?;
    studio.store.set_grid(job.id, &studio.folders.relative(&path))?;
    studio.store.set_progress(job.id, 1.0, Some(&serde_json::to_string(&figures)?))?;
    Ok(Ending { state: JobState::Done, message: None })
}

/// Tells whoever watches how far an evaluation is.
struct Teller<'a> {
    studio: &'a Darkroom,
    job: JobId,
    pace: Pace,
    news: Throttle,
    heartbeat: Heartbeat,
}

impl<'a> Teller<'a> {
    fn new(studio: &'a Darkroom, job: JobId) -> Self {
        let mut teller = Self {
            studio,
            job,
            pace: Pace::default(),
            news: Throttle::new(Duration::from_millis(250)),
            heartbeat: Heartbeat::new(),
        };
        teller.restart();
        teller
    }

    /// Time before now says nothing of how long drawing takes.
    fn restart(&mut self) {
        self.pace = Pace::default();
        self.pace.mark(Instant::now(), 0.0);
    }

    fn message(&self, words: &str) {
        let message = Some(words.to_owned());
        self.studio.live.change(self.job, |running| running.message = message);
    }

    fn step(&mut self, step: Step) -> Result<()> {
        match step.stage {
            Stage::Learning => self.learning(step),
            Stage::Drawing => self.drawing(step),
        }
        if self.heartbeat.due() {
            self.studio.beat(self.job, None)?;
        }
        match self.news.ready(Instant::now()) {
            true => self.studio.publish_status(),
            false => Ok(()),
        }
    }

    fn learning(&mut self, Step { done, total, .. }: Step) {
        self.restart();
        self.message(&format!("a classifier learns to judge: step {done} of at most {total}"));
    }

    fn drawing(&mut self, Step { done, total, .. }: Step) {
        self.pace.mark(Instant::now(), done as f64);
        let eta_seconds = self.pace.eta_seconds(total as f64);
        self.studio.live.change(self.job, |running| {
            running.progress = done as f32 / total as f32;
            running.eta_seconds = eta_seconds;
            running.message = (done == total).then(|| "comparing".into());
        });
    }
}
