//! What travels between page and server. Plain data, the same on both sides.

use engine::config::{ConfigError, GenerateSettings, RunConfig};
use serde::{Deserialize, Serialize};

pub type JobId = i64;
pub type ImageId = i64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobKind {
    Generate,
    Train,
    Evaluate,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    Queued,
    Running,
    Done,
    /// Stopped by a person; what was made is kept.
    Stopped,
    Failed,
    /// The program ended while the job ran.
    Interrupted,
}

impl JobState {
    pub fn is_over(self) -> bool {
        !matches!(self, JobState::Queued | JobState::Running)
    }
}

/// One line of the queue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobSummary {
    pub id: JobId,
    pub kind: JobKind,
    /// For example `digits, 16 images` or the name of the run.
    pub title: String,
    pub state: JobState,
    /// A running training that makes no steps until it is told to go on.
    #[serde(default)]
    pub paused: bool,
    /// 0 to 1.
    pub progress: f32,
    pub eta_seconds: Option<f32>,
    /// Why it failed or was interrupted, or what it is doing now (`loading the data set`).
    pub message: Option<String>,
}

/// The device, the queue, and what is going on; what the header shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// `cpu · 2 threads` or `cuda:0 · NVIDIA H200`.
    pub device: String,
    /// Why `auto` fell back to the CPU, if it did.
    pub device_note: Option<String>,
    pub data_dir: String,
    pub version: String,
    /// Another number whenever models or data sets are others.
    pub library: u64,
    /// Running first, then queued in order, then at most the last few that are over.
    pub jobs: Vec<JobSummary>,
    /// The training run that was made last, however long it is over.
    #[serde(default)]
    pub newest_training: Option<JobId>,
    /// The address for other machines, if shared on the network.
    pub shared_at: Option<String>,
}

/// A picture in the gallery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImageInfo {
    pub id: ImageId,
    /// `/files/images/{id}.png`: the PNG with its settings inside.
    pub url: String,
    pub width: u32,
    pub height: u32,
    pub seed: i64,
    /// The settings in A1111's text format.
    pub parameters: String,
    /// `/files/strips/{id}.png`: the x0 predictions side by side, noise first; all of the image's size.
    pub strip_url: String,
    pub strip_frames: u32,
    /// The noisy pictures x_t of the same frames; pictures of older programs have none.
    #[serde(default)]
    pub noisy_strip_url: Option<String>,
    #[serde(default)]
    pub starred: bool,
}

/// The most pixels, in 2²⁰, that one file of a grid or of a plot holds.
pub const SHEET_MEGAPIXELS: u64 = 64;

/// Pixels of its width and height at most: browsers refuse longer ones.
pub const SHEET_SIDE: u32 = 16_384;

/// All about one generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GenerateView {
    pub job: JobSummary,
    /// With the seed that was drawn, if -1 was asked for.
    pub settings: GenerateSettings,
    /// Denoising step within the batch that runs now, and of how many.
    pub step: usize,
    pub steps: usize,
    /// The batch that runs now, counted from 0.
    pub batch: usize,
    /// What a skip goes on to: batches and cells of a plot that follow, and pictures that wait for
    /// their second pass.
    #[serde(default)]
    pub follow: usize,
    /// The newest x0 predictions of the running batch as one grid; the address changes with each.
    pub preview_url: Option<String>,
    /// Images of the job before `images`, which a live event leaves out because it told of them
    /// already; 0 everywhere else.
    #[serde(default)]
    pub images_before: usize,
    pub images: Vec<ImageInfo>,
    /// `/files/grids/{job}.png` once there is more than one image.
    pub grid_url: Option<String>,
    /// `/files/sheets/{job}/{number}.png`: the sheets of a plot once it is over.
    #[serde(default)]
    pub sheet_urls: Vec<String>,
    /// `/files/zips/{job}.zip` once there is an image.
    pub zip_url: Option<String>,
}

