//! The learning rate over the steps of a run.

use crate::Result;
use crate::config::{ConfigError, LrSchedule, TrainParams};

/// The rate of each step: a linear warm-up, then as the schedule says, all times a factor.
#[derive(Debug)]
pub(super) struct LearningRate {
    schedule: LrSchedule,
    lr: f64,
    warmup: u64,
    total: u64,
    pub factor: f64,
}

impl LearningRate {
    pub fn new(params: &TrainParams, total: u64) -> Result<Self> {
        let schedule = LrSchedule::parse(&params.lr_schedule)
            .map_err(|message| ConfigError::one("train_params.lr_schedule", message))?;
        Ok(Self { schedule, lr: params.lr, warmup: params.warmup_steps as u64, total, factor: 1.0 })
    }

    /// The rate at `step`, from 1.
    pub fn at(&self, step: u64) -> f64 {
        let rate = self.factor * self.schedule.rate(self.lr, step, self.warmup, self.total);
        match step < self.warmup {
            true => rate * step as f64 / self.warmup as f64,
            false => rate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_and_decays() {
        let mut params = TrainParams { lr: 1.0, warmup_steps: 10, ..Default::default() };
        let at = |params: &TrainParams, step| LearningRate::new(params, 110).unwrap().at(step);
        assert_eq!(at(&params, 5), 0.5);
        assert_eq!(at(&params, 60), 1.0);
        params.lr_schedule = "cosine".into();
        assert_eq!(at(&params, 10), 1.0);
        assert!((at(&params, 60) - 0.505).abs() < 1e-9);
        params.lr_schedule = "0.5:50, 0.25".into();
        assert_eq!((at(&params, 5), at(&params, 50), at(&params, 51)), (0.25, 0.5, 0.25));
    }
}
