//! What a person wants of a run while it goes on.

use std::sync::{Arc, Mutex, PoisonError};

use crate::config::ConfigError;

/// The least and the most that a learning rate is multiplied by.
const FACTORS: (f64, f64) = (0.001, 1000.0);

/// Shared by the one who watches a run and the run, which looks at it between two steps.
#[derive(Clone, Debug, Default)]
pub struct Control(Arc<Mutex<Wishes>>);

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
        self.change(|wishes| wishes.save = true);
    }

    /// A grid of samples of the step the run stands at.
    pub fn sample_now(&self) {
        self.change(|wishes| wishes.sample = true);
    }

    /// From the next step on the rate is what the configuration says, times `factor`, 0.001 to 1000;
    /// an earlier factor no longer counts.
    pub fn set_rate_factor(&self, factor: f64) -> Result<(), ConfigError> {
        check_factor(factor)?;
        self.change(|wishes| wishes.rate_factor = Some(factor));
        Ok(())
    }

    /// From the next step on there are samples every `steps` steps; 0 means with every checkpoint.
    pub fn set_sample_every(&self, steps: u64) {
        self.change(|wishes| wishes.sample_every = Some(steps));
    }

    pub(super) fn take(&self) -> Wishes {
        self.change(std::mem::take)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Wishes) -> T) -> T {
        // A wish is set in one go, so a thread that panicked left nothing half done.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
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
    fn a_factor_that_would_stop_or_blow_up_the_run_is_refused() {
        for factor in [0.0, -1.0, f64::NAN, f64::INFINITY, 1001.0] {
            let error = Control::new().set_rate_factor(factor).unwrap_err();
            let message = error.for_field("rate_factor").unwrap();
            assert!(message.contains("from 0.001 to 1000"), "{message}");
        }
    }
}
