//! How much each timestep counts in the loss.

use serde::{Deserialize, Serialize};

use super::Prediction;

/// Weights of the timesteps by their signal-to-noise ratio.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossWeighting {
    /// All count the same: Ho et al. 2020 (arXiv 2006.11239).
    #[default]
    None,
    /// min(SNR, gamma) on the error of the picture: Hang et al. 2023 (arXiv 2303.09556).
    MinSnr,
    /// SNR · gamma / (SNR + gamma) on the error of the picture: Crowson et al. 2024 (arXiv
    /// 2401.11605).
    SoftMinSnr,
}

impl LossWeighting {
    pub const NAMES: &[&str] = &["none", "min_snr", "soft_min_snr"];

    /// The weight of the squared error of what is predicted, at signal-to-noise ratio `snr` ≥ 0.
    pub fn weight(self, prediction: Prediction, snr: f64, gamma: f64) -> f64 {
        // The papers weigh the error of the picture. Noise is picture · sqrt(SNR) off, velocity
        // picture · sqrt(SNR + 1); both fractions are written so that SNR = 0 has its limit.
        let share = match self {
            Self::None => return 1.0,
            Self::MinSnr if snr <= gamma => 1.0,
            Self::MinSnr => gamma / snr,
            Self::SoftMinSnr => gamma / (snr + gamma),
        };
        match prediction {
            Prediction::Noise => share,
            Prediction::Velocity => share * snr / (snr + 1.0),
            Prediction::Picture => share * snr,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_the_picture_weighs_what_the_papers_say() {
        let (gamma, close) = (5.0, |a: f64, b: f64| (a - b).abs() < 1e-12);
        for snr in [0.01, 1.0, 5.0, 400.0] {
            for (weighting, wanted) in [
                (LossWeighting::MinSnr, f64::min(snr, gamma)),
                (LossWeighting::SoftMinSnr, snr * gamma / (snr + gamma)),
            ] {
                let weight = |prediction| weighting.weight(prediction, snr, gamma);
                assert!(close(weight(Prediction::Picture), wanted));
                assert!(close(weight(Prediction::Noise) * snr, wanted));
                assert!(close(weight(Prediction::Velocity) * (snr + 1.0), wanted));
            }
            assert_eq!(LossWeighting::None.weight(Prediction::Velocity, snr, gamma), 1.0);
        }
    }

    #[test]
    fn pure_noise_has_a_finite_weight() {
        assert_eq!(LossWeighting::MinSnr.weight(Prediction::Noise, 0.0, 5.0), 1.0);
        assert_eq!(LossWeighting::SoftMinSnr.weight(Prediction::Velocity, 0.0, 5.0), 0.0);
    }
}
