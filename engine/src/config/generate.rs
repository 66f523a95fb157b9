//! What to draw: the settings of one generation.

use serde::{Deserialize, Serialize};

use super::{ConfigError, FieldError, edit_distance};

/// How noise becomes a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SamplerKind {
    /// Ancestral sampling of Ho et al. 2020 (arXiv 2006.11239), on any subset of the timesteps.
    #[default]
    #[serde(rename = "DDPM")]
    Ddpm,
    /// Song et al. 2020 (arXiv 2010.02502) with eta 0: deterministic, good with few steps.
    #[serde(rename = "DDIM")]
    Ddim,
}

/// Every sampler with the name the page shows.
pub const SAMPLERS: &[(SamplerKind, &str)] =
    &[(SamplerKind::Ddpm, "DDPM"), (SamplerKind::Ddim, "DDIM")];

impl SamplerKind {
    pub fn name(self) -> &'static str {
        SAMPLERS.iter().find(|(kind, _)| *kind == self).map_or("", |(_, name)| name)
    }

    /// The sampler called `name`, in any letter case.
    pub fn from_name(name: &str) -> Option<Self> {
        SAMPLERS.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(kind, _)| *kind)
    }
}

/// The settings of one generation. Image `i` of the whole job has seed `seed + i`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateSettings {
    pub model: String,
    pub sampler: SamplerKind,
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
            sampler: SamplerKind::Ddpm,
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
    pub const MAX_SEED: i64 = u32::MAX as i64;

    /// Images of the whole job.
    pub fn images(&self) -> usize {
        self.batch_count * self.batch_size
    }

    /// Checks all ranges; whether `steps` fits the model is known only with the model.
    pub fn validate(&self) -> Result<(), ConfigError> {
        let ranges = [
            ("steps", self.steps as i64, 1, Self::MAX_STEPS as i64),
            ("batch_count", self.batch_count as i64, 1, Self::MAX_BATCH_COUNT as i64),
            ("batch_size", self.batch_size as i64, 1, Self::MAX_BATCH_SIZE as i64),
            ("seed", self.seed, -1, Self::MAX_SEED),
        ];
        let errors: Vec<FieldError> = ranges
            .into_iter()
            .filter(|(_, value, min, max)| !(min..=max).contains(&value))
            .map(|(field, value, min, max)| {
                FieldError::new(field, format!("{value} is out of range; give {min} to {max}"))
            })
            .collect();
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
        let settings = GenerateSettings { steps: 0, seed: -2, ..Default::default() };
        let error = settings.validate().unwrap_err();
        assert!(error.for_field("steps").unwrap().contains("give 1 to 10000"));
        assert!(error.for_field("seed").is_some());
        assert!(error.for_field("batch_size").is_none());
    }

    #[test]
    fn an_unknown_name_brings_the_nearest() {
        let error = unknown_name("model", "digit", ["textures", "digits"]);
        assert!(error.to_string().starts_with("model: there is no `digit`; nearest are digits"));
    }
}
