//! Dates for the names of folders.

/// Today where this machine stands, as `2026-11-23`.
pub fn today() -> String {
    jiff::Zoned::now().date().to_string()
}
