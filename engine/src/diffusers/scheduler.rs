//! diffusers' `scheduler_config.json`: how noise is added, and how drawing takes it away.

use serde::{Deserialize, Serialize};

use super::config::refused;
use super::rest::Rest;
use crate::Result;
use crate::config::{BetaSchedule, DiffusionParams, Prediction, ScheduleFlaw, VarianceType};
use crate::sampler::{Clipping, Manner, Spacing};
use crate::schedule::NoiseSchedule;

/// The configuration of a scheduler: how noise is added, what the network predicts, and how its
/// maker drew with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    #[serde(rename = "_class_name")]
    pub class: String,
    pub num_train_timesteps: usize,
    pub beta_start: f64,
    pub beta_end: f64,
    pub beta_schedule: String,
    pub trained_betas: Option<Vec<f64>>,
    pub prediction_type: String,
    /// Of schedulers that add no noise of their own, none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variance_type: Option<String>,
    pub rescale_betas_zero_snr: bool,
    /// If none, what the class does by itself: DDPM and DDIM clip, others do not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub clip_sample: Option<bool>,
    pub clip_sample_range: f64,
    pub thresholding: bool,
    pub dynamic_thresholding_ratio: f64,
    pub sample_max_value: f64,
    /// If none, what the class does by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub timestep_spacing: Option<String>,
    pub steps_offset: usize,
    /// Of DDIM and PNDM alone; if none, true for DDIM and false for PNDM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_alpha_to_one: Option<bool>,
    /// Of other classes than DDPM and DDIM: how they step, which is chosen with each drawing here.
    #[serde(flatten)]
    pub rest: Rest,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            class: DDPM.into(),
            num_train_timesteps: 1000,
            beta_start: 1e-4,
            beta_end: 0.02,
            beta_schedule: "linear".into(),
            trained_betas: None,
            prediction_type: "epsilon".into(),
            variance_type: Some("fixed_small".into()),
            rescale_betas_zero_snr: false,
            clip_sample: None,
            clip_sample_range: 1.0,
            thresholding: false,
            dynamic_thresholding_ratio: 0.995,
            sample_max_value: 1.0,
            timestep_spacing: None,
            steps_offset: 0,
            set_alpha_to_one: None,
            rest: Rest::default(),
        }
    }
}

const DDPM: &str = "DDPMScheduler";
const DDIM: &str = "DDIMScheduler";
const PNDM: &str = "PNDMScheduler";
/// Step otherwise, with the betas and the predictions of DDPM.
const OTHERS: [&str; 14] = [
    "DDIMParallelScheduler",
    "DDPMParallelScheduler",
    "DEISMultistepScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSDEScheduler",
    "DPMSolverSinglestepScheduler",
    "EulerAncestralDiscreteScheduler",
    "EulerDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "LMSDiscreteScheduler",
    PNDM,
    "UniPCMultistepScheduler",
];

impl SchedulerConfig {
    /// An error that names the first key with a value that does not run here, and what would do.
    pub fn check(&self) -> Result<()> {
        if self.is_plain() {
            self.rest.check()?;
        } else if !OTHERS.contains(&self.class.as_str()) {
            let wanted = "DDPMScheduler, DDIMScheduler or another that counts its noise in betas";
            return Err(refused("_class_name", &self.class, wanted));
        }
        self.schedule()?;
        self.manner().map(drop)
    }

    /// Whether all of it is known here: what is left of other classes tells how they step.
    fn is_plain(&self) -> bool {
        [DDPM, DDIM].contains(&self.class.as_str())
    }

    /// What does not count here, as a sentence that names it, if there is anything.
    pub fn note(&self) -> Option<String> {
        if self.is_plain() {
            return None;
        }
        let keys: Vec<String> = self.rest.keys().map(|key| format!("`{key}`")).collect();
        let settings = match keys.is_empty() {
            true => String::new(),
            false => format!(" with {}", keys.join(", ")),
        };
        Some(format!(
            "its scheduler is {}{settings}: kept for export, but drawing goes by the sampler and \
             schedule that are chosen",
            self.class
        ))
    }

