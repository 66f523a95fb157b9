//! Where things stand in this repository.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folder that holds the workspace's `Cargo.toml`.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask stands inside the workspace")
}

/// Cargo's target folder. Fixed, because the server embeds `target/site` by that path.
pub fn target() -> PathBuf {
    root().join("target")
}

/// What the browser loads: the server embeds this folder.
pub fn site() -> PathBuf {
    target().join("site")
}

/// Notes that xtask keeps between two calls.
pub fn notes() -> PathBuf {
    target().join("xtask")
}

/// Held while files that two calls could both write are being made.
pub fn lock() -> Result<File> {
    fs::create_dir_all(notes())?;
    let lock = File::create(notes().join("lock"))?;
    lock.lock().context("cannot wait for another xtask to end its build")?;
    Ok(lock)
}
