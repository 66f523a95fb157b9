//! `GET /sdapi/v1/memory`: `{ram: {free, used, total}, cuda: {system: {free, used, total}}}` in bytes.

use axum::Json;
use serde_json::{Value, json};

use crate::studio::{CardMemory, Memory};

/// 200 always; what this system does not tell is an `error` in its place.
pub async fn tell() -> Json<Value> {
    let asked = tokio::task::spawn_blocking(|| (Memory::now(), CardMemory::now()));
    let (ram, card) = asked.await.unwrap_or_default();
    let error = |why: &str| json!({ "error": why });
    let ram = ram.map(|Memory { free, used, total }| told(free, used, total));
    // What each program holds of a card is told by none.
    let system = card.map(|CardMemory { free, total }| told(free, total - free, total));
    Json(json!({
        "ram": ram.unwrap_or_else(|| error("this system does not tell")),
        "cuda": system.map_or_else(
            || error("there is no NVIDIA card, or there are several"),
            |system| json!({ "system": system }),
        ),
    }))
}

fn told(free: u64, used: u64, total: u64) -> Value {
    json!({ "free": free, "used": used, "total": total })
}
