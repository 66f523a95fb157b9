//! What is known of running jobs from one moment to the next; the database gets it about once a second.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use app::api::{JobId, Live, TrainFigures};
use bytes::Bytes;
use engine::CancelToken;
use engine::train::Control;
use tokio::sync::broadcast;

/// A job that this program runs right now.
#[derive(Clone, Debug, Default)]
pub struct RunningJob {
    pub cancel: CancelToken,
    /// The batch that is drawn now is not wanted; the next one is.
    pub skip: bool,
    pub progress: f32,
    pub eta_seconds: Option<f32>,
    /// What it is doing, if that is not plain: `loading the data set`.
    pub message: Option<String>,
    pub figures: TrainFigures,
    /// What a person wants of a training while it goes on.
    pub control: Control,
    pub drawing: Drawing,
}

impl RunningJob {
    /// Ends it at its next step; one that is paused ends at once.
    fn stop(&self) {
        self.cancel.cancel();
        self.control.wake();
    }
}

/// Where a generation stands.
#[derive(Clone, Debug, Default)]
pub struct Drawing {
    pub step: usize,
    pub steps: usize,
    pub batch: usize,
    /// What a skip goes on to, in the cells of a plot too.
    pub follow: usize,
    pub previews: u64,
    /// Counts the previews of the job; nothing while there is none to show.
    pub preview: Option<u64>,
}

/// All running jobs, and the bus on which their news go out.
pub struct LiveJobs {
    jobs: Mutex<HashMap<JobId, RunningJob>>,
    /// A page may ask for the newest preview just after its batch is done.
    last_preview: Mutex<Option<(JobId, Bytes)>>,
    bus: broadcast::Sender<Live>,
    /// How often models or data sets were others, on top of a number that no earlier start began with.
    library: AtomicU64,
}

/// Events a slow page may lag behind before it gets a fresh snapshot instead.
const BUS_LENGTH: usize = 256;

impl Default for LiveJobs {
    fn default() -> Self {
        Self {
            jobs: Mutex::default(),
            last_preview: Mutex::default(),
            bus: broadcast::Sender::new(BUS_LENGTH),
            library: AtomicU64::new(milliseconds_now()),
        }
    }
}

impl LiveJobs {
    pub fn subscribe(&self) -> broadcast::Receiver<Live> {
        self.bus.subscribe()
    }

    /// Tells every open page; nobody listening is fine.
    pub fn publish(&self, event: Live) {
        let _ = self.bus.send(event);
    }

    /// Tells every open page, and those that begin to listen later, that models or data sets are others.
    pub fn library_changed(&self) {
        let revision = self.library.fetch_add(1, Ordering::Relaxed) + 1;
        self.publish(Live::LibraryChanged(revision));
    }

    /// The revision of models and data sets.
    pub fn library(&self) -> u64 {
        self.library.load(Ordering::Relaxed)
    }

    pub fn begin(&self, job: JobId) -> CancelToken {
        let running = RunningJob::default();
        let cancel = running.cancel.clone();
        self.lock().insert(job, running);
        cancel
    }

    pub fn end(&self, job: JobId) {
        self.lock().remove(&job);
    }

    pub fn get(&self, job: JobId) -> Option<RunningJob> {
        self.lock().get(&job).cloned()
    }

    pub fn change(&self, job: JobId, change: impl FnOnce(&mut RunningJob)) {
        if let Some(running) = self.lock().get_mut(&job) {
            change(running);
        }
    }

    pub fn set_preview(&self, job: JobId, png: Bytes) {
        let mut last = self.last_preview.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((job, png));
        self.change(job, |running| {
            running.drawing.previews += 1;
            running.drawing.preview = Some(running.drawing.previews);
        });
    }

    pub fn preview(&self, job: JobId) -> Option<Bytes> {
        let last = self.last_preview.lock().unwrap_or_else(PoisonError::into_inner);
        last.as_ref().filter(|(of, _)| *of == job).map(|(_, png)| png.clone())
    }

    /// Whether this program runs no job.
    pub fn is_idle(&self) -> bool {
        self.lock().is_empty()
    }

    /// False if this program does not run the job.
    pub fn cancel(&self, job: JobId) -> bool {
        self.lock().get(&job).map(|running| running.stop()).is_some()
    }

    /// Whether the running batch of the job is to be left out; asked once for each wish.
    pub fn take_skip(&self, job: JobId) -> bool {
        self.lock().get_mut(&job).is_some_and(|running| std::mem::take(&mut running.skip))
    }

    pub fn cancel_all(&self) {
        self.lock().values().for_each(RunningJob::stop);
    }

    /// Lets what is paused look whether there is something to do.
    pub fn wake_all(&self) {
        self.lock().values().for_each(|running| running.control.wake());
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<JobId, RunningJob>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
}