    /// How its maker drew with it. "leading" is left to the samplers: those that go through whole
    /// timesteps do so by themselves, and the others would begin below the noisiest level.
    pub fn manner(&self) -> Result<Manner> {
        if self.steps_offset >= self.num_train_timesteps {
            let wanted = "less than num_train_timesteps";
            return Err(refused("steps_offset", self.steps_offset, wanted));
        }
        Ok(Manner {
            clipping: Some(self.clipping()?),
            spacing: self.spacing()?,
            offset: self.steps_offset,
            ends_at_first: !self.set_alpha_to_one.unwrap_or(self.class != PNDM),
        })
    }

    fn clipping(&self) -> Result<Clipping> {
        let (range, quantile) = (self.clip_sample_range, self.dynamic_thresholding_ratio);
        let most = self.sample_max_value;
        if !(range > 0.0 && range.is_finite()) {
            return Err(refused("clip_sample_range", range, "a number above 0"));
        }
        if !(0.0..=1.0).contains(&quantile) {
            return Err(refused("dynamic_thresholding_ratio", quantile, "0 to 1"));
        }
        if !(most >= 1.0 && most.is_finite()) {
            return Err(refused("sample_max_value", most, "1 or more"));
        }
        Ok(match (self.thresholding, self.clip_sample.unwrap_or(self.clips_by_itself())) {
            (true, _) => Clipping::Dynamic { quantile, most },
            (false, true) => Clipping::Range(range),
            (false, false) => Clipping::Off,
        })
    }

    fn clips_by_itself(&self) -> bool {
        self.class.starts_with("DDPM") || self.class.starts_with("DDIM")
    }

    fn spacing(&self) -> Result<Option<Spacing>> {
        match self.timestep_spacing.as_deref() {
            None | Some("leading") => Ok(None),
            Some("trailing") => Ok(Some(Spacing::Trailing)),
            Some("linspace") => Ok(Some(Spacing::Linspace)),
            Some(other) => Err(refused("timestep_spacing", other, "leading, trailing or linspace")),
        }
    }

    /// The betas of the named schedule.
    pub fn schedule(&self) -> Result<NoiseSchedule> {
        let steps = self.num_train_timesteps;
        if !(1..=100_000).contains(&steps) {
            return Err(refused("num_train_timesteps", steps, "1 to 100000"));
        }
        let (schedule, field) = match &self.trained_betas {
            None => (NoiseSchedule::new(&self.params()?), "beta_end"),
            Some(betas) if betas.len() == steps && betas.iter().all(|b| (0.0..1.0).contains(b)) => {
                let betas = betas.iter().map(|&beta| beta as f32).collect();
                (NoiseSchedule::from_betas(betas), "trained_betas")
            }
            Some(_) => {
                let wanted = "one in 0 to 1 a timestep";
                return Err(refused("trained_betas", "numbers out of range", wanted));
            }
        };
        match ScheduleFlaw::of(schedule.betas()) {
            None => Ok(schedule),
            Some(ScheduleFlaw::BeginsClean) => {
                Err(refused(field, "a first step without noise", "more noise"))
            }
            Some(ScheduleFlaw::EndsEarly(timestep)) => {
                let found = format!("nothing but noise from timestep {timestep} on");
                Err(refused(field, found, "less noise"))
            }
        }
    }

