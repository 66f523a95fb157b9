//! Small files that a run keeps beside its state.

use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result, atomic_file};

/// Reads what [`write`] wrote; the default where there is no such file.
pub(super) fn read<T: DeserializeOwned + Default>(path: &Path) -> Result<T> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(T::default()),
        Err(error) => return Err(Error::file(path, error)),
    };
    serde_json::from_slice(&text).map_err(|error| broken(path, error))
}

/// The error for a file that does not hold what it should.
pub(super) fn broken(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::file(path, format!("the run cannot be resumed: {why}"))
}

pub(super) fn write<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    atomic_file::write(path, &serde_json::to_vec_pretty(value).expect("plain data"))
}
