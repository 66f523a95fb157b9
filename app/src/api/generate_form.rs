//! The Generate form as it was typed.

use std::collections::BTreeMap;

use engine::config::{ConfigError, GenerateSettings};
use serde::{Deserialize, Serialize};

/// The text of every setting by its key, so that a value that will not do is kept and can be named.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, String>", into = "BTreeMap<String, String>")]
pub struct GenerateForm {
    values: BTreeMap<String, String>,
}

/// A field that is missing has its default, which for a checkbox is a no: that is how a browser posts
/// an empty one.
impl From<BTreeMap<String, String>> for GenerateForm {
    fn from(mut values: BTreeMap<String, String>) -> Self {
        let mut form = Self::default();
        form.overlay(|key| values.remove(key));
        form.values.extend(values.remove_entry(Self::STYLE));
        form
    }
}

impl From<GenerateForm> for BTreeMap<String, String> {
    fn from(form: GenerateForm) -> Self {
        form.values
    }
}

impl Default for GenerateForm {
    fn default() -> Self {
        Self::from(&GenerateSettings::default())
    }
}

impl From<&GenerateSettings> for GenerateForm {
    fn from(settings: &GenerateSettings) -> Self {
        let value = |key: &&str| Some(((*key).to_owned(), settings.get(key)?));
        Self { values: GenerateSettings::KEYS.iter().filter_map(value).collect() }
    }
}

impl GenerateForm {
    /// Stands in an address that tells of the whole form: what it leaves out is as it is by default, not
    /// as it was left.
    pub const WHOLE: &str = "rest=default";

    /// The name that the form is to be kept under as a style. It is no setting, and stays with what else
    /// is typed.
    pub const STYLE: &str = "style";

    /// The text of the setting `key`.
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", String::as_str)
    }

    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.values.insert(key.into(), value.into());
    }

    /// The settings, if every field can be read and is in its range.
    pub fn settings(&self) -> Result<GenerateSettings, ConfigError> {
        let mut settings = GenerateSettings::default();
        let mut faults = Vec::new();
        for (key, value) in self.known() {
            faults.extend(settings.set(key, value).err().into_iter().flat_map(|error| error.0));
        }
        if !faults.is_empty() {
            return Err(ConfigError(faults));
        }
        settings.validate()?;
        Ok(settings)
    }

    /// Takes over the fields that `get` knows, as from an address.
    pub fn overlay(&mut self, mut get: impl FnMut(&str) -> Option<String>) {
        for key in GenerateSettings::KEYS {
            if let Some(value) = get(key) {
                self.set(key, value);
            }
        }
    }

    /// Key and text of every setting, in the order of the form.
    fn known(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let value = |key: &&'static str| Some((*key, self.values.get(*key)?.as_str()));
        GenerateSettings::KEYS.iter().filter_map(value)
    }

    /// Key and text of all that is not as it is by default.
    pub fn differing(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let default = Self::default();
        self.known().filter(move |(key, value)| default.get(key) != *value)
    }

    /// Key and text of what a style keeps, without spaces around it: how pictures are drawn, and of what
    /// is drawn only what was given.
    pub fn style(&self) -> Vec<(&'static str, &str)> {
        const IF_GIVEN: [&str; 8] = [
            "prompt",
            "negative_prompt",
            "init_image",
            "mask",
            "seed",
            "subseed",
            "batch_count",
            "batch_size",
        ];
        let default = Self::default();
        let trimmed = self.known().map(|(key, value)| (key, value.trim()));
        let is_kept =
            |key: &str, value: &str| !IF_GIVEN.contains(&key) || default.get(key) != value;
        trimmed.filter(|(key, value)| is_kept(key, value)).collect()
    }

    /// Key and text of what an address must tell: all that is not as it is by default, and the
    /// fields that everybody looks at.
    pub fn telling(&self) -> Vec<(&'static str, &str)> {
        const ALWAYS: [&str; 4] = ["model", "steps", "batch_size", "seed"];
        let differs: Vec<&str> = self.differing().map(|(key, _)| key).collect();
        self.known().filter(|(key, _)| ALWAYS.contains(key) || differs.contains(key)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::config::{SamplerKind, ScheduleKind};

    #[test]
    fn settings_survive_the_form() {
        let settings = GenerateSettings {
            model: "digits".into(),
            prompt: "(cat:1.3) AND dog".into(),
            cfg_scale: 2.5,
            sampler: SamplerKind::Ddim,
            schedule: ScheduleKind::SgmUniform,
            eta: 0.25,
            tiling: true,
            seed: 4_294_967_295,
            ..Default::default()
        };
        let form = GenerateForm::from(&settings);
        assert_eq!(form.settings().unwrap(), settings);
        let draft = serde_json::to_string(&form).unwrap();
        assert_eq!(serde_json::from_str::<GenerateForm>(&draft).unwrap(), form);
    }

    #[test]
    fn every_unreadable_field_is_named() {
        let mut form = GenerateForm::default();
        for (key, value) in [
            ("sampler", "DDMP"),
            ("schedule", "Caras"),
            ("eta", "little"),
            ("steps", "many"),
            ("seed", ""),
        ] {
            form.set(key, value);
        }
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
        let mut form = GenerateForm::default();
        form.set("batch_size", "9999");
        assert!(form.settings().unwrap_err().for_field("batch_size").is_some());
    }

    #[test]
    fn an_address_overrides_what_it_names_and_tells_what_differs() {
        let mut form = GenerateForm::default();
        form.overlay(|name| (name == "model").then(|| "textures".into()));
        form.set("eta", "0.5");
        assert_eq!((form.get("model"), form.get("steps")), ("textures", "50"));
        let told = form.telling();
        assert!(told.contains(&("model", "textures")) && told.contains(&("eta", "0.5")));
        assert!(told.iter().all(|(key, _)| *key != "tiling"));
    }

    #[test]
    fn a_style_keeps_how_pictures_are_drawn_and_what_was_given() {
        let mut form = GenerateForm::default();
        form.set("prompt", " 7\n");
        form.set("negative_prompt", " ");
        let kept = form.style();
        for kept_too in [("prompt", "7"), ("sampler", "DDPM"), ("steps", "50"), ("tiling", "false")]
        {
            assert!(kept.contains(&kept_too), "{kept_too:?}");
        }
        for left in ["negative_prompt", "seed", "batch_size", "init_image"] {
            assert!(kept.iter().all(|(key, _)| *key != left), "{left}");
        }
    }

    #[test]
    fn the_name_of_a_style_stays_with_the_form_and_is_no_setting() {
        let form: GenerateForm = serde_json::from_str(r#"{"style":"mine","steps":"4"}"#).unwrap();
        assert_eq!(form.get(GenerateForm::STYLE), "mine");
        let again = serde_json::to_string(&form).unwrap();
        assert_eq!(serde_json::from_str::<GenerateForm>(&again).unwrap(), form);
        let told = form.style().into_iter().chain(form.telling());
        assert!(told.map(|(key, _)| key).all(|key| key != GenerateForm::STYLE));
        assert_eq!(form.settings().unwrap().steps, 4);
    }

    #[test]
    fn what_is_missing_is_as_it_is_by_default() {
        let form: GenerateForm = serde_json::from_str(r#"{"model":"digits","old":"1"}"#).unwrap();
        let settings = form.settings().unwrap();
        assert_eq!(settings, GenerateSettings { model: "digits".into(), ..Default::default() });
    }
}
