//! What the server functions call; the server crate implements it.

use async_trait::async_trait;
use engine::config::{GenerateSettings, RunConfig};

use super::*;

/// The program behind the page. One stands in the context of every request as `Arc<dyn Studio>`.
#[async_trait]
pub trait Studio: Send + Sync {
    async fn status(&self) -> Result<Status, ApiError>;

    async fn models(&self) -> Result<Vec<ModelInfo>, ApiError>;
    async fn delete_model(&self, name: &str) -> Result<(), ApiError>;
    async fn merge_models(&self, form: MergeForm) -> Result<ModelInfo, ApiError>;
    /// Puts the measurement of a model's pictures into the queue.
    async fn evaluate(&self, form: EvaluateForm) -> Result<JobId, ApiError>;
    /// All evaluations, of one model if it is named, newest first.
    async fn evaluations(&self, model: Option<&str>) -> Result<Vec<EvaluationView>, ApiError>;

    async fn datasets(&self) -> Result<Vec<DatasetInfo>, ApiError>;
    /// `class` and `offset` select the images; a page holds 60.
    async fn dataset(
        &self,
        name: &str,
        class: Option<&str>,
        offset: u64,
    ) -> Result<DatasetPage, ApiError>;
    /// Names a folder, archive or IDX file on the server's own disk.
    async fn add_dataset(
        &self,
        name: &str,
        path: &str,
        background: &str,
    ) -> Result<DatasetInfo, ApiError>;
    /// Forgets a data set; an uploaded one is deleted, one named by path stays where it is.
    async fn delete_dataset(&self, name: &str) -> Result<(), ApiError>;
    /// Changes the images of an uploaded data set.
    async fn edit_dataset(&self, name: &str, edit: DatasetEdit) -> Result<DatasetChange, ApiError>;
    /// Takes the last edit back.
    async fn undo_dataset_edit(&self, name: &str) -> Result<DatasetChange, ApiError>;
    /// Looks at every pixel, so it may take a while.
    async fn dataset_statistics(&self, name: &str) -> Result<DatasetStatistics, ApiError>;

    async fn generate(&self, settings: GenerateSettings) -> Result<JobId, ApiError>;
    /// The job, or the newest generation if none is named.
    async fn generation(&self, job: Option<JobId>) -> Result<Option<GenerateView>, ApiError>;

    /// What of all that was drawn fits `query`.
    async fn gallery(&self, query: GalleryQuery) -> Result<GalleryPage, ApiError>;
    /// These pictures of the gallery, in this order; those that are gone are left out.
    async fn images(&self, images: Vec<ImageId>) -> Result<Vec<GalleryImage>, ApiError>;
    async fn star(&self, image: ImageId, starred: bool) -> Result<(), ApiError>;
    /// Takes pictures out of the gallery. They can be brought back for a day.
    async fn delete_images(&self, images: Vec<ImageId>) -> Result<(), ApiError>;
    async fn restore_images(&self, images: Vec<ImageId>) -> Result<(), ApiError>;
    /// What can be brought back.
    async fn deleted_images(&self) -> Result<DeletedPage, ApiError>;
    /// Brings back what was deleted between two moments, in milliseconds since 1970, both within.
    async fn restore_deletions(&self, from: i64, until: i64) -> Result<(), ApiError>;
    /// Removes for good, with its files, what was deleted up to the moment `until`.
    async fn purge_deletions(&self, until: i64) -> Result<(), ApiError>;

    /// An image that was given, by its name.
    async fn input(&self, name: &str) -> Result<InputImage, ApiError>;
    /// Gives a picture of the gallery as an input.
    async fn input_from_gallery(&self, image: ImageId) -> Result<InputImage, ApiError>;

    /// A picture of a data set under the noise of a schedule.
    async fn process(&self, form: ProcessForm) -> Result<ProcessView, ApiError>;

    async fn estimate(&self, config: RunConfig) -> Result<Estimate, ApiError>;
    /// Makes a run's steps for about two seconds. A conflict while the device is at work.
    async fn probe(&self, config: RunConfig) -> Result<Speed, ApiError>;
    async fn train(&self, config: RunConfig) -> Result<JobId, ApiError>;
    /// The run, or the newest one if none is named.
    async fn training(&self, job: Option<JobId>) -> Result<Option<TrainView>, ApiError>;
    /// All runs, newest first.
    async fn trainings(&self) -> Result<Vec<JobSummary>, ApiError>;
    /// Goes on where a stopped, failed or interrupted run ended.
    async fn resume(&self, job: JobId) -> Result<JobId, ApiError>;
    /// Lets a run that is over go on to `steps` steps in all.
    async fn extend(&self, job: JobId, steps: u64) -> Result<JobId, ApiError>;
    /// Tells a run that goes on what is wanted of it.
    async fn steer(&self, job: JobId, wish: Wish) -> Result<(), ApiError>;

    /// Ends a running job after its current step, or takes a queued one out; what was made is kept.
    async fn interrupt(&self, job: JobId) -> Result<(), ApiError>;
    /// Leaves out the batch of a generation that is drawn now; the next one follows.
    async fn skip(&self, job: JobId) -> Result<(), ApiError>;

    async fn styles(&self) -> Result<Vec<Style>, ApiError>;
    /// Keeps what of `form` differs from the defaults, in place of a style of the same name.
    async fn save_style(&self, name: &str, form: GenerateForm) -> Result<(), ApiError>;
    async fn delete_style(&self, name: &str) -> Result<(), ApiError>;

    /// What was last typed into the form called `form` in the browser with this key, as the form wrote
    /// it. Browsers without a key share an empty one.
    async fn draft(&self, browser: &str, form: &str) -> Result<Option<String>, ApiError>;
    async fn save_draft(&self, browser: &str, form: &str, content: &str) -> Result<(), ApiError>;

    async fn preferences(&self) -> Result<Preferences, ApiError>;
    /// Reads `value` into the preference called `key`; what others change meanwhile stays.
    async fn change_preference(&self, key: &str, value: &str) -> Result<(), ApiError>;
    async fn set_preferences(&self, preferences: Preferences) -> Result<(), ApiError>;
}
