//! Dates for the names of folders.

/// Today where this machine stands, as `2026-11-23`.
pub fn today() -> String {
    jiff::Zoned::now().date().to_string()
}

/// This second where this machine stands, as `20261123083011`.
pub fn stamp() -> String {
    jiff::Zoned::now().strftime("%Y%m%d%H%M%S").to_string()
}
