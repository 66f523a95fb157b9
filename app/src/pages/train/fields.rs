//! The text of every setting, as it is typed.

use engine::config::{SETTINGS, Setting};
use leptos::prelude::*;

use crate::api::RunForm;

/// One signal for each setting, in the order of [`SETTINGS`], and the preset.
#[derive(Clone, Copy)]
pub struct Fields {
    pub preset: RwSignal<String>,
    values: StoredValue<Vec<RwSignal<String>>>,
}

impl Fields {
    pub fn new(form: &RunForm) -> Self {
        let value = |setting: &Setting| RwSignal::new(form.get(setting.key).to_owned());
        Self {
            preset: RwSignal::new(form.preset.clone()),
            values: StoredValue::new(SETTINGS.iter().map(value).collect()),
        }
    }

    /// The signal of the setting at `key`, which must be one of [`SETTINGS`].
    pub fn at(&self, key: &str) -> RwSignal<String> {
        let index = SETTINGS.iter().position(|setting| setting.key == key);
        self.values.with_value(|values| values[index.expect("the key stands in SETTINGS")])
    }

    /// All that is typed; follows every field.
    pub fn typed(&self) -> RunForm {
        let values =
            SETTINGS.iter().map(|setting| (setting.key.to_owned(), self.at(setting.key).get()));
        RunForm { preset: self.preset.get(), values: values.collect() }
    }

    /// Sets the fields that differ from `form`.
    pub fn fill(&self, form: &RunForm) {
        self.preset.set(form.preset.clone());
        for setting in SETTINGS {
            let (field, value) = (self.at(setting.key), form.get(setting.key));
            if field.with_untracked(|typed| typed != value) {
                field.set(value.into());
            }
        }
    }
}
