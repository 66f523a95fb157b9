//! The Generate form as it was typed.

use engine::config::{ConfigError, FieldError, GenerateSettings, SamplerKind, unknown_name};
use serde::{Deserialize, Serialize};

/// Every field as text, so that a value that will not do is kept and can be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GenerateForm {
    pub model: String,
    pub sampler: String,
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
            sampler: settings.sampler.name().into(),
            steps: settings.steps.to_string(),
            batch_count: settings.batch_count.to_string(),
            batch_size: settings.batch_size.to_string(),
            seed: settings.seed.to_string(),
        }
    }
}

impl GenerateForm {
    pub const FIELDS: [&str; 6] =
        ["model", "sampler", "steps", "batch_count", "batch_size", "seed"];

    /// The settings, if every field can be read and is in its range.
    pub fn settings(&self) -> Result<GenerateSettings, ConfigError> {
        let mut faults = Vec::new();
        let settings = GenerateSettings {
            model: self.model.clone(),
            sampler: read_sampler(&self.sampler, &mut faults),
            steps: read("steps", &self.steps, &mut faults),
            batch_count: read("batch_count", &self.batch_count, &mut faults),
            batch_size: read("batch_size", &self.batch_size, &mut faults),
            seed: read("seed", &self.seed, &mut faults),
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
            &mut self.sampler,
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
    pub fn pairs(&self) -> [(&'static str, &str); 6] {
        let values = [
            &self.model,
            &self.sampler,
            &self.steps,
            &self.batch_count,
            &self.batch_size,
            &self.seed,
        ];
        std::array::from_fn(|i| (Self::FIELDS[i], values[i].as_str()))
    }
}

fn read_sampler(name: &str, faults: &mut Vec<FieldError>) -> SamplerKind {
    SamplerKind::from_name(name).unwrap_or_else(|| {
        let known = engine::config::SAMPLERS.iter().map(|(_, name)| *name);
        faults.extend(unknown_name("sampler", name, known).0);
        SamplerKind::default()
    })
}

fn read<T: std::str::FromStr + Default>(
    field: &str,
    text: &str,
    faults: &mut Vec<FieldError>,
) -> T {
    text.trim().parse().unwrap_or_else(|_| {
        faults.push(FieldError::new(field, format!("`{text}` is not a whole number")));
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
            sampler: SamplerKind::Ddim,
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
            steps: "many".into(),
            seed: "".into(),
            ..GenerateForm::default()
        };
        let error = form.settings().unwrap_err();
        assert!(error.for_field("sampler").unwrap().contains("nearest are DDPM"));
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
