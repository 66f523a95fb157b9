//! InvokeAI: JSON under `invokeai_metadata`.

use serde_json::Value;

use super::{Parameters, pairs, plain, size};

pub fn read(json: &Value) -> Option<Parameters> {
    json.as_object()?;
    let get = |key: &str| json.get(key).and_then(plain);
    let model = json.get("model").and_then(|model| {
        let name = model.get("name").or_else(|| model.get("model_name")).unwrap_or(model);
        plain(name)
    });
    let (sampler, schedule) = get("scheduler").map(|name| scheduler(&name)).unzip();
    Some(Parameters {
        prompt: get("positive_prompt").unwrap_or_default(),
        negative_prompt: get("negative_prompt").unwrap_or_default(),
        settings: pairs([
            ("Steps", get("steps")),
            ("Sampler", sampler),
            ("Schedule type", schedule),
            ("CFG scale", get("cfg_scale")),
            ("Seed", get("seed")),
            ("Size", size(get("width"), get("height"))),
            ("Model", model),
            ("Denoising strength", get("strength")),
        ]),
    })
}

/// The sampler and the schedule that one of its names says: `dpmpp_2m_k` is the one of Karras, a name
/// without the ending takes its steps evenly.
fn scheduler(name: &str) -> (String, String) {
    match name.strip_suffix("_k") {
        Some(sampler) => (sampler.into(), "Karras".into()),
        None => (name.into(), "Uniform".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_of_both_versions_are_understood() {
        let told = |model: Value| {
            let json = serde_json::json!({
                "positive_prompt": "a cat", "negative_prompt": "", "seed": 3, "scheduler": "euler",
                "model": model,
            });
            read(&json).unwrap().setting("Model").map(str::to_owned)
        };
        assert_eq!(told(serde_json::json!({ "name": "new" })).as_deref(), Some("new"));
        assert_eq!(told(serde_json::json!({ "model_name": "old" })).as_deref(), Some("old"));
        assert_eq!(told(serde_json::json!(null)), None);
    }
}
