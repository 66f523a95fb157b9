//! A wish to stop, seen by whoever does the work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shared by the one who may want to stop a job and the job, which looks at it between steps, and on
/// its way through a network that draws.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// What `work` gives, which looks for the wish on its way where it takes long.
    pub(crate) fn unless<T>(&self, work: impl FnOnce() -> crate::Result<T>) -> crate::Result<T> {
        self.check()?;
        crate::kernels::unless(&self.0, work).unwrap_or(Err(crate::Error::Cancelled))
    }

    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// An error once cancelled, for use with `?`.
    pub fn check(&self) -> crate::Result<()> {
        if self.is_cancelled() { Err(crate::Error::Cancelled) } else { Ok(()) }
    }
}
