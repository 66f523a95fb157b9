//! What a person wants of a run while it goes on.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::config::ConfigError;

/// The least and the most that a learning rate is multiplied by.
const FACTORS: (f64, f64) = (0.001, 1000.0);

/// How long a paused run sleeps at most before it looks around by itself.
const LONGEST_SLEEP: Duration = Duration::from_secs(1);

/// Shared by the one who watches a run and the run, which looks at it between two steps.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    desk: Mutex<Desk>,
    /// Told when the desk changes.
    changed: Condvar,
}

/// What lies before the run.
#[derive(Debug, Default)]
struct Desk {
    wishes: Wishes,
    paused: bool,
    /// Something came since the run last slept.
    woken: bool,
}

/// What was asked for since the run last looked.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Wishes {
    pub save: bool,
    pub sample: bool,
    pub rate_factor: Option<f64>,
    pub sample_every: Option<u64>,
}

impl Control {
    pub fn new() -> Self {
        Self::default()
    }

    /// A checkpoint of the step the run stands at, which is kept until someone deletes it.
    pub fn save_now(&self) {
        self.change(|desk| desk.wishes.save = true);
    }

    /// A grid of samples of the step the run stands at.
    pub fn sample_now(&self) {
        self.change(|desk| desk.wishes.sample = true);
    }

    /// From the next step on the rate is what the configuration says, times `factor`, 0.001 to 1000;
    /// an earlier factor no longer counts.
    pub fn set_rate_factor(&self, factor: f64) -> Result<(), ConfigError> {
        check_factor(factor)?;
        self.change(|desk| desk.wishes.rate_factor = Some(factor));
        Ok(())
    }

    /// From the next step on there are samples every `steps` steps; 0 means with every checkpoint.
    pub fn set_sample_every(&self, steps: u64) {
        self.change(|desk| desk.wishes.sample_every = Some(steps));
    }

    /// No step is made from the next one on, until [`Control::go_on`]. Other wishes are heard meanwhile.
    pub fn pause(&self) {
        self.change(|desk| desk.paused = true);
    }

    /// Ends the pause.
    pub fn go_on(&self) {
        self.change(|desk| desk.paused = false);
    }

    /// Whether a pause was asked for. The run may still be at the step before it.
    pub fn is_paused(&self) -> bool {
        self.desk(|desk| desk.paused)
    }

    /// Lets a paused run look at once whether it was cancelled, and tell its watcher that it waits.
    pub fn wake(&self) {
        self.change(|_| {});
    }

    pub(super) fn take(&self) -> Wishes {
        self.desk(|desk| std::mem::take(&mut desk.wishes))
    }

    /// Sleeps until something comes, a second at most.
    pub(super) fn sleep(&self) {
        let desk = self.0.desk.lock().unwrap_or_else(PoisonError::into_inner);
        let slept = self.0.changed.wait_timeout_while(desk, LONGEST_SLEEP, |desk| !desk.woken);
        let (mut desk, _) = slept.unwrap_or_else(PoisonError::into_inner);
        desk.woken = false;
    }

    fn change(&self, change: impl FnOnce(&mut Desk)) {
        self.desk(|desk| {
            change(desk);
            desk.woken = true;
        });
        self.0.changed.notify_all();
    }

    fn desk<T>(&self, look: impl FnOnce(&mut Desk) -> T) -> T {
        // A wish is set in one go, so a thread that panicked left nothing half done.
        look(&mut self.0.desk.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(super) fn check_factor(factor: f64) -> Result<(), ConfigError> {
    let (least, most) = FACTORS;
    if (least..=most).contains(&factor) {
        return Ok(());
    }
    let message = format!("{factor} will not do; give a number from {least} to {most}");
    Err(ConfigError::one("rate_factor", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_heard_once_and_the_last_one_counts() {
        let control = Control::new();
        control.save_now();
        control.set_rate_factor(0.5).unwrap();
        control.set_rate_factor(2.0).unwrap();
        let wanted = Wishes { save: true, rate_factor: Some(2.0), ..Default::default() };
        assert_eq!(control.take(), wanted);
        assert_eq!(control.take(), Wishes::default());
    }

    #[test]
    fn what_came_before_the_run_sleeps_wakes_it_too() {
        let control = Control::new();
        control.pause();
        let (told, heard) = std::sync::mpsc::channel();
        let sleeper = control.clone();
        let thread = std::thread::spawn(move || {
            // The pause itself has woken it once.
            sleeper.sleep();
            while sleeper.is_paused() {
                told.send(sleeper.take()).unwrap();
                sleeper.sleep();
            }
        });
        assert_eq!(heard.recv().unwrap(), Wishes::default());
        control.save_now();
        assert!(heard.iter().any(|wishes| wishes.save));
        control.go_on();
        thread.join().unwrap();
        assert!(!control.is_paused());
    }

    #[test]
    fn a_factor_that_would_stop_or_blow_up_the_run_is_refused() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
            let error = Control::new().set_rate_factor(factor).unwrap_err();
            let message = error.for_field("rate_factor").unwrap();
            assert!(message.contains("from 0.001 to 1000"), "{message}");
        }
    }
}
