//! What there is to choose from. Lists of what Darkroom does not have are empty, not missing: clients
//! ask for them when they start.

use app::api::Style;
use axum::Json;
use axum::extract::State;
use engine::config::{SAMPLERS, SCHEDULES, SamplerInfo, ScheduleKind, Upscaler};
use serde_json::{Value, json};

use super::error::Answer;
use super::models;
use crate::web::Web;

/// `[{title, model_name, hash, sha256, filename, config}]`
pub async fn models(State(web): State<Web>) -> Answer<Json<Value>> {
    let entries = web
        .studio
        .blocking(|darkroom| {
            models::all(darkroom).iter().map(|model| model.entry(&darkroom.models)).collect()
        })
        .await?;
    Ok(Json(Value::Array(entries)))
}

/// `[{name, aliases, options}]`
pub async fn samplers() -> Json<Value> {
    let entry = |info: &SamplerInfo| {
        json!({
            "name": info.name,
            "aliases": info.aliases,
            "options": { "scheduler": info.automatic.name().to_lowercase() },
        })
    };
    Json(SAMPLERS.iter().map(entry).collect())
}

/// `[{name, label, aliases, default_rho, need_inner_model}]`
pub async fn schedulers() -> Json<Value> {
    let entry = |(kind, label, aliases): &(ScheduleKind, &str, &[&str])| {
        json!({
            "name": label.to_lowercase().replace(' ', "_"),
            "label": label,
            "aliases": if aliases.is_empty() { Value::Null } else { json!(aliases) },
            "default_rho": if *kind == ScheduleKind::Karras { 7.0 } else { -1.0 },
            "need_inner_model": false,
        })
    };
    Json(SCHEDULES.iter().map(entry).collect())
}

/// `[{name, model_name, model_path, model_url, scale}]`
pub async fn upscalers() -> Json<Value> {
    let entry = |name: &str, scale: f64| {
        json!({
            "name": name,
            "model_name": null,
            "model_path": null,
            "model_url": null,
            "scale": scale,
        })
    };
    let known = Upscaler::ALL.iter().map(|upscaler| entry(upscaler.name(), 4.0));
    Json(std::iter::once(entry("None", 1.0)).chain(known).collect())
}

/// `[{name, prompt, negative_prompt}]`
pub async fn styles(State(web): State<Web>) -> Answer<Json<Value>> {
    let styles = web.studio.blocking(|darkroom| darkroom.store.styles()).await?;
    let entry = |style: &Style| {
        let words = |key: &str| {
            let found = style.settings.iter().find(|(known, _)| known == key);
            found.map_or("", |(_, words)| words.as_str())
        };
        json!({
            "name": style.name,
            "prompt": words("prompt"),
            "negative_prompt": words("negative_prompt"),
        })
    };
    Ok(Json(styles.iter().map(entry).collect()))
}

/// `{loaded, skipped}`
pub async fn embeddings() -> Json<Value> {
    Json(json!({ "loaded": {}, "skipped": {} }))
}

/// `{txt2img, img2img}`
pub async fn scripts() -> Json<Value> {
    Json(json!({ "txt2img": [], "img2img": [] }))
}

/// The few flags that say something about this program; no paths, no passwords.
pub async fn flags(State(web): State<Web>) -> Json<Value> {
    Json(json!({
        "api": true,
        "nowebui": false,
        "share": false,
        "listen": web.studio.0.shared_at.get().is_some(),
        "data_dir": null,
        "gradio_auth": null,
        "api_auth": null,
    }))
}

/// `[]`
pub async fn nothing() -> Json<Value> {
    Json(json!([]))
}

/// `null`: models are looked for anew each time they are asked for.
pub async fn refresh() -> Json<Value> {
    Json(Value::Null)
}
