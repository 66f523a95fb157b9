//! What each timestep cost of late, and how often it is worth showing: importance sampling by the
//! second moment of the loss (Nichol & Dhariwal 2021, arXiv 2102.09672, section 3.3).

use candle_core::{Device, Tensor};

use super::state;
use crate::Result;
use crate::unet::Weights;

/// Losses remembered of each timestep.
const KEPT: usize = 10;
/// Share of the draws that goes to all timesteps alike, so that none is ever forgotten.
const ALIKE: f64 = 0.001;
/// Names in a saved state.
const LOSSES: &str = "loss_history";
const COUNTS: &str = "loss_counts";

/// The newest losses of each timestep.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LossHistory {
    /// (timesteps, KEPT), the oldest first.
    losses: Vec<f32>,
    /// How many there are of each timestep.
    counts: Vec<usize>,
}

impl LossHistory {
    pub fn new(timesteps: usize) -> Self {
        Self { losses: vec![0.0; timesteps * KEPT], counts: vec![0; timesteps] }
    }

    /// Remembers the losses that a step had at its timesteps.
    pub fn note(&mut self, timesteps: &[usize], losses: &[f32]) {
        for (&t, &loss) in timesteps.iter().zip(losses) {
            let kept = &mut self.losses[t * KEPT..][..KEPT];
            match self.counts[t] {
                KEPT => {
                    kept.rotate_left(1);
                    kept[KEPT - 1] = loss;
                }
                count => {
                    kept[count] = loss;
                    self.counts[t] += 1;
                }
            }
        }
    }

    /// How likely each timestep is to be drawn, all together 1: alike until every one has been seen
    /// ten times, then by the root of its mean squared loss.
    pub fn probabilities(&self) -> Vec<f64> {
        let count = self.counts.len() as f64;
        let moment =
            |losses: &[f32]| losses.iter().map(|&loss| f64::from(loss).powi(2)).sum::<f64>().sqrt();
        let moments: Vec<f64> = self.losses.chunks_exact(KEPT).map(moment).collect();
        let sum: f64 = moments.iter().sum();
        if self.counts.iter().any(|&count| count < KEPT) || sum <= 0.0 {
            return vec![1.0 / count; self.counts.len()];
        }
        moments.iter().map(|moment| (1.0 - ALIKE) * moment / sum + ALIKE / count).collect()
    }

    /// For a saved state.
    pub fn state(&self) -> Result<[(String, Tensor); 2]> {
        let all = self.counts.len();
        let losses = Tensor::from_slice(&self.losses, (all, KEPT), &Device::Cpu)?;
        let counts: Vec<f32> = self.counts.iter().map(|&count| count as f32).collect();
        let counts = Tensor::from_vec(counts, all, &Device::Cpu)?;
        Ok([(LOSSES.into(), losses), (COUNTS.into(), counts)])
    }

    pub fn is_in(saved: &Weights) -> bool {
        saved.contains_key(LOSSES)
    }

    /// Takes up what [`LossHistory::state`] gave.
    pub fn restore(&mut self, saved: &Weights) -> Result<()> {
        let all = self.counts.len();
        let numbers = |name, shape| -> Result<Vec<f32>> {
            Ok(state::fitting(saved, name, &shape)?.flatten_all()?.to_vec1()?)
        };
        let losses = numbers(LOSSES, (all, KEPT).into())?;
        let counts = numbers(COUNTS, all.into())?;
        self.losses = losses;
        self.counts = counts.into_iter().map(|count| (count as usize).min(KEPT)).collect();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costly_timesteps_are_likely_once_all_were_seen() {
        let mut history = LossHistory::new(2);
        for step in 0..10 {
            history.note(&[0], &[1.0]);
            assert_eq!(history.probabilities(), [0.5, 0.5], "after {step}");
        }
        for loss in [9.0, 9.0] {
            history.note(&[1], &[loss]);
        }
        history.note(&[1; 10], &[3.0; 10]);
        // The two nines are forgotten: the moments are as 1 to 3.
        let wanted = [0.999 * 0.25 + 0.0005, 0.999 * 0.75 + 0.0005];
        for (probability, wanted) in history.probabilities().iter().zip(wanted) {
            assert!((probability - wanted).abs() < 1e-9);
        }
        let saved = Weights::from(history.state().unwrap());
        let mut again = LossHistory::new(2);
        again.restore(&saved).unwrap();
        assert_eq!(again, history);
        let message = LossHistory::new(3).restore(&saved).unwrap_err().to_string();
        assert!(message.contains("`loss_history`"), "{message}");
    }
}
