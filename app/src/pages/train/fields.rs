//! The text of every setting, as it is typed.

use engine::config::SETTING_KEYS;
use leptos::prelude::*;

use crate::api::RunForm;

/// One signal for each of [`SETTING_KEYS`], and the preset.
#[derive(Clone, Copy)]
pub struct Fields {
    pub preset: RwSignal<String>,
    values: StoredValue<Vec<RwSignal<String>>>,
}

impl Fields {
    pub fn new(form: &RunForm) -> Self {
        let value = |key: &str| RwSignal::new(form.get(key).to_owned());
        Self {
            preset: RwSignal::new(form.preset.clone()),
            values: StoredValue::new(SETTING_KEYS.into_iter().map(value).collect()),
        }
    }

    /// The signal of the setting at `key`, which must be one of [`SETTING_KEYS`].
    pub fn at(&self, key: &str) -> RwSignal<String> {
        self.find(key).expect("the key is a setting's")
    }

    /// The signal of the setting at `key`, if there is such a setting.
    pub fn find(&self, key: &str) -> Option<RwSignal<String>> {
        let index = SETTING_KEYS.iter().position(|known| *known == key)?;
        Some(self.values.with_value(|values| values[index]))
    }

    /// All that is typed; follows every field.
    pub fn typed(&self) -> RunForm {
        let values = SETTING_KEYS.into_iter().map(|key| (key.to_owned(), self.at(key).get()));
        RunForm { preset: self.preset.get(), values: values.collect() }
    }

    /// Sets the fields that differ from `form`.
    pub fn fill(&self, form: &RunForm) {
        self.preset.set(form.preset.clone());
        for key in SETTING_KEYS {
            put(self.at(key), form.get(key));
        }
    }
}

/// Sets `field` if it is another.
pub fn put(field: RwSignal<String>, value: &str) {
    if field.with_untracked(|typed| typed != value) {
        field.set(value.into());
    }
}
