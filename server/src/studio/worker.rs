//! The thread that owns the device: one job at a time, in the order they came.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::{Builder, JoinHandle};

use app::api::{JobKind, JobState};
use candle_core::Device;
use engine::CancelToken;
use engine::device::DeviceChoice;

use super::library::{LoadedModel, ModelFile};
use super::store::{Ending, JobRow};
use super::{Darkroom, DeviceLabel, evaluating, gallery, runs};
use crate::{Error, Result};

/// Tensor graphs are dropped and sorted by recursion, so deep networks need a deep stack.
const STACK_BYTES: usize = 256 << 20;

type Work = Box<dyn FnOnce(Device) + Send>;

/// A thread that has opened the device and waits for work. The device never leaves it.
pub struct DeviceThread {
    pub label: DeviceLabel,
    work: Sender<Work>,
    handle: JoinHandle<()>,
}

impl DeviceThread {
    pub fn open(choice: DeviceChoice) -> Result<Self> {
        let (opened, device) = channel();
        let (work, waiting) = channel::<Work>();
        let body = move || match engine::device::open(choice) {
            Ok(open) => {
                let label = DeviceLabel { label: open.label, note: open.note };
                if opened.send(Ok(label)).is_ok()
                    && let Ok(work) = waiting.recv()
                {
                    work(open.device);
                }
            }
            // Nobody waits for the device any more if this is not received.
            Err(error) => drop(opened.send(Err(error))),
        };
        let handle = Builder::new()
            .name("device".into())
            .stack_size(STACK_BYTES)
            .spawn(body)
            .map_err(|error| Error::Other(format!("no thread for the device: {error}")))?;
        let label = device
            .recv()
            .map_err(|_| Error::Other("opening the device ended with a panic".into()))??;
        Ok(Self { label, work, handle })
    }

    /// Does `work` on the thread; the handle is for waiting.
    pub fn run(self, work: impl FnOnce(Device) + Send + 'static) -> JoinHandle<()> {
        // The thread waits for exactly this; were it gone, joining it would tell.
        let _ = self.work.send(Box::new(work));
        self.handle
    }

    /// Does `work` on the thread and waits for its result.
    pub fn run_to_end<T: Send + 'static>(
        self,
        work: impl FnOnce(Device) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (done, result) = channel();
        let handle = self.run(move |device| {
            let worked = catch_unwind(AssertUnwindSafe(|| work(device)));
            let _ = done.send(worked.unwrap_or_else(|panic| Err(panicked(panic.as_ref()))));
        });
        let received = result.recv();
        let _ = handle.join();
        received.unwrap_or_else(|_| Err(Error::Other("the device's thread is gone".into())))
    }
}

/// What does the jobs.
pub struct Worker {
    pub(super) studio: Arc<Darkroom>,
    pub(super) device: Device,
    loaded: Option<LoadedModel>,
    serves_queue: bool,
}

impl Worker {
    pub fn new(studio: Arc<Darkroom>, device: Device) -> Self {
        Self { studio, device, loaded: None, serves_queue: false }
    }

    /// Works off the queue until the program closes.
    pub fn serve_queue(mut self) {
        self.serves_queue = true;
        while !self.studio.is_closing() {
            self.run_errands();
            match self.claim(&[JobKind::Generate, JobKind::Train, JobKind::Evaluate]) {
                Some(job) => self.run(&job),
                None => self.wait_for_work(),
            }
        }
        report(self.studio.store.write_endings());
    }

    /// Whoever waits for an errand that ended with a panic hears that there is no result.
    fn run_errands(&self) {
        for errand in self.studio.errands.take() {
            let done = catch_unwind(AssertUnwindSafe(|| errand(&self.device)));
            report(done.map_err(|panic| panicked(panic.as_ref())));
        }
    }

    fn wait_for_work(&self) {
        report(self.studio.reconcile());
        self.studio.bell.wait();
    }

    /// Does this one job, which is this program's already.
    pub fn run_only(mut self, job: &JobRow) {
        self.run(job);
    }

    /// Between two training steps: draws what was asked for meanwhile. True if there was something.
    pub(super) fn draw_waiting(&mut self) -> bool {
        if !self.serves_queue || !self.studio.bell.take() {
            return false;
        }
        let mut drew = false;
        while let Some(job) = self.claim(&[JobKind::Generate]) {
            self.run(&job);
            drew = true;
        }
        drew
    }

