//! SwarmUI: JSON under A1111's keyword.

use serde_json::Value;

use super::{Parameters, pairs, plain, size};

pub fn read(json: &Value) -> Option<Parameters> {
    let params = json.get("sui_image_params")?;
    let get = |key: &str| params.get(key).and_then(plain);
    Some(Parameters {
        prompt: get("prompt").unwrap_or_default(),
        negative_prompt: get("negativeprompt").unwrap_or_default(),
        settings: pairs([
            ("Steps", get("steps")),
            ("Sampler", get("sampler")),
            ("Schedule type", get("scheduler")),
            ("CFG scale", get("cfgscale")),
            ("Seed", get("seed")),
            ("Size", size(get("width"), get("height"))),
            ("Model", get("model")),
        ]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_have_a1111s_names() {
        let json = serde_json::json!({ "sui_image_params": {
            "prompt": "a cat", "steps": 20, "seed": 7, "width": 64, "height": 32, "cfgscale": 7.5,
        }});
        let told = read(&json).unwrap();
        assert_eq!(told.text(), "a cat\nSteps: 20, CFG scale: 7.5, Seed: 7, Size: 64x32");
        assert_eq!(read(&serde_json::json!({ "a": 1 })), None);
    }
}