/// A point of the loss curve; several steps may stand behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LossPoint {
    pub step: u64,
    /// Mean over the steps behind the point.
    pub loss: f32,
    /// Mean loss by quarter of the timesteps, low noise first; NaN-free: none if no image fell there.
    pub buckets: [Option<f32>; 4],
    /// Of the last step behind the point.
    pub learning_rate: Option<f64>,
    /// Mean over the steps behind the point, before clipping.
    pub grad_norm: Option<f32>,
}

/// The loss on images that are never trained on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ValidationPoint {
    pub step: u64,
    /// Of the weights as they were trained, and of their moving average.
    pub loss: f32,
    pub ema_loss: Option<f32>,
}

/// What a person wants of a run while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Wish {
    /// A checkpoint of this step, which is kept.
    SaveNow,
    SampleNow,
    /// From the next step on the learning rate is that of the configuration times this.
    RateFactor(f64),
    /// From the next step on there are samples every so many steps; 0 is with every checkpoint.
    SampleEvery(u64),
    /// No step from the next one on, until it is to go on.
    Pause,
    GoOn,
}

/// A grid of samples drawn during training.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SampleGrid {
    pub step: u64,
    /// `/files/samples/{run}/{step}.png`
    pub url: String,
    /// `/files/samples/{run}/{step}-raw.png`: the same seeds by the weights as trained, where the first
    /// are by their average.
    #[serde(default)]
    pub raw_url: Option<String>,
}

/// Steps and seeds at most on `/files/progress/{run}/{step}.png`, the sheet of a run's samples up to
/// a step: a row for each step, a column for each seed.
pub const PROGRESS_STEPS: usize = 20;
pub const PROGRESS_SEEDS: usize = 8;

/// The figures of a run that change with every step.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainFigures {
    pub step: u64,
    pub total_steps: u64,
    pub epoch: u64,
    pub learning_rate: f64,
    pub loss: Option<f32>,
    pub images_per_second: Option<f32>,
    pub eta_seconds: Option<f32>,
    /// What befell the run, such as that it ran away and was taken back.
    #[serde(default)]
    pub notice: Option<String>,
    /// The learning rate is half of what it would be, because the run was taken back.
    #[serde(default)]
    pub rate_halved: bool,
}

/// All about one training run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TrainView {
    pub job: JobSummary,
    pub config: RunConfig,
    pub figures: TrainFigures,
    /// At most about a thousand points, first step to last.
    pub curve: Vec<LossPoint>,
    #[serde(default)]
    pub validation: Vec<ValidationPoint>,
    pub samples: Vec<SampleGrid>,
    /// Steps at which there are checkpoints.
    pub checkpoints: Vec<u64>,
    /// The one with the lowest loss on held-out images.
    #[serde(default)]
    pub best: Option<u64>,
    /// What a person wants the learning rate of the configuration to be multiplied by; that the run
    /// was taken back halves it besides.
    #[serde(default = "one")]
    pub rate_factor: f64,
    /// Steps between samples by now; 0 is with every checkpoint.
    #[serde(default)]
    pub sample_every: u64,
}

fn one() -> f64 {
    1.0
}

/// An image that was given: uploaded, dropped, pasted, or sent from the gallery.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputImage {
    /// What a form calls it: hexadecimal digits of its contents.
    pub name: String,
    /// `/files/inputs/{name}.png`
    pub url: String,
    pub width: u32,
    pub height: u32,
    /// The program that wrote its settings, such as `A1111` or `ComfyUI`; empty if it has none.
    pub written_by: String,
    /// Its settings as A1111's text, translated if another program wrote them; empty if it has none.
    pub parameters: String,
    /// The same one by one.
    pub settings: Vec<(String, String)>,
    /// All texts in the file, by keyword.
    pub texts: Vec<(String, String)>,
    /// What of the settings the Generate form takes, by its keys.
    pub form: Vec<(String, String)>,
    /// What it does not take, each with the reason.
    pub left_out: Vec<String>,
}

