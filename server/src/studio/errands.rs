//! Small things that the device does between two jobs, and whose end somebody waits for.

use std::sync::mpsc::{Receiver, channel};
use std::sync::{Mutex, PoisonError};

use candle_core::Device;

type Errand = Box<dyn FnOnce(&Device) + Send>;

/// Errands that wait for the device's thread.
#[derive(Default)]
pub struct Errands(Mutex<Vec<Errand>>);

impl Errands {
    /// Leaves `errand` for the device's thread; its result comes from the receiver, which hangs up
    /// if there is none.
    pub fn leave<T: Send + 'static>(
        &self,
        errand: impl FnOnce(&Device) -> T + Send + 'static,
    ) -> Receiver<T> {
        let (done, result) = channel();
        self.lock().push(Box::new(move |device| {
            // Whoever asked may have gone meanwhile.
            let _ = done.send(errand(device));
        }));
        result
    }

    /// All that wait, which then wait no longer.
    pub fn take(&self) -> Vec<Errand> {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Errand>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
