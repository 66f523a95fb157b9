//! What the page may ask for. The database blocks, so every call leaves the async threads.

use std::sync::Arc;

use app::api::{
    ApiError, DatasetChange, DatasetEdit, DatasetInfo, DatasetPage, DatasetStatistics, DeletedPage,
    Estimate, EvaluateForm, EvaluationView, GalleryImage, GalleryPage, GalleryQuery, GenerateForm,
    GenerateView, ImageId, InputImage, JobId, JobKind, JobState, JobSummary, MergeForm, ModelInfo,
    Preferences, ProcessForm, ProcessView, Speed, Status, Studio, Style, TrainView, Wish,
};
use async_trait::async_trait;
use engine::config::{GenerateSettings, RunConfig};

use super::library::{Models, NewDataset};
use super::runs::RunRequest;
use super::{Darkroom, Runner};
use crate::{Error, Result};

/// A draft longer than this is no form's.
const MAX_DRAFT: usize = 256 << 10;

/// The program as server functions see it.
#[derive(Clone)]
pub struct StudioHandle(pub Arc<Darkroom>);

impl StudioHandle {
    /// Does `call` on a thread that may block.
    pub async fn blocking<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Arc<Darkroom>) -> Result<T> + Send + 'static,
    ) -> std::result::Result<T, ApiError> {
        let darkroom = Arc::clone(&self.0);
        let done = tokio::task::spawn_blocking(move || call(&darkroom)).await;
        match done {
            Ok(result) => result.map_err(ApiError::from),
            Err(error) => Err(ApiError::Internal(format!("a fault inside Darkroom: {error}"))),
        }
    }
}

type Answer<T> = std::result::Result<T, ApiError>;

#[async_trait]
impl Studio for StudioHandle {
    async fn status(&self) -> Answer<Status> {
        self.blocking(|darkroom| darkroom.status()).await
    }

    async fn models(&self) -> Answer<Vec<ModelInfo>> {
        self.blocking(|darkroom| Ok(darkroom.models.list())).await
    }

    async fn delete_model(&self, name: &str) -> Answer<()> {
        let name = name.to_owned();
        self.blocking(move |darkroom| darkroom.delete_run(&name)).await
    }

    async fn merge_models(&self, form: MergeForm) -> Answer<ModelInfo> {
        self.blocking(move |darkroom| darkroom.merge_models(&form)).await
    }

    async fn evaluate(&self, form: EvaluateForm) -> Answer<JobId> {
        self.blocking(move |darkroom| darkroom.enqueue_evaluation(&form)).await
    }

    async fn evaluations(&self, model: Option<&str>) -> Answer<Vec<EvaluationView>> {
        let model = model.map(str::to_owned);
        self.blocking(move |darkroom| darkroom.evaluations(model.as_deref())).await
    }

    async fn datasets(&self) -> Answer<Vec<DatasetInfo>> {
        self.blocking(|darkroom| darkroom.datasets.list()).await
    }

    async fn dataset(&self, name: &str, class: Option<&str>, offset: u64) -> Answer<DatasetPage> {
        let (name, class) = (name.to_owned(), class.map(str::to_owned));
        self.blocking(move |darkroom| darkroom.datasets.page(&name, class.as_deref(), offset)).await
    }

    async fn add_dataset(&self, name: &str, path: &str, background: &str) -> Answer<DatasetInfo> {
        let (name, path, background) = (name.to_owned(), path.to_owned(), background.to_owned());
        self.blocking(move |darkroom| {
            let new = NewDataset { name: &name, background: &background };
            darkroom.datasets.add_path(&new, &path)
        })
        .await
    }

    async fn delete_dataset(&self, name: &str) -> Answer<()> {
        let name = name.to_owned();
        self.blocking(move |darkroom| {
            darkroom.reconcile()?;
            darkroom.datasets.delete(&name)
        })
        .await
    }

    async fn edit_dataset(&self, name: &str, edit: DatasetEdit) -> Answer<DatasetChange> {
        let name = name.to_owned();
        self.blocking(move |darkroom| {
            darkroom.reconcile()?;
            darkroom.datasets.edit(&name, &edit)
        })
        .await
    }

    async fn undo_dataset_edit(&self, name: &str) -> Answer<DatasetChange> {
        let name = name.to_owned();
        self.blocking(move |darkroom| {
            darkroom.reconcile()?;
            darkroom.datasets.undo(&name)
        })
        .await
    }

    async fn dataset_statistics(&self, name: &str) -> Answer<DatasetStatistics> {
        let name = name.to_owned();
        self.blocking(move |darkroom| darkroom.datasets.statistics(&name)).await
    }

    async fn generate(&self, settings: GenerateSettings) -> Answer<JobId> {
        self.blocking(move |darkroom| darkroom.enqueue_generation(settings)).await
    }

