//! Files as their folders tell of them: what shows without opening one that it was changed.

use std::fs::Metadata;
use std::path::Path;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// A file that was not opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Of an image in a folder its path there.
    pub name: String,
    pub bytes: u64,
    /// Nanoseconds since 1970; 0 where nobody knows.
    pub modified: u64,
}

impl Stamp {
    pub fn of(path: &Path) -> Result<Self> {
        let about = path.metadata().map_err(|error| Error::file(path, error))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self::told(name, &about))
    }

    pub(super) fn told(name: String, about: &Metadata) -> Self {
        let since = about.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
        let modified = since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX));
        Self { name, bytes: about.len(), modified }
    }
}
