//! What tells one state of a data set's files from another.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use engine::data::Stamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{Error, Result};

/// The content of some files, with what shows without reading them whether they were touched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    stamps: Vec<Stamp>,
    /// 64 hexadecimal digits.
    sha256: String,
}

impl Fingerprint {
    /// Reads all of `files`.
    pub fn of(files: &[PathBuf]) -> Result<Self> {
        let mut hash = Sha256::new();
        for path in files {
            let mut file = File::open(path).map_err(Error::file("read", path))?;
            io::copy(&mut file, &mut hash).map_err(Error::file("read", path))?;
        }
        let sha256 = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { stamps: stamps(files)?, sha256 })
    }

    /// Whether `files` hold the same now. They are read only if they were touched and are as long as
    /// they were.
    pub fn fits(&self, files: &[PathBuf]) -> Result<bool> {
        let now = stamps(files)?;
        if now == self.stamps {
            return Ok(true);
        }
        let sizes = |stamps: &[Stamp]| -> Vec<u64> { stamps.iter().map(|s| s.bytes).collect() };
        Ok(sizes(&now) == sizes(&self.stamps) && Self::of(files)?.sha256 == self.sha256)
    }
}

fn stamps(files: &[PathBuf]) -> Result<Vec<Stamp>> {
    files.iter().map(|path| Ok(Stamp::of(path)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;
    use std::time::{Duration, UNIX_EPOCH};

    /// A file of these bytes, written at this second.
    fn write(path: &Path, bytes: &[u8], second: u64) {
        fs::write(path, bytes).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(second);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    #[test]
    fn a_file_that_was_touched_fits_and_one_that_was_replaced_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let files = ["images", "labels"].map(|name| folder.path().join(name));
        write(&files[0], b"pixels", 1);
        write(&files[1], b"classes", 1);
        let before = Fingerprint::of(&files).unwrap();
        let again: Fingerprint =
            serde_json::from_str(&serde_json::to_string(&before).unwrap()).unwrap();
        assert!(again.fits(&files).unwrap());
        write(&files[0], b"pixels", 2);
        assert!(before.fits(&files).unwrap());
        write(&files[0], b"PIXELS", 2);
        assert!(!before.fits(&files).unwrap());
        write(&files[0], b"pixels and more", 2);
        assert!(!before.fits(&files).unwrap());
        fs::remove_file(&files[0]).unwrap();
        assert!(before.fits(&files).is_err());
    }
}