    async fn generation(&self, job: Option<JobId>) -> Answer<Option<GenerateView>> {
        self.blocking(move |darkroom| darkroom.generation_view(job)).await
    }

    async fn gallery(&self, query: GalleryQuery) -> Answer<GalleryPage> {
        self.blocking(move |darkroom| darkroom.gallery(&query)).await
    }

    async fn images(&self, images: Vec<ImageId>) -> Answer<Vec<GalleryImage>> {
        self.blocking(move |darkroom| darkroom.gallery_images(&images)).await
    }

    async fn star(&self, image: ImageId, starred: bool) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.star(image, starred)).await
    }

    async fn delete_images(&self, images: Vec<ImageId>) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.delete_images(&images)).await
    }

    async fn restore_images(&self, images: Vec<ImageId>) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.restore_images(&images)).await
    }

    async fn deleted_images(&self) -> Answer<DeletedPage> {
        self.blocking(|darkroom| darkroom.deleted_images()).await
    }

    async fn restore_deletions(&self, from: i64, until: i64) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.restore_deletions(from, until)).await
    }

    async fn purge_deletions(&self, until: i64) -> Answer<()> {
        self.blocking(move |darkroom| {
            darkroom.purge_deletions(until)?;
            darkroom.purge_inputs()
        })
        .await
    }

    async fn input(&self, name: &str) -> Answer<InputImage> {
        let name = name.to_owned();
        self.blocking(move |darkroom| darkroom.input(&name)).await
    }

    async fn input_from_gallery(&self, image: ImageId) -> Answer<InputImage> {
        self.blocking(move |darkroom| darkroom.input_from_gallery(image)).await
    }

    async fn process(&self, form: ProcessForm) -> Answer<ProcessView> {
        self.blocking(move |darkroom| darkroom.process_view(&form)).await
    }

    async fn estimate(&self, config: RunConfig) -> Answer<Estimate> {
        self.blocking(move |darkroom| darkroom.estimate(config)).await
    }

    async fn probe(&self, config: RunConfig) -> Answer<Speed> {
        self.blocking(move |darkroom| darkroom.probe(config)).await
    }

    async fn train(&self, config: RunConfig) -> Answer<JobId> {
        let request = RunRequest::new(config);
        self.blocking(move |darkroom| darkroom.enqueue_training(&request, Runner::Queue)).await
    }

    async fn training(&self, job: Option<JobId>) -> Answer<Option<TrainView>> {
        self.blocking(move |darkroom| darkroom.training_view(job)).await
    }

    async fn trainings(&self) -> Answer<Vec<JobSummary>> {
        self.blocking(|darkroom| {
            let rows = darkroom.store.trainings()?;
            Ok(rows.iter().map(|row| darkroom.job_summary(row)).collect())
        })
        .await
    }

    async fn resume(&self, job: JobId) -> Answer<JobId> {
        self.blocking(move |darkroom| darkroom.resume_as_it_was(job)).await
    }

    async fn extend(&self, job: JobId, steps: u64) -> Answer<JobId> {
        self.blocking(move |darkroom| darkroom.extend_run(job, steps)).await
    }

    async fn steer(&self, job: JobId, wish: Wish) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.steer(job, wish)).await
    }

    async fn interrupt(&self, job: JobId) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.interrupt(job)).await
    }

    async fn skip(&self, job: JobId) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.skip(job)).await
    }

    async fn styles(&self) -> Answer<Vec<Style>> {
        self.blocking(|darkroom| darkroom.store.styles()).await
    }

    async fn save_style(&self, name: &str, form: GenerateForm) -> Answer<()> {
        let name = name.to_owned();
        self.blocking(move |darkroom| darkroom.save_style(&name, &form)).await
    }

    async fn delete_style(&self, name: &str) -> Answer<()> {
        let name = name.to_owned();
        self.blocking(move |darkroom| darkroom.delete_style(&name)).await
    }

    async fn draft(&self, browser: &str, form: &str) -> Answer<Option<String>> {
        let (browser, form) = (browser.to_owned(), form.to_owned());
        self.blocking(move |darkroom| darkroom.store.draft(&browser, &form)).await
    }

    async fn save_draft(&self, browser: &str, form: &str, content: &str) -> Answer<()> {
        if !matches!(form, "generate" | "train") {
            return Err(ApiError::NotFound(format!("there is no form called {form}")));
        }
        if content.len() > MAX_DRAFT {
            return Err(ApiError::Conflict("this is too long to be kept".into()));
        }
        let [browser, form, content] = [browser, form, content].map(str::to_owned);
        self.blocking(move |darkroom| darkroom.store.save_draft(&browser, &form, &content)).await
    }

    async fn preferences(&self) -> Answer<Preferences> {
        self.blocking(|darkroom| darkroom.store.preferences()).await
    }

    async fn change_preference(&self, key: &str, value: &str) -> Answer<()> {
        let (key, value) = (key.to_owned(), value.to_owned());
        let change = move |preferences: &mut Preferences| preferences.set(&key, &value);
        self.blocking(move |darkroom| darkroom.store.change_preferences(change)).await
    }

    async fn set_preferences(&self, preferences: Preferences) -> Answer<()> {
        self.blocking(move |darkroom| darkroom.store.set_preferences(&preferences)).await
    }
}

