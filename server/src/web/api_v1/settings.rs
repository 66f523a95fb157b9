//! Settings in a body, by the names of their fields, over their defaults.

use app::api::EvaluateForm;
use engine::config::{ConfigError, FieldError, GenerateSettings, RunConfig, unknown_name};
use serde_json::{Map, Value};

/// A value as the text a form would have.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

/// Every field of `body`; all that is wrong is told at once.
pub fn generation(body: &Map<String, Value>) -> Result<GenerateSettings, ConfigError> {
    let mut settings = GenerateSettings::default();
    let set = |(key, value): (&String, &Value)| settings.set(key, &plain(value)).err();
    let faults: Vec<FieldError> = body.iter().filter_map(set).flat_map(|error| error.0).collect();
    if !faults.is_empty() {
        return Err(ConfigError(faults));
    }
    settings.validate()?;
    Ok(settings)
}

/// Sections with their settings, as in the YAML file, over a preset.
pub fn training(body: &Map<String, Value>) -> Result<RunConfig, ConfigError> {
    let preset = body.get("preset").and_then(Value::as_str);
    let mut config = match preset {
        Some(name) => RunConfig::preset(name).ok_or_else(|| {
            let known = engine::config::PRESETS.iter().map(|preset| preset.name);
            engine::config::unknown_name("preset", name, known)
        })?,
        None => RunConfig::default(),
    };
    let mut faults = Vec::new();
    for (section, fields) in body.iter().filter(|(key, _)| *key != "preset") {
        let Some(fields) = fields.as_object() else {
            faults.push(FieldError::new(section, "give an object of settings"));
            continue;
        };
        for (name, value) in fields {
            let set = config.set(&format!("{section}.{name}"), &plain(value));
            faults.extend(set.err().into_iter().flat_map(|error| error.0));
        }
    }
    if faults.is_empty() { Ok(config.validate()?.into_inner()) } else { Err(ConfigError(faults)) }
}

/// The fields of the form, as text or as numbers.
pub fn evaluation(body: &Map<String, Value>) -> Result<EvaluateForm, ConfigError> {
    let mut form = serde_json::to_value(EvaluateForm::default()).expect("a form is plain data");
    let stranger = body.keys().find(|key| form.get(key.as_str()).is_none());
    if let Some(key) = stranger {
        let known = form.as_object().into_iter().flat_map(|form| form.keys().map(String::as_str));
        return Err(unknown_name(key, key, known));
    }
    for (key, value) in body {
        form[key] = plain(value).into();
    }
    serde_json::from_value(form).map_err(|error| ConfigError::one("body", error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_field_is_read_and_every_fault_is_told() {
        let body = json!({ "model": "digits", "steps": 20, "eta": 0.5, "tiling": true });
        let settings = generation(body.as_object().unwrap()).unwrap();
        assert_eq!((settings.steps, settings.eta, settings.tiling), (20, 0.5, true));
        let body = json!({ "stepz": 20, "seed": "x" });
        let error = generation(body.as_object().unwrap()).unwrap_err();
        assert!(error.for_field("stepz").unwrap().contains("nearest are steps"));
        assert!(error.for_field("seed").is_some());
    }

    #[test]
    fn a_training_goes_by_sections_over_a_preset() {
        let body = json!({
            "preset": "small",
            "dataset_params": { "im_path": "digits" },
            "model_params": { "down_channels": [8, 16, 16, 32], "mid_channels": [32, 32, 16] },
        });
        let config = training(body.as_object().unwrap()).unwrap();
        assert_eq!(config.model_params.down_channels, [8, 16, 16, 32]);
        let preset = RunConfig::preset("small").unwrap();
        assert_eq!(config.train_params.lr, preset.train_params.lr);
        for (body, field) in [
            (json!({ "preset": "smal" }), "preset"),
            (json!({ "train_params": 3 }), "train_params"),
            (json!({ "train_params": { "lr": "fast" } }), "train_params.lr"),
        ] {
            let error = training(body.as_object().unwrap()).unwrap_err();
            assert!(error.for_field(field).is_some(), "{error}");
        }
    }
}
