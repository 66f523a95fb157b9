//! The learning rate over the steps of a run.

use crate::config::TrainParams;

/// The rate at `step` (from 1) of `total`: a linear warm-up, then constant or along a half cosine
/// down to a hundredth.
pub fn learning_rate(params: &TrainParams, step: u64, total: u64) -> f64 {
    let warmup = params.warmup_steps as u64;
    if step <= warmup {
        return params.lr * step as f64 / warmup as f64;
    }
    if !params.lr_decay {
        return params.lr;
    }
    let done = (step - warmup) as f64 / total.saturating_sub(warmup).max(1) as f64;
    let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
    params.lr * (0.01 + 0.99 * cosine)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warms_up_and_decays() {
        let mut params = TrainParams { lr: 1.0, warmup_steps: 10, ..Default::default() };
        assert_eq!(learning_rate(&params, 5, 110), 0.5);
        assert_eq!(learning_rate(&params, 60, 110), 1.0);
        params.lr_decay = true;
        assert!((learning_rate(&params, 60, 110) - 0.505).abs() < 1e-9);
        assert!((learning_rate(&params, 110, 110) - 0.01).abs() < 1e-9);
    }
}