    /// The schedule of a model that was trained here.
    pub(super) fn of(params: &DiffusionParams) -> Self {
        Self {
            num_train_timesteps: params.num_timesteps,
            beta_start: params.beta_start,
            beta_end: params.beta_end,
            beta_schedule: match params.beta_schedule {
                BetaSchedule::Linear => "linear",
                BetaSchedule::ScaledLinear => "scaled_linear",
                BetaSchedule::Cosine => "squaredcos_cap_v2",
                BetaSchedule::Sigmoid => "sigmoid",
            }
            .into(),
            prediction_type: match params.prediction_type {
                Prediction::Noise => "epsilon",
                Prediction::Velocity => "v_prediction",
                Prediction::Picture => "sample",
            }
            .into(),
            variance_type: Some(
                match params.variance_type {
                    VarianceType::FixedSmall => "fixed_small",
                    VarianceType::FixedLarge => "fixed_large",
                    VarianceType::LearnedRange => "learned_range",
                }
                .into(),
            ),
            rescale_betas_zero_snr: params.rescale_zero_snr,
            clip_sample: Some(true),
            ..Self::default()
        }
    }

    /// The same in this program's words.
    pub(super) fn params(&self) -> Result<DiffusionParams> {
        Ok(DiffusionParams {
            num_timesteps: self.num_train_timesteps,
            beta_start: self.beta_start,
            beta_end: self.beta_end,
            beta_schedule: match self.beta_schedule.as_str() {
                "linear" => BetaSchedule::Linear,
                "scaled_linear" => BetaSchedule::ScaledLinear,
                "squaredcos_cap_v2" => BetaSchedule::Cosine,
                "sigmoid" => BetaSchedule::Sigmoid,
                other => {
                    let wanted = "linear, scaled_linear, squaredcos_cap_v2 or sigmoid";
                    return Err(refused("beta_schedule", other, wanted));
                }
            },
            rescale_zero_snr: self.rescale_betas_zero_snr,
            prediction_type: self.prediction()?,
            variance_type: self.variance()?,
        })
    }

    /// diffusers' `_log` is the same variance, computed another way.
    pub(super) fn variance(&self) -> Result<VarianceType> {
        match self.variance_type.as_deref().unwrap_or("fixed_small") {
            "fixed_small" | "fixed_small_log" => Ok(VarianceType::FixedSmall),
            "fixed_large" | "fixed_large_log" => Ok(VarianceType::FixedLarge),
            "learned_range" => Ok(VarianceType::LearnedRange),
            other => {
                let wanted = "fixed_small, fixed_large or learned_range";
                Err(refused("variance_type", other, wanted))
            }
        }
    }

