//! The Generate form as it was typed.

use engine::config::{ConfigError, FieldError, GenerateSettings, SamplerKind, ScheduleKind};
use serde::{Deserialize, Serialize};

/// Every field as text, so that a value that will not do is kept and can be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateForm {
    pub model: String,
    pub prompt: String,
    pub negative_prompt: String,
    pub cfg_scale: String,
    pub sampler: String,
    pub schedule: String,
    pub eta: String,
    pub steps: String,
    pub batch_count: String,
    pub batch_size: String,
    pub seed: String,
}

impl Default for GenerateForm {
    fn default() -> Self {
        Self::from(&GenerateSettings::default())
    }
}

impl From<&GenerateSettings> for GenerateForm {
    fn from(settings: &GenerateSettings) -> Self {
        Self {
            model: settings.model.clone(),
            prompt: settings.prompt.clone(),
            negative_prompt: settings.negative_prompt.clone(),
            cfg_scale: settings.cfg_scale.to_string(),
            sampler: settings.sampler.name().into(),
            schedule: settings.schedule.name().into(),
            eta: settings.eta.to_string(),
            steps: settings.steps.to_string(),
            batch_count: settings.batch_count.to_string(),
            batch_size: settings.batch_size.to_string(),
            seed: settings.seed.to_string(),
        }
    }
}

impl GenerateForm {
    pub const FIELDS: [&str; 11] = [
        "model",
        "prompt",
        "negative_prompt",
        "cfg_scale",
        "sampler",
        "schedule",
        "eta",
        "steps",
        "batch_count",
        "batch_size",
        "seed",
    ];

    /// The settings, if every field can be read and is in its range.
    pub fn settings(&self) -> Result<GenerateSettings, ConfigError> {
        let mut faults = Vec::new();
        let settings = GenerateSettings {
            model: self.model.clone(),
            prompt: self.prompt.clone(),
            negative_prompt: self.negative_prompt.clone(),
            cfg_scale: read("cfg_scale", &self.cfg_scale, "a number", &mut faults),
            sampler: known(SamplerKind::from_name(&self.sampler), &mut faults),
            schedule: known(ScheduleKind::from_name(&self.schedule), &mut faults),
            eta: read("eta", &self.eta, "a number", &mut faults),
            steps: read("steps", &self.steps, WHOLE, &mut faults),
            batch_count: read("batch_count", &self.batch_count, WHOLE, &mut faults),
            batch_size: read("batch_size", &self.batch_size, WHOLE, &mut faults),
            seed: read("seed", &self.seed, WHOLE, &mut faults),
        };
        if faults.is_empty() {
            settings.validate()?;
            Ok(settings)
        } else {
            Err(ConfigError(faults))
        }
    }

    /// Takes over the fields that `get` knows, as from an address.
    pub fn overlay(&mut self, get: impl Fn(&str) -> Option<String>) {
        let fields = [
            &mut self.model,
            &mut self.prompt,
            &mut self.negative_prompt,
            &mut self.cfg_scale,
            &mut self.sampler,
            &mut self.schedule,
            &mut self.eta,
            &mut self.steps,
            &mut self.batch_count,
            &mut self.batch_size,
            &mut self.seed,
        ];
        for (name, field) in Self::FIELDS.into_iter().zip(fields) {
            if let Some(value) = get(name) {
                *field = value;
            }
        }
    }

    /// Name and value of every field.
    pub fn pairs(&self) -> [(&'static str, &str); 11] {
        let values = [
            &self.model,
            &self.prompt,
            &self.negative_prompt,
            &self.cfg_scale,
            &self.sampler,
            &self.schedule,
            &self.eta,
            &self.steps,
            &self.batch_count,
            &self.batch_size,
            &self.seed,
        ];
        std::array::from_fn(|i| (Self::FIELDS[i], values[i].as_str()))
    }
}

const WHOLE: &str = "a whole number";

/// What a name stands for; if nothing, the error joins `faults`.
fn known<T: Default>(found: Result<T, ConfigError>, faults: &mut Vec<FieldError>) -> T {
    found.unwrap_or_else(|error| {
        faults.extend(error.0);
        T::default()
    })
}

fn read<T: std::str::FromStr + Default>(
    field: &str,
    text: &str,
    wanted: &str,
    faults: &mut Vec<FieldError>,
) -> T {
    text.trim().parse().unwrap_or_else(|_| {
        faults.push(FieldError::new(field, format!("`{text}` is not {wanted}")));
        T::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_the_form() {
        let settings = GenerateSettings {
            model: "digits".into(),
            prompt: "(cat:1.3) AND dog".into(),
            negative_prompt: "owl".into(),
            cfg_scale: 2.5,
            sampler: SamplerKind::Ddim,
            schedule: ScheduleKind::SgmUniform,
            eta: 0.25,
            steps: 7,
            batch_count: 2,
            batch_size: 3,
            seed: 4_294_967_295,
        };
        assert_eq!(GenerateForm::from(&settings).settings().unwrap(), settings);
    }

    #[test]
    fn every_unreadable_field_is_named() {
        let form = GenerateForm {
            sampler: "DDMP".into(),
            schedule: "Caras".into(),
            eta: "little".into(),
            steps: "many".into(),
            seed: "".into(),
            ..GenerateForm::default()
        };
        let error = form.settings().unwrap_err();
        assert!(error.for_field("sampler").unwrap().contains("nearest are DDPM"));
        assert!(error.for_field("schedule").unwrap().contains("nearest are Karras"));
        assert_eq!(error.for_field("eta"), Some("`little` is not a number"));
        assert_eq!(error.for_field("steps"), Some("`many` is not a whole number"));
        assert!(error.for_field("seed").is_some());
        assert_eq!(error.for_field("batch_size"), None);
    }

    #[test]
    fn ranges_are_checked() {
        let form = GenerateForm { batch_size: "9999".into(), ..GenerateForm::default() };
        assert!(form.settings().unwrap_err().for_field("batch_size").is_some());
    }

    #[test]
    fn an_address_overrides_what_it_names() {
        let mut form = GenerateForm::default();
        form.overlay(|name| (name == "model").then(|| "textures".into()));
        assert_eq!(form.model, "textures");
        assert_eq!(form.steps, "50");
        assert_eq!(form.pairs()[0], ("model", "textures"));
    }
}
