//! The SHA-256 of model files, computed once for each state of a file.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use super::models::ModelFile;
use crate::Result;

/// What was computed so far, by the model's name.
#[derive(Default)]
pub struct Digests(Mutex<HashMap<String, Known>>);

struct Known {
    file: ModelFile,
    modified: Option<SystemTime>,
    digest: String,
}

impl Digests {
    /// 64 hexadecimal digits for what `file` holds now.
    pub fn of(&self, name: &str, file: &ModelFile) -> Result<String> {
        let modified = file.modified();
        if let Some(digest) = self.known(name, file, modified) {
            return Ok(digest);
        }
        let digest = hex(&Sha256::digest(file.bytes()?));
        let known = Known { file: file.clone(), modified, digest: digest.clone() };
        self.lock().insert(name.to_owned(), known);
        Ok(digest)
    }

    fn known(&self, name: &str, file: &ModelFile, modified: Option<SystemTime>) -> Option<String> {
        let known = self.lock();
        let same =
            known.get(name).filter(|known| known.file == *file && known.modified == modified);
        same.map(|known| known.digest.clone())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
