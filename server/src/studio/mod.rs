//! What the program remembers and does: jobs, runs, gallery, data sets, models. Knows no web.

mod adopting;
mod api;
pub mod archive;
mod augmenting;
mod batch;
mod browse;
pub mod calendar;
mod card;
mod checking;
mod deletions;
mod drawing;
mod errands;
pub mod evaluating;
pub(crate) mod files;
mod folders;
pub mod foreign;
mod foundations;
pub mod fused;
mod gallery;
mod gif_text;
mod heartbeat;
pub mod image_texts;
pub mod infotext;
mod inputs;
pub mod library;
mod listener;
pub mod live;
mod memory;
pub mod merging;
mod metrics;
pub mod negative;
mod pace;
pub mod parameters;
mod plotting;
pub mod png_text;
mod presence;
mod probing;
mod process;
mod progress;
mod purging;
mod recall;
pub mod runs;
mod second_pass;
mod seeds;
mod sheet_limits;
pub mod start;
pub mod store;
mod stored_picture;
mod styles;
mod sweeping;
mod tensorboard;
mod training_memory;
mod views;
mod worker;

pub use api::StudioHandle;
pub use card::CardMemory;
pub use checking::{check_draws, check_steps, drawn_seed};
pub use drawing::{Drawn, Plan, Progress, Sink, Wishes, draw, drawn_size};
pub use files::{remove_folder, write_whole};
pub use folders::{Folders, Outputs};
pub use infotext::Infotext;
pub use inputs::{check_turns, decoded, input_name};
pub use memory::Memory;
pub use seeds::Seeds;
pub use start::Start;
pub use worker::{DeviceThread, Worker};

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use app::api::{JobId, JobKind, JobState, Live};
use engine::config::RunConfig;
use engine::train::{check_classes, latest_checkpoint, saved_step};

use crate::{Error, Result};
use errands::Errands;
use library::{Datasets, Models};
use live::LiveJobs;
use presence::Presence;
use runs::RunRequest;
use store::{Ending, JobRow, Store};

/// The device as the page shows it.
#[derive(Clone, Debug)]
pub struct DeviceLabel {
    pub label: String,
    pub note: Option<String>,
}

impl DeviceLabel {
    pub fn is_cpu(&self) -> bool {
        self.label.starts_with("cpu")
    }
}

/// The program behind page and command line.
pub struct Darkroom {
    pub folders: Folders,
    pub store: Arc<Store>,
    pub live: Arc<LiveJobs>,
    pub datasets: Arc<Datasets>,
    pub models: Models,
    pub device: DeviceLabel,
    /// The address for other machines, once shared.
    pub shared_at: OnceLock<String>,
    errands: Errands,
    presence: Presence,
    closing: AtomicBool,
    bell: Bell,
    /// Held while the queue is read and told of: what pages hear last is then the newest.
    telling: Mutex<()>,
    worker: Mutex<Option<JoinHandle<()>>>,
}

impl Darkroom {
    /// Opens the data folder and sets right what the last program left unfinished.
    pub fn open(data_dir: &Path, device: DeviceLabel) -> Result<Arc<Self>> {
        let folders = Folders::open(data_dir)?;
        let store = Arc::new(Store::open(&folders.database())?);
        let live = Arc::new(LiveJobs::default());
        let datasets =
            Arc::new(Datasets::new(folders.clone(), Arc::clone(&store), Arc::clone(&live)));
        let darkroom = Self {
            models: Models::new(folders.clone()),
            presence: Presence::announce(&folders.workers())?,
            folders,
            store,
            live,
            datasets,
            device,
            shared_at: OnceLock::new(),
            errands: Errands::default(),
            closing: AtomicBool::new(false),
            bell: Bell::default(),
            telling: Mutex::default(),
            worker: Mutex::new(None),
        };
        darkroom.reconcile()?;
        let now = SystemTime::now();
        if darkroom.presence.is_alone(&darkroom.folders.workers()) {
            darkroom.forget_unsaved(|_| false)?;
            sweeping::sweep(&darkroom.folders, now);
        }
        darkroom.purge_deleted()?;
        darkroom.purge_inputs()?;
        Ok(Arc::new(darkroom))
    }

    /// Begins to work off the queue on the device's thread.
    pub fn serve_queue(self: &Arc<Self>, device: DeviceThread) -> Result<()> {
        self.datasets.read_unread()?;
        let darkroom = Arc::clone(self);
        let handle = device.run(move |device| Worker::new(darkroom, device).serve_queue());
        *self.worker.lock().unwrap_or_else(PoisonError::into_inner) = Some(handle);
        Ok(())
    }

