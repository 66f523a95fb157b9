//! `GET /sdapi/v1/memory`: `{ram: {free, used, total}, cuda: {error}}` in bytes.

use axum::Json;
use serde_json::{Value, json};

use crate::studio::Memory;

/// 200 always; what this system does not tell is an `error` in its place.
pub async fn tell() -> Json<Value> {
    let ram = match tokio::task::spawn_blocking(Memory::now).await {
        Ok(Some(Memory { free, used, total })) => {
            json!({ "free": free, "used": used, "total": total })
        }
        _ => json!({ "error": "this system does not tell" }),
    };
    Json(json!({ "ram": ram, "cuda": { "error": "Darkroom does not measure a card's memory" } }))
}
