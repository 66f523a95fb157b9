//! The settings in pictures of other programs, translated into A1111's words.

mod comfyui;
mod invokeai;
mod swarmui;

use serde_json::Value;

use super::parameters::Parameters;

/// The keyword of A1111's text, which others use for their own.
const PARAMETERS: &str = "parameters";

/// Who wrote the settings, and what they say. Nothing if the `texts`, by keyword, hold none.
pub fn read(texts: &[(String, String)]) -> Option<(&'static str, Parameters)> {
    let text = |key: &str| texts.iter().find(|(known, _)| known == key).map(|(_, text)| &**text);
    let json = |key: &str| json_of(text(key)?);
    if let Some(parameters) = json(PARAMETERS).and_then(|json| swarmui::read(&json)) {
        return Some(("SwarmUI", parameters));
    }
    if let Some(written) = text(PARAMETERS).filter(|text| !text.trim().is_empty()) {
        let parameters = Parameters::read(written);
        let version = parameters.setting("Version").unwrap_or_default();
        let who = if version.starts_with("Darkroom") { "Darkroom" } else { "A1111" };
        return Some((who, parameters));
    }
    if let Some(parameters) = json("invokeai_metadata").and_then(|json| invokeai::read(&json)) {
        return Some(("InvokeAI", parameters));
    }
    json("prompt").and_then(|json| comfyui::read(&json)).map(|found| ("ComfyUI", found))
}

/// A string, a number or a truth value as text; anything else is no setting.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// The pairs whose value is there, under A1111's names.
fn pairs<const N: usize>(found: [(&str, Option<String>); N]) -> Vec<(String, String)> {
    found.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// A size as A1111 writes it.
fn size(width: Option<String>, height: Option<String>) -> Option<String> {
    Some(format!("{}x{}", width?, height?))
}

/// Python writes NaN where JSON knows none.
fn json_of(text: &str) -> Option<Value> {
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    read(text).or_else(|| read(&text.replace(": NaN", ": null").replace("[NaN", "[null")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(key: &str, text: &str) -> Option<(&'static str, Parameters)> {
        read(&[("Software".into(), "x".into()), (key.into(), text.into())])
    }

    #[test]
    fn who_wrote_it_is_told_by_the_text() {
        let ours = "7\nSteps: 5, Sampler: DDIM, Seed: 3, Version: Darkroom 0.1.0";
        assert_eq!(found("parameters", ours).unwrap().0, "Darkroom");
        let (who, told) = found("parameters", "a cat\nSteps: 5, Sampler: DDIM, Seed: 3").unwrap();
        assert_eq!((who, told.prompt.as_str()), ("A1111", "a cat"));
        assert_eq!(found("parameters", "  "), None);
        assert_eq!(found("Comment", "hello"), None);
        assert_eq!(found("prompt", "{\"1\": 2}"), None);
    }

    #[test]
    fn broken_json_is_no_setting() {
        assert_eq!(found("invokeai_metadata", "{"), None);
        assert_eq!(json_of(r#"{"is_changed": [NaN], "a": NaN}"#).unwrap()["a"], Value::Null);
        assert_eq!(found("prompt", "[1, 2"), None);
        let (who, told) = found("parameters", "{\"a\": 1").unwrap();
        assert_eq!((who, told.prompt.as_str()), ("A1111", "{\"a\": 1"));
    }
}
