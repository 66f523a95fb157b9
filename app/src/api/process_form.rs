//! The Process form as it was typed: which picture goes under which noise.

use engine::config::{BetaSchedule, ConfigError, DiffusionParams, FieldError, RunConfig};
use serde::{Deserialize, Serialize};

/// Every field as text. The noise schedule's have the names of its settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessForm {
    pub dataset: String,
    /// Its number within the data set, from 0.
    pub image: String,
    /// An image of the person's own in the place of the data set's, by its name among the inputs;
    /// empty for none.
    pub input: String,
    pub num_timesteps: String,
    pub beta_start: String,
    pub beta_end: String,
    pub beta_schedule: String,
    pub rescale_zero_snr: String,
}

impl Default for ProcessForm {
    fn default() -> Self {
        // Field by field: a browser would load the whole configuration's code to ask for them by key.
        let params = DiffusionParams::default();
        let schedule = BetaSchedule::NAMES[params.beta_schedule as usize];
        Self {
            dataset: "digits".into(),
            image: "0".into(),
            input: String::new(),
            num_timesteps: params.num_timesteps.to_string(),
            beta_start: params.beta_start.to_string(),
            beta_end: params.beta_end.to_string(),
            beta_schedule: schedule.into(),
            rescale_zero_snr: params.rescale_zero_snr.to_string(),
        }
    }
}

fn key(field: &str) -> String {
    format!("diffusion_params.{field}")
}

impl ProcessForm {
    pub const FIELDS: [&str; 8] = [
        "dataset",
        "image",
        "input",
        "num_timesteps",
        "beta_start",
        "beta_end",
        "beta_schedule",
        "rescale_zero_snr",
    ];

    /// The form that `get` tells of by field, as an address does. In an address that holds any of
    /// it, an empty checkbox is left out.
    pub fn read(get: impl Fn(&str) -> Option<String>) -> Self {
        let mut form = Self::default();
        for (name, field) in Self::FIELDS.into_iter().zip(form.fields()) {
            if let Some(value) = get(name).filter(|value| !value.trim().is_empty()) {
                *field = value;
            }
        }
        form
    }

    fn fields(&mut self) -> [&mut String; 8] {
        [
            &mut self.dataset,
            &mut self.image,
            &mut self.input,
            &mut self.num_timesteps,
            &mut self.beta_start,
            &mut self.beta_end,
            &mut self.beta_schedule,
            &mut self.rescale_zero_snr,
        ]
    }

    /// Name and value of every field.
    pub fn pairs(&self) -> [(&'static str, &str); 8] {
        let values = [
            &self.dataset,
            &self.image,
            &self.input,
            &self.num_timesteps,
            &self.beta_start,
            &self.beta_end,
            &self.beta_schedule,
            &self.rescale_zero_snr,
        ];
        std::array::from_fn(|i| (Self::FIELDS[i], values[i].as_str()))
    }

    /// The picture's number.
    pub fn index(&self) -> Result<usize, ConfigError> {
        self.image.trim().parse().map_err(|_| {
            ConfigError::one("image", format!("`{}` is not a whole number from 0", self.image))
        })
    }

    /// The noise schedule, if every field can be read and is in its range.
    pub fn params(&self) -> Result<DiffusionParams, ConfigError> {
        let mut config = RunConfig::default();
        // Nothing is predicted here; this one goes with every schedule.
        config.diffusion_params.prediction_type = engine::config::Prediction::Velocity;
        let mut faults = Vec::new();
        for (name, value) in &self.pairs()[3..] {
            faults
                .extend(config.set(&key(name), value).err().into_iter().flat_map(|error| error.0));
        }
        let config = match faults.is_empty() {
            true => config.validate().map_err(named_here)?,
            false => return Err(named_here(ConfigError(faults))),
        };
        Ok(config.diffusion_params.clone())
    }
}

/// The form's fields have no section before their name.
fn named_here(error: ConfigError) -> ConfigError {
    let named = |fault: FieldError| {
        let field = fault.field.strip_prefix("diffusion_params.").unwrap_or(&fault.field);
        FieldError::new(field, fault.message)
    };
    ConfigError(error.0.into_iter().map(named).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_brings_the_form_back() {
        let form = ProcessForm {
            dataset: "leaves".into(),
            beta_schedule: "cosine".into(),
            rescale_zero_snr: "true".into(),
            input: "0".repeat(32),
            ..ProcessForm::default()
        };
        let pairs = form.pairs().map(|(name, value)| (name, value.to_owned()));
        let get = |name: &str| pairs.iter().find(|(known, _)| *known == name).map(|p| p.1.clone());
        assert_eq!(ProcessForm::read(get), form);
        assert_eq!(ProcessForm::read(|_| None), ProcessForm::default());
        assert!(form.params().unwrap().rescale_zero_snr);
    }

    #[test]
    fn a_fresh_form_has_the_values_of_a_fresh_configuration() {
        let config = RunConfig::default();
        for (name, value) in &ProcessForm::default().pairs()[3..] {
            assert_eq!(config.get(&key(name)).as_deref(), Some(*value), "{name}");
        }
    }

    #[test]
    fn faults_name_their_field() {
        let bad = ProcessForm {
            num_timesteps: "1".into(),
            beta_end: "x".into(),
            image: "-1".into(),
            ..ProcessForm::default()
        };
        let error = bad.params().unwrap_err();
        assert!(
            error.for_field("num_timesteps").is_some() && error.for_field("beta_end").is_some()
        );
        assert!(bad.index().unwrap_err().for_field("image").is_some());
        let falling = ProcessForm { beta_start: "0.5".into(), ..ProcessForm::default() };
        assert!(falling.params().unwrap_err().for_field("beta_start").is_some());
    }
}
