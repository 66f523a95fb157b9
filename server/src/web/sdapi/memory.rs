//! `GET /sdapi/v1/memory`: `{ram: {free, used, total}, cuda: {error}}` in bytes.

use axum::Json;
use serde_json::{Value, json};

/// 200 always; what this system does not tell is an `error` in its place.
pub async fn tell() -> Json<Value> {
    let ram = match tokio::task::spawn_blocking(ram).await {
        Ok(Some(ram)) => ram,
        _ => json!({ "error": "this system does not tell" }),
    };
    Json(json!({ "ram": ram, "cuda": { "error": "Darkroom does not measure a card's memory" } }))
}

/// `used` is this program's, `free` what all programs may still take.
fn ram() -> Option<Value> {
    let system = std::fs::read_to_string("/proc/meminfo").ok()?;
    let own = std::fs::read_to_string("/proc/self/status").ok()?;
    Some(json!({
        "free": bytes(&system, "MemAvailable")?,
        "used": bytes(&own, "VmRSS")?,
        "total": bytes(&system, "MemTotal")?,
    }))
}

/// The line `name:   123 kB`.
fn bytes(lines: &str, name: &str) -> Option<u64> {
    let line = lines.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_proc_reads_as_bytes() {
        let lines = "MemTotal:  16 kB\nMemTotalHuge: 1 kB\nOdd: x kB\n";
        assert_eq!(bytes(lines, "MemTotal"), Some(16 << 10));
        assert_eq!((bytes(lines, "Odd"), bytes(lines, "None")), (None, None));
    }
}