    fn prediction(&self) -> Result<Prediction> {
        match self.prediction_type.as_str() {
            "epsilon" => Ok(Prediction::Noise),
            "v_prediction" => Ok(Prediction::Velocity),
            "sample" => Ok(Prediction::Picture),
            other => Err(refused("prediction_type", other, "epsilon, v_prediction or sample")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> SchedulerConfig {
        serde_json::from_str(text).unwrap()
    }

    fn manner(text: &str) -> Manner {
        let config = read(text);
        config.check().unwrap();
        config.manner().unwrap()
    }

    #[test]
    fn schedules_end_where_they_should() {
        let of = |name: &str| SchedulerConfig { beta_schedule: name.into(), ..Default::default() };
        for name in ["linear", "scaled_linear"] {
            let schedule = of(name).schedule().unwrap();
            let betas = schedule.betas();
            assert!((betas[0] - 1e-4).abs() < 1e-8 && (betas[999] - 0.02).abs() < 1e-7, "{name}");
        }
        assert_eq!(of("squaredcos_cap_v2").schedule().unwrap().betas()[999], 0.999);
        assert!(of("laplace").schedule().is_err());
    }

    #[test]
    fn clipping_is_what_its_maker_did() {
        let of = |text| manner(text).clipping.unwrap();
        assert_eq!(of("{}"), Clipping::PIXELS);
        assert_eq!(of(r#"{"clip_sample": false}"#), Clipping::Off);
        assert_eq!(of(r#"{"clip_sample_range": 2.5}"#), Clipping::Range(2.5));
        let text =
            r#"{"thresholding": true, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 3}"#;
        assert_eq!(of(text), Clipping::Dynamic { quantile: 0.9, most: 3.0 });
        // Schedulers without the key do not clip.
        assert_eq!(of(r#"{"_class_name": "EulerDiscreteScheduler"}"#), Clipping::Off);
    }

    #[test]
    fn the_way_through_the_timesteps_is_what_its_maker_took() {
        assert_eq!(manner(r#"{"timestep_spacing": "leading"}"#).spacing, None);
        assert_eq!(manner(r#"{"timestep_spacing": "trailing"}"#).spacing, Some(Spacing::Trailing));
        assert_eq!(manner(r#"{"timestep_spacing": "linspace"}"#).spacing, Some(Spacing::Linspace));
        assert_eq!(manner(r#"{"steps_offset": 1}"#).offset, 1);
        let ends = |text| manner(text).ends_at_first;
        assert!(!ends(r#"{"_class_name": "DDIMScheduler"}"#));
        assert!(ends(r#"{"_class_name": "DDIMScheduler", "set_alpha_to_one": false}"#));
        assert!(ends(r#"{"_class_name": "PNDMScheduler"}"#));
    }

    #[test]
    fn what_is_not_kept_is_refused_or_told_by_name() {
        let refused = [
            (r#"{"_class_name": "ScoreSdeVeScheduler"}"#, "_class_name"),
            (r#"{"clip_sample_range": 0}"#, "clip_sample_range"),
            (r#"{"dynamic_thresholding_ratio": 1.5}"#, "dynamic_thresholding_ratio"),
            (r#"{"sample_max_value": 0.5}"#, "sample_max_value"),
            (r#"{"timestep_spacing": "random"}"#, "timestep_spacing"),
            (r#"{"steps_offset": 1000}"#, "steps_offset"),
            (r#"{"beta_schedule": "laplace"}"#, "beta_schedule"),
            (r#"{"trained_betas": [0.1, 0.2]}"#, "trained_betas"),
            (r#"{"variance_type": "learned"}"#, "variance_type"),
            (r#"{"prediction_type": "flow"}"#, "prediction_type"),
            (r#"{"a_new_key": 3}"#, "a_new_key"),
        ];
        for (text, key) in refused {
            let error = read(text).check().unwrap_err().to_string();
            assert!(error.contains(&format!("`{key}`")), "{text}: {error}");
        }
        read(r#"{"a_new_key": null, "_diffusers_version": "1"}"#).check().unwrap();
        let euler = read(r#"{"_class_name": "EulerDiscreteScheduler", "use_karras_sigmas": true}"#);
        euler.check().unwrap();
        assert!(euler.note().unwrap().contains("`use_karras_sigmas`"));
        assert_eq!(read("{}").note(), None);
    }

    #[test]
    fn betas_are_those_of_its_maker() {
        let text = r#"{"num_train_timesteps": 3, "trained_betas": [0.1, 0.2, 0.3]}"#;
        assert_eq!(read(text).schedule().unwrap().betas(), [0.1, 0.2, 0.3]);
        let plain = read("{}").schedule().unwrap();
        let rescaled =
            read(r#"{"rescale_betas_zero_snr": true, "prediction_type": "v_prediction"}"#);
        assert!(plain.alphas_cumprod()[999] > 0.0);
        assert_eq!(rescaled.schedule().unwrap().alphas_cumprod()[999], 0.0);
        assert_eq!(rescaled.params().unwrap().prediction_type, Prediction::Velocity);
    }

    #[test]
    fn what_was_read_is_written() {
        let text = r#"{"_class_name": "DDIMScheduler", "clip_sample": false, "steps_offset": 1,
            "set_alpha_to_one": false, "timestep_spacing": "trailing", "clip_sample_range": 2.0,
            "thresholding": true, "dynamic_thresholding_ratio": 0.9, "sample_max_value": 1.5,
            "skip_prk_steps": true}"#;
        let told: serde_json::Value = serde_json::from_str(text).unwrap();
        let written = serde_json::to_value(read(text)).unwrap();
        for (key, value) in told.as_object().unwrap() {
            assert_eq!(&written[key], value, "{key}");
        }
    }
}