impl Darkroom {
    /// Checks the settings against the model and puts the generation into the queue.
    pub fn enqueue_generation(&self, settings: GenerateSettings) -> Result<JobId> {
        let (title, request) = self.checked_generation(settings)?;
        self.enqueue(JobKind::Generate, &title, &request, Runner::Queue)
    }

    /// The same for pictures that nobody asks to save; see [`Darkroom::forget_unsaved`].
    pub fn enqueue_unsaved(&self, settings: GenerateSettings) -> Result<JobId> {
        let (title, request) = self.checked_generation(settings)?;
        self.queued(self.store.enqueue_unsaved(&title, &request)?)
    }

    fn estimate(&self, config: RunConfig) -> Result<Estimate> {
        let config = config.validate()?;
        let asked = &config.dataset_params.im_path;
        let images = self.datasets.count(asked)?;
        let autoencoder = self.autoencoder_header(&config)?;
        Ok(Estimate {
            weights: engine::train::weights_in(&config, autoencoder.as_ref()),
            images,
            total_steps: config.train_params.total_steps(images as usize) as u64,
            memory_bytes: engine::train::memory_estimate(
                &config,
                autoencoder.as_ref(),
                images,
                self.device.is_cpu(),
            ),
        })
    }

    fn resume_as_it_was(&self, job: JobId) -> Result<JobId> {
        let row = self.training_row(job)?;
        if row.state == JobState::Done {
            return Err(Error::Conflict(format!("{} is finished", row.title)));
        }
        self.resume_training(job, RunRequest::read(&row.request)?.config, Runner::Queue)
    }

    /// Lets a run that is over go on to more steps than it was asked for, or fewer.
    fn extend_run(&self, job: JobId, steps: u64) -> Result<JobId> {
        let row = self.training_row(job)?;
        let mut config = RunRequest::read(&row.request)?.config;
        let done = self.resumable_step(&row.title).unwrap_or(0);
        if steps <= done {
            let message = format!("{steps} is not beyond step {done}, where the run stands");
            return Err(Error::field("num_steps", message));
        }
        let set = config.set("train_params.num_steps", &steps.to_string());
        set.map_err(|error| Error::from(error).renamed("train_params.num_steps", "num_steps"))?;
        self.resume_training(job, config, Runner::Queue)
    }

    fn steer(&self, job: JobId, wish: Wish) -> Result<()> {
        let row = self.training_row(job)?;
        let running = self.live.get(job);
        let control = running.map(|running| running.control).ok_or_else(|| {
            Error::Conflict(format!("{} does not run here now; it cannot be steered", row.title))
        })?;
        match wish {
            Wish::SaveNow => control.save_now(),
            Wish::SampleNow => control.sample_now(),
            Wish::RateFactor(factor) => control.set_rate_factor(factor)?,
            Wish::SampleEvery(steps) => control.set_sample_every(steps),
            Wish::Pause => control.pause(),
            Wish::GoOn => control.go_on(),
        }
        self.publish_status()
    }

    pub fn interrupt(&self, job: JobId) -> Result<()> {
        if self.store.withdraw(job, "taken out of the queue before it began")? {
            return self.publish_status();
        }
        let row = self.store.job(job)?;
        let row = row.ok_or_else(|| Error::NotFound(format!("there is no job {job}")))?;
        // A job that ended meanwhile is what was wanted.
        if row.state == JobState::Running && !self.live.cancel(job) {
            self.store.ask_to_stop(job)?;
        }
        self.publish_status()
    }

    pub fn skip(&self, job: JobId) -> Result<()> {
        let row = self.store.job(job)?;
        let row = row.ok_or_else(|| Error::NotFound(format!("there is no job {job}")))?;
        // One that is over, that another program runs, or that draws nothing has no batch to leave out.
        if row.kind == JobKind::Generate {
            self.live.change(job, |running| running.skip = true);
        }
        self.publish_status()
    }

    fn delete_run(&self, name: &str) -> Result<()> {
        let _lock = self.folders.lock_names()?;
        self.reconcile()?;
        if Models::is_built_in(name) {
            return Err(Error::Conflict(format!("{name} is built in and stays")));
        }
        let job = self.store.training_named(name)?;
        if job.as_ref().is_some_and(|job| !job.state.is_over()) {
            return Err(Error::Conflict(format!("{name} is being trained; stop it first")));
        }
        self.models.delete_run(name)?;
        if let Some(job) = job {
            self.store.delete_job(job.id)?;
        }
        self.live.library_changed();
        self.publish_status()
    }
}
