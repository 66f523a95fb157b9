//! What can go wrong around the engine; each is one sentence a person can act on.

use std::io;
use std::path::{Path, PathBuf};

use app::api::ApiError;
use engine::config::{ConfigError, FieldError};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Engine(#[from] engine::Error),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}")]
    NotFound(String),
    /// What stands in the way.
    #[error("{0}")]
    Conflict(String),
    #[error("could not {doing} `{}`: {}", path.display(), io_reason(source))]
    File { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("the database could not do that: {0}")]
    Store(#[from] rusqlite::Error),
    #[error("the database holds something unreadable: {0}")]
    StoredText(#[from] serde_json::Error),
    /// Ends one batch of a generation, not the job.
    #[error("this batch was left out")]
    Skipped,
    #[error("{0}")]
    Other(String),
}

impl Error {
    /// For `map_err`: what was being done to which file.
    pub fn file(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_path_buf();
        move |source| Error::File { doing, path, source }
    }

    pub fn field(field: &str, message: impl Into<String>) -> Self {
        Error::Config(ConfigError::one(field, message))
    }

    /// The same fault with the field called `field` under the name `other`.
    pub fn renamed(self, field: &str, other: &str) -> Self {
        match self {
            Error::Config(ConfigError(faults)) => {
                let name = |name: String| if name == field { other.to_owned() } else { name };
                let faults = faults.into_iter();
                Error::Config(ConfigError(
                    faults.map(|f| FieldError::new(name(f.field), f.message)).collect(),
                ))
            }
            fault => fault,
        }
    }

    /// The same fault without the name of `file`, a temporary one of ours that whoever sent it never
    /// saw.
    pub fn unnamed(self, file: &Path) -> Self {
        match self {
            Error::Engine(engine::Error::File { path, message }) if path == file => {
                Error::Other(format!("the file {message}"))
            }
            other => other,
        }
    }

    /// The same fault told at the field of the form that caused it.
    pub fn at_field(self, field: &str) -> Self {
        match self {
            Error::Config(_) => self,
            other => Error::field(field, other.to_string()),
        }
    }
}

fn io_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full; make room and try again".into(),
        io::ErrorKind::NotFound => "there is no such file or folder".into(),
        io::ErrorKind::PermissionDenied => "permission denied".into(),
        _ => error.to_string(),
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        match error {
            Error::Config(config) | Error::Engine(engine::Error::Config(config)) => {
                ApiError::Fields(config)
            }
            Error::NotFound(what) => ApiError::NotFound(what),
            Error::Conflict(what) => ApiError::Conflict(what),
            other => ApiError::Internal(other.to_string()),
        }
    }
}
