//! Files that are whole or not there.

use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// Writes `bytes` beside `path` and renames, so that no one ever sees half a file.
pub fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let written = write_synced(&partial, bytes).and_then(|()| std::fs::rename(&partial, path));
    written.map_err(|error| {
        // What is left of a failed write is of no use to anyone.
        let _ = std::fs::remove_file(&partial);
        Error::file(path, error)
    })
}

fn write_synced(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    let mut file = std::fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