    /// Stops what runs, each at its next step, and waits for it. Queued jobs stay queued.
    pub fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.datasets.close();
        self.live.cancel_all();
        self.bell.ring();
        let worker = self.worker.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(worker) = worker
            && worker.join().is_err()
        {
            tracing::error!("the worker thread ended with a panic");
        }
    }

    pub fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    /// This program's name among those that share the data folder.
    pub fn worker_name(&self) -> &str {
        self.presence.name()
    }

    fn enqueue(&self, kind: JobKind, title: &str, request: &str, runner: Runner) -> Result<JobId> {
        self.queued(self.store.enqueue(kind, title, request, self.runner_name(runner))?)
    }

    /// Tells worker and pages of a job that was just put into the queue.
    fn queued(&self, job: JobId) -> Result<JobId> {
        self.bell.ring();
        self.live.wake_all();
        self.publish_status()?;
        Ok(job)
    }

    /// Ends the jobs that a program which is gone now left running.
    fn reconcile(&self) -> Result<()> {
        Presence::sweep(&self.folders.workers());
        let mut ended = false;
        for job in self.store.open_jobs()? {
            let owner = job.worker.as_deref().unwrap_or_default();
            let orphan = job.state == JobState::Running
                && !Presence::is_alive(&self.folders.workers(), owner);
            if orphan {
                ended |= self.store.end_orphan(&job, &self.closed_while_running(&job))?;
            }
        }
        if ended { self.publish_status() } else { Ok(()) }
    }

    /// How a job ends whose program ends.
    fn closed_while_running(&self, job: &JobRow) -> Ending {
        const WORDS: &str = "Darkroom was closed while this ran";
        let message = match job.kind {
            JobKind::Generate | JobKind::Evaluate => WORDS.into(),
            JobKind::Train => match self.resumable_step(&job.title) {
                Some(step) => format!("{WORDS}; it can go on from step {step}"),
                None => format!("{WORDS}, before its first checkpoint; it can start again"),
            },
        };
        Ending { state: JobState::Interrupted, message: Some(message) }
    }

    fn resumable_step(&self, run: &str) -> Option<u64> {
        saved_step(&self.folders.run(run))
    }

    fn publish_status(&self) -> Result<()> {
        let _in_order = self.telling.lock().unwrap_or_else(PoisonError::into_inner);
        self.live.publish(Live::Status(self.status()?));
        Ok(())
    }

    /// Makes sure of the run's folder, and that no other run has it. The lock on names is held until
    /// the run has its row.
    fn claim_run_folder(&self, name: &str) -> Result<()> {
        let folder = self.folders.run(name);
        files::make_folder(&self.folders.runs())?;
        match std::fs::create_dir(&folder) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::file("make the folder", &folder)(error)),
        }
        let open = self.store.training_named(name)?.is_some_and(|job| !job.state.is_over());
        if open || latest_checkpoint(&folder)?.is_some() {
            return Err(run_name_taken(name));
        }
        // A run that never got to a checkpoint leaves nothing worth keeping.
        files::remove_folder(&folder)?;
        std::fs::create_dir(&folder).map_err(Error::file("make the folder", &folder))
    }

    /// The worker's name that a job is given from the start, if any.
    fn runner_name(&self, runner: Runner) -> Option<&str> {
        match runner {
            Runner::Queue => None,
            Runner::ThisProgram => Some(self.worker_name()),
        }
    }

    /// Gives a new run its folder and its row.
    pub fn enqueue_training(&self, request: &RunRequest, runner: Runner) -> Result<JobId> {
        let name = request.config.train_params.task_name.clone();
        request.config.clone().validate()?;
        self.check_data(&request.config)?;
        self.autoencoder_header(&request.config)?;
        self.check_beginning(&request.config)?;
        self.check_training_memory(&request.config)?;
        if Models::is_built_in(&name) {
            return Err(run_name_taken(&name));
        }
        let _lock = self.folders.lock_names()?;
        // Again, now that nobody can delete it.
        self.datasets.check(&request.config.dataset_params.im_path)?;
        self.reconcile()?;
        self.claim_run_folder(&name)?;
        self.enqueue(JobKind::Train, &name, &request.write()?, runner)
    }

    /// Whether the data set is there, and has the classes that the run is to learn as far as that is
    /// known before it is read.
    fn check_data(&self, config: &RunConfig) -> Result<()> {
        let asked = &config.dataset_params.im_path;
        self.datasets.check_as_it_is(asked)?;
        match self.datasets.known(asked)? {
            Some(info) => Ok(check_classes(config, info.classes.len())?),
            None => Ok(()),
        }
    }

    /// Lets a run that is over go on from its newest checkpoint, by `config`.
    pub fn resume_training(&self, job: JobId, config: RunConfig, runner: Runner) -> Result<JobId> {
        self.check_training_memory(&config)?;
        let _lock = self.folders.lock_names()?;
        self.reconcile()?;
        let row = self.training_row(job)?;
        if !row.state.is_over() {
            return Err(Error::Conflict(format!("{} runs or waits already", row.title)));
        }
        if self.store.training_named(&row.title)?.is_some_and(|newest| newest.id != job) {
            let message = format!("the name {} was given to a later run", row.title);
            return Err(Error::Conflict(message));
        }
        config.clone().validate()?;
        let request = RunRequest::new(config).resumed().after(RunRequest::read(&row.request)?);
        files::make_folder(&self.folders.run(&row.title))?;
        self.store.requeue(job, &request.write()?, self.runner_name(runner))?;
        self.queued(job)
    }

    fn training_row(&self, job: JobId) -> Result<JobRow> {
        let row = self.store.job(job)?.filter(|row| row.kind == JobKind::Train);
        row.ok_or_else(|| Error::NotFound(format!("there is no training run {job}")))
    }
}

/// Who does a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runner {
    /// Whoever works off the queue, in its turn.
    Queue,
    /// This program, at once: a command line does not stand in line.
    ThisProgram,
}

fn run_name_taken(name: &str) -> Error {
    Error::field(
        "train_params.task_name",
        format!("`{name}` is taken; choose another name, or resume that run"),
    )
}

/// Wakes the worker when there may be something to do.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.changed.notify_all();
    }

    /// Returns once rung, or after a while in case another program queued something.
    fn wait(&self) {
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(rung, Duration::from_secs(5), |rung| !*rung);
        let (mut rung, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *rung = false;
    }

    /// Whether it was rung since the last time this was asked.
    fn take(&self) -> bool {
        std::mem::take(&mut *self.rung.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
