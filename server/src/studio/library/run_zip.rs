//! A run as one file, to be taken elsewhere.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::Models;
use crate::studio::archive::Archive;
use crate::{Error, Result};

/// As large as the checkpoints together, and of use only to go on here.
const STATE: &str = "state.safetensors";

impl Models {
    /// A zip of the whole folder of the run called `name` but the state of its optimizer, to be read
    /// from its beginning.
    pub fn zip(&self, name: &str) -> Result<File> {
        let folder = self.run(name)?;
        let mut archive = Archive::begin(self.folders.root())?;
        for path in files_below(&folder)? {
            let within = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned();
            if within != STATE {
                archive.add(&within, &path)?;
            }
        }
        archive.finish()
    }
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).map_err(Error::file("read", &folder))?.flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => open.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}
