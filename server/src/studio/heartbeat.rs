//! What a running job does about once a second besides its work.

use std::time::{Duration, Instant};

use app::api::JobId;

use super::Darkroom;
use super::pace::Throttle;
use crate::Result;

pub struct Heartbeat(Throttle);

impl Heartbeat {
    pub fn new() -> Self {
        Self(Throttle::new(Duration::from_secs(1)))
    }

    /// True when it is time again.
    pub fn due(&mut self) -> bool {
        self.0.ready(Instant::now())
    }
}

impl Darkroom {
    /// Writes down how far the job is, tells the pages, and hears from other programs whether to stop.
    pub fn beat(&self, job: JobId, figures: Option<&str>) -> Result<()> {
        let progress = self.live.get(job).map_or(0.0, |running| running.progress);
        self.store.set_progress(job, progress, figures)?;
        if self.store.stop_asked(job)? {
            self.live.cancel(job);
        }
        self.publish_status()
    }
}
