//! The Train form as it was typed.

use std::collections::BTreeMap;

use engine::config::{ConfigError, Kind, RunConfig, SETTINGS};
use serde::{Deserialize, Serialize};

/// The text of every setting by its key, and the preset the form started from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunForm {
    #[serde(default = "RunForm::first_preset")]
    pub preset: String,
    #[serde(flatten)]
    pub values: BTreeMap<String, String>,
}

impl Default for RunForm {
    fn default() -> Self {
        Self::preset(Self::FIRST_PRESET)
    }
}

impl RunForm {
    pub const DATASET: &str = "dataset_params.im_path";
    pub const NAME: &str = "train_params.task_name";
    const FIRST_PRESET: &str = engine::config::PRESETS[0].name;

    fn first_preset() -> String {
        Self::FIRST_PRESET.into()
    }

    /// The form filled from the preset called `name`; an unknown one gives the reference's values.
    pub fn preset(name: &str) -> Self {
        Self::from_config(name, &RunConfig::preset(name).unwrap_or_default())
    }

    pub fn from_config(preset: &str, config: &RunConfig) -> Self {
        let values = SETTINGS
            .iter()
            .filter_map(|setting| Some((setting.key.to_owned(), config.get(setting.key)?)))
            .collect();
        Self { preset: preset.into(), values }
    }

    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.values.insert(key.into(), value.into());
    }

    /// The configuration, if every field can be read and all fit together.
    ///
    /// A yes-or-no setting that is missing is a no: that is how a browser posts an empty checkbox.
    pub fn config(&self) -> Result<RunConfig, ConfigError> {
        let mut config = RunConfig::default();
        let mut faults = Vec::new();
        for setting in SETTINGS {
            let value = match (self.values.get(setting.key), setting.kind) {
                (Some(value), _) => value,
                (None, Kind::Bool) => "false",
                (None, _) => continue,
            };
            if let Err(error) = config.set(setting.key, value) {
                faults.extend(error.0);
            }
        }
        if faults.is_empty() {
            config.validate().map(engine::config::ValidConfig::into_inner)
        } else {
            Err(ConfigError(faults))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_survive_the_form_and_its_draft() {
        for preset in engine::config::PRESETS {
            let form = RunForm::preset(preset.name);
            assert_eq!(form.config().unwrap(), RunConfig::preset(preset.name).unwrap());
            let draft = serde_json::to_string(&form).unwrap();
            assert_eq!(serde_json::from_str::<RunForm>(&draft).unwrap(), form);
        }
    }

    #[test]
    fn an_empty_checkbox_is_a_no() {
        let mut form = RunForm::preset("small");
        form.set("dataset_params.rotate", "true");
        assert!(form.config().unwrap().dataset_params.rotate);
        form.values.remove("dataset_params.rotate");
        assert!(!form.config().unwrap().dataset_params.rotate);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        let mut form = RunForm::default();
        form.set("train_params.lr", "fast");
        form.set("model_params.im_size", "");
        let error = form.config().unwrap_err();
        assert!(error.for_field("train_params.lr").is_some());
        assert!(error.for_field("model_params.im_size").is_some());
    }
}