/// Settings of the Generate form that a person keeps under a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Style {
    pub name: String,
    /// Key and text of what it lays over the form.
    pub settings: Vec<(String, String)>,
}

impl Style {
    /// Where the prompt goes that a style's is laid around.
    pub const PLACE: &str = "{prompt}";
}

/// One timestep of a noise schedule.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noising {
    pub timestep: usize,
    /// Variance of the noise that this step adds.
    pub beta: f32,
    /// Share of the picture's variance that is left.
    pub alpha_cumprod: f32,
}

impl Noising {
    /// Signal-to-noise ratio; 0 in pure noise.
    pub fn snr(&self) -> f32 {
        self.alpha_cumprod / (1.0 - self.alpha_cumprod)
    }
}

/// A picture on its way into noise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProcessView {
    /// Images of the data set.
    pub count: u64,
    pub width: u32,
    pub height: u32,
    /// The picture at each of `frames`, side by side.
    pub strip_url: String,
    pub frames: Vec<Noising>,
    /// The schedule at no more than about two hundred timesteps, first to last.
    pub curve: Vec<Noising>,
}

/// What a run would cost, told before it starts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub weights: u64,
    pub images: u64,
    pub total_steps: u64,
    pub memory_bytes: u64,
}

/// How fast a run would be on this device, measured by real steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Speed {
    pub images_per_second: f32,
    /// Until the whole run is done.
    pub seconds: f32,
}

/// What the page is told without asking, over `/events`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Live {
    Status(Status),
    Generate(Box<GenerateView>),
    /// New figures and the new points of the curve since the last such event.
    Train {
        job: JobId,
        figures: TrainFigures,
        points: Vec<LossPoint>,
    },
    Validation {
        job: JobId,
        point: ValidationPoint,
    },
    Samples {
        job: JobId,
        grid: SampleGrid,
    },
    /// There is a new checkpoint, and others may be gone: the steps of those that are there, and which
    /// of them is the best.
    Checkpoint {
        job: JobId,
        checkpoints: Vec<u64>,
        best: Option<u64>,
    },
    /// Models or data sets were added or removed. The revision that [`Status::library`] tells from now on.
    LibraryChanged(u64),
}

/// What a person chose in Settings; kept on the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Preferences {
    pub theme: Theme,
    /// Enlarge pictures with crisp pixels.
    pub crisp_pixels: bool,
    pub live_preview: bool,
    /// What of a picture that develops is shown.
    pub preview: Preview,
    /// Denoising steps between two previews.
    pub preview_every: usize,
    /// Keep pictures that Interrupt ends half done.
    pub keep_half_done: bool,
    /// Added to the negative prompt of every generation.
    pub negative_prompt: String,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::System,
            crisp_pixels: true,
            live_preview: true,
            preview: Preview::X0,
            preview_every: 1,
            keep_half_done: true,
            negative_prompt: "nudity, racism, oppression, exploitation".into(),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Preview {
    /// The prediction of the finished picture.
    #[default]
    X0,
    /// The noisy picture itself.
    Xt,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Theme {
    #[default]
    System,
    Dark,
    Light,
}

/// Why the server did not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ApiError {
    /// Fields to correct; the form shows each message at its field.
    Fields(ConfigError),
    NotFound(String),
    /// What stands in the way, such as a data set in use.
    Conflict(String),
    Internal(String),
}

impl std::fmt::Display for ApiError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ApiError::Fields(error) => error.fmt(f),
            ApiError::NotFound(what) | ApiError::Conflict(what) | ApiError::Internal(what) => {
                f.write_str(what)
            }
        }
    }
}

impl std::error::Error for ApiError {}

impl From<ConfigError> for ApiError {
    fn from(error: ConfigError) -> Self {
        ApiError::Fields(error)
    }
}
