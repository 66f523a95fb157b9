//! What can go wrong, in sentences a person can act on.

use std::path::{Path, PathBuf};

use crate::config::ConfigError;

pub type Result<T> = std::result::Result<T, Error>;

/// Every failure of the engine.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A setting that cannot be as it is.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A file that cannot be read or written, and why.
    #[error("{}: {message}", path.display())]
    File { path: PathBuf, message: String },
    /// Images that cannot be used, and what would do.
    #[error("{0}")]
    Data(String),
    /// A checkpoint that does not fit its configuration.
    #[error("{0}")]
    Checkpoint(String),
    /// A device that cannot be opened.
    #[error("{0}")]
    Device(String),
    /// Training that ran away.
    #[error("{0}")]
    Diverged(String),
    /// The caller asked to stop.
    #[error("stopped")]
    Cancelled,
    /// A failure inside the tensor library.
    #[error("tensor operation failed: {0}")]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    pub fn file(path: impl AsRef<Path>, message: impl std::fmt::Display) -> Self {
        Error::File { path: path.as_ref().to_owned(), message: message.to_string() }
    }
}
