//! The forward process, and what a network learns of it.

use serde::{Deserialize, Serialize};

/// The noise schedule, and what the network is asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct DiffusionParams {
    pub num_timesteps: usize,
    pub beta_start: f64,
    pub beta_end: f64,
    pub beta_schedule: BetaSchedule,
    /// Whether the last timestep is pure noise (Lin et al. 2023, arXiv 2305.08891).
    pub rescale_zero_snr: bool,
    pub prediction_type: Prediction,
    pub variance_type: VarianceType,
}

impl Default for DiffusionParams {
    fn default() -> Self {
        Self {
            num_timesteps: 1000,
            beta_start: 1e-4,
            beta_end: 0.02,
            beta_schedule: BetaSchedule::Linear,
            rescale_zero_snr: false,
            prediction_type: Prediction::Noise,
            variance_type: VarianceType::FixedSmall,
        }
    }
}

/// How the betas grow from the first timestep to the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Ho et al. 2020 (arXiv 2006.11239).
    #[default]
    Linear,
    /// Linear in the root of beta: Rombach et al. 2022 (arXiv 2112.10752).
    ScaledLinear,
    /// Nichol & Dhariwal 2021 (arXiv 2102.09672), equation 17; beta_start and beta_end have no part
    /// in it.
    Cosine,
    /// Along a sigmoid from -6 to 6, as GeoDiff has it (arXiv 2203.02923).
    Sigmoid,
}

impl BetaSchedule {
    pub const NAMES: &[&str] = &["linear", "scaled_linear", "cosine", "sigmoid"];
}

/// What the network tells of x = signal · picture + noise · Gaussian. The names are diffusers'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Prediction {
    /// The Gaussian: Ho et al. 2020 (arXiv 2006.11239).
    #[default]
    #[serde(rename = "epsilon")]
    Noise,
    /// signal · Gaussian - noise · picture: Salimans & Ho 2022 (arXiv 2202.00512).
    #[serde(rename = "v_prediction")]
    Velocity,
    /// The picture.
    #[serde(rename = "sample")]
    Picture,
}

impl Prediction {
    pub const NAMES: &[&str] = &["epsilon", "v_prediction", "sample"];
}

/// The variance of the noise that a step of DDPM adds. The names are diffusers'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VarianceType {
    /// The posterior's, beta (1 - abar_prev) / (1 - abar): right if the data were one point.
    #[default]
    FixedSmall,
    /// beta: right if the data were a unit Gaussian.
    FixedLarge,
    /// Between the two, where the network says: Nichol & Dhariwal 2021 (arXiv 2102.09672).
    LearnedRange,
}

impl VarianceType {
    pub const NAMES: &[&str] = &["fixed_small", "fixed_large", "learned_range"];

    /// Whether the network tells it, in as many numbers again as it tells of the picture.
    pub fn is_learned(self) -> bool {
        self == Self::LearnedRange
    }
}