    /// The model, loaded unless it is the one that was used last.
    pub(super) fn model(&mut self, name: &str, file: ModelFile) -> Result<LoadedModel> {
        if let Some(loaded) = self.loaded.as_ref().filter(|loaded| loaded.is_from(&file)) {
            return Ok(loaded.clone().named(name));
        }
        // Its memory is free before the next one is loaded.
        self.loaded = None;
        let loaded = LoadedModel::load(name, file, &self.device)?;
        self.loaded = Some(loaded.clone());
        Ok(loaded)
    }

    /// The next job; none too if the queue cannot be read or written to, which is tried again later.
    fn claim(&self, kinds: &[JobKind]) -> Option<JobRow> {
        if self.studio.is_closing() {
            return None;
        }
        report(self.studio.store.write_endings());
        let claimed = self.studio.store.claim(kinds, self.studio.worker_name());
        claimed.unwrap_or_else(|error| {
            tracing::error!("no job can be taken from the queue: {error}");
            None
        })
    }

    /// Does a claimed job. Whatever happens in it, even a panic, ends only the job.
    fn run(&mut self, job: &JobRow) {
        let studio = Arc::clone(&self.studio);
        let cancel = studio.live.begin(job.id);
        // Closing may have come between the claim and the entry above.
        if studio.is_closing() {
            cancel.cancel();
        }
        report(studio.publish_status());
        let worked = catch_unwind(AssertUnwindSafe(|| self.work(job, &cancel)));
        let result = worked.unwrap_or_else(|panic| Err(panicked(panic.as_ref())));
        if result.is_err() && job.kind == JobKind::Train {
            report(studio.put_back_earlier(job.id));
        }
        let ending = result.unwrap_or_else(|error| studio.ending_for(job, &error));
        if let Some(message) = ending.message.as_ref().filter(|_| ending.state == JobState::Failed)
        {
            tracing::error!("job {} ({}) failed: {message}", job.id, job.title);
        }
        report(studio.store.end(job.id, &ending));
        studio.live.end(job.id);
        report(studio.publish_status());
        if job.kind == JobKind::Generate {
            report(studio.publish_end(job.id));
        }
        if job.kind == JobKind::Evaluate {
            studio.live.library_changed();
        }
    }

    fn work(&mut self, job: &JobRow, cancel: &CancelToken) -> Result<Ending> {
        match job.kind {
            JobKind::Generate => gallery::generate(self, job, cancel),
            JobKind::Evaluate => {
                let ending = evaluating::evaluate(self, job, cancel);
                engine::kernels::release_memory();
                ending
            }
            JobKind::Train => {
                let ending = runs::train(self, job, cancel);
                engine::kernels::release_memory();
                self.studio.live.library_changed();
                ending
            }
        }
    }
}

impl Darkroom {
    /// How a job ends that did not come to its own end.
    fn ending_for(&self, job: &JobRow, error: &Error) -> Ending {
        match error {
            Error::Engine(engine::Error::Cancelled) if self.is_closing() => {
                self.closed_while_running(job)
            }
            Error::Engine(engine::Error::Cancelled) => {
                Ending { state: JobState::Stopped, message: None }
            }
            error => Ending { state: JobState::Failed, message: Some(error.to_string()) },
        }
    }
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let words = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given");
    Error::Other(format!("a fault inside Darkroom ended this job: {words}"))
}

/// For what nobody can be told but the log.
fn report(result: Result<()>) {
    if let Err(error) = result {
        tracing::error!("{error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_on_the_devices_thread_is_an_error_with_its_words() {
        let device = DeviceThread::open(DeviceChoice::Cpu).unwrap();
        let error = device.run_to_end::<()>(|_| panic!("boom {}", 7)).unwrap_err().to_string();
        assert!(error.contains("boom 7"), "{error}");
    }

    #[test]
    fn an_errand_that_panics_ends_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let device = DeviceThread::open(DeviceChoice::Cpu).unwrap();
        let studio = Darkroom::open(folder.path(), device.label.clone()).unwrap();
        let broken = studio.errands.leave(|_| -> u8 { panic!("no such shape") });
        let next = studio.errands.leave(|_| 7u8);
        studio.serve_queue(device).unwrap();
        assert!(broken.recv().is_err());
        assert_eq!(next.recv(), Ok(7));
        studio.close();
    }

    #[test]
    fn a_graphics_card_that_is_not_there_is_told_in_words() {
        let error = DeviceThread::open(DeviceChoice::Cuda(99)).err().map(|error| error.to_string());
        assert!(error.is_some_and(|words| !words.is_empty()));
    }
}
