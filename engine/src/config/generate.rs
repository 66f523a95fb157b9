//! What to draw: the settings of one generation.

use serde::{Deserialize, Serialize};

use super::{ConfigError, FieldError, SamplerKind, Sampling, ScheduleKind, edit_distance};

/// The settings of one generation. Image `i` of the whole job has seed `seed + i`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateSettings {
    pub model: String,
    /// The classes to draw, as [`super::Prompt`] reads them; for a model that knows classes.
    pub prompt: String,
    /// The classes to steer away from, as [`super::Negative`] reads them.
    pub negative_prompt: String,
    /// How far to go beyond what the model tells of the prompt; 1 is not at all.
    pub cfg_scale: f64,
    pub sampler: SamplerKind,
    pub schedule: ScheduleKind,
    /// The noise that DDIM adds at each step, as a share of DDPM's: 0 to 1.
    pub eta: f64,
    /// Denoising steps; at most the model's timesteps.
    pub steps: usize,
    pub batch_count: usize,
    pub batch_size: usize,
    /// -1 draws a seed.
    pub seed: i64,
}

impl Default for GenerateSettings {
    fn default() -> Self {
        Self {
            model: String::new(),
            prompt: String::new(),
            negative_prompt: String::new(),
            cfg_scale: 3.0,
            sampler: SamplerKind::Ddpm,
            schedule: ScheduleKind::Automatic,
            eta: 0.0,
            steps: 50,
            batch_count: 1,
            batch_size: 16,
            seed: -1,
        }
    }
}

impl GenerateSettings {
    pub const MAX_STEPS: usize = 10_000;
    pub const MAX_BATCH_COUNT: usize = 100;
    pub const MAX_BATCH_SIZE: usize = 256;
    pub const MAX_CFG_SCALE: f64 = 30.0;
    pub const MAX_SEED: i64 = u32::MAX as i64;

    /// Images of the whole job.
    pub fn images(&self) -> usize {
        self.batch_count * self.batch_size
    }

    /// How noise becomes a picture.
    pub fn sampling(&self) -> Sampling {
        let Self { sampler, schedule, steps, eta, .. } = *self;
        Sampling { sampler, schedule, steps, eta }
    }

    /// Checks all ranges; whether `steps` fits the model is known only with the model.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ranges = [
            ("steps", self.steps as i64, 1, Self::MAX_STEPS as i64),
            ("batch_count", self.batch_count as i64, 1, Self::MAX_BATCH_COUNT as i64),
            ("batch_size", self.batch_size as i64, 1, Self::MAX_BATCH_SIZE as i64),
            ("seed", self.seed, -1, Self::MAX_SEED),
        ];
        let mut errors: Vec<FieldError> = ranges
            .into_iter()
            .filter(|(_, value, min, max)| !(min..=max).contains(&value))
            .map(|(field, value, min, max)| {
                FieldError::new(field, format!("{value} is out of range; give {min} to {max}"))
            })
            .collect();
        // Written so that NaN is out of range too.
        if !(0.0..=Self::MAX_CFG_SCALE).contains(&self.cfg_scale) {
            let most = Self::MAX_CFG_SCALE;
            let message = format!("{} is out of range; give 0 to {most}", self.cfg_scale);
            errors.push(FieldError::new("cfg_scale", message));
        }
        errors.extend(self.sampling().validate().err().into_iter().flat_map(|faults| faults.0));
        if errors.is_empty() { Ok(()) } else { Err(ConfigError(errors)) }
    }
}

/// The error for a name that is not among `known`, with the nearest ones.
pub fn unknown_name<'a>(
    field: &str,
    asked: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> ConfigError {
    let mut names: Vec<&str> = known.into_iter().collect();
    names.sort_by_key(|name| edit_distance(&name.to_lowercase(), &asked.to_lowercase()));
    names.truncate(3);
    let hint = match names.as_slice() {
        [] => "there are none yet".into(),
        names => format!("nearest are {}", names.join(", ")),
    };
    ConfigError::one(field, format!("there is no `{asked}`; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_by_field() {
        let settings =
            GenerateSettings { steps: 0, seed: -2, cfg_scale: f64::NAN, ..Default::default() };
        let error = settings.validate().unwrap_err();
        assert!(error.for_field("steps").unwrap().contains("give 1 to 10000"));
        assert!(error.for_field("seed").is_some());
        assert!(error.for_field("cfg_scale").unwrap().contains("give 0 to 30"));
        assert!(error.for_field("batch_size").is_none());
    }

    #[test]
    fn settings_from_before_there_were_schedules_still_load() {
        let old = r#"{"model":"digits","sampler":"DDIM","steps":7,"seed":3}"#;
        let settings: GenerateSettings = serde_json::from_str(old).unwrap();
        assert_eq!(settings.sampling(), Sampling::new(SamplerKind::Ddim, 7));
        let text = serde_json::to_string(&settings).unwrap();
        assert!(text.contains(r#""sampler":"DDIM","schedule":"Automatic","eta":0.0"#), "{text}");
        assert_eq!(serde_json::from_str::<GenerateSettings>(&text).unwrap(), settings);
    }

    #[test]
    fn an_unknown_name_brings_the_nearest() {
        let error = unknown_name("model", "digit", ["textures", "digits"]);
        assert!(error.to_string().starts_with("model: there is no `digit`; nearest are digits"));
    }
}
