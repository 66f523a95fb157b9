//! Archives become folders before anything reads their images.

use std::path::Path;

use engine::CancelToken;
use engine::data::{Found, Limits, Source, detect, unpack};
use sha2::{Digest, Sha256};

use crate::studio::folders::Folders;
use crate::{Error, Result};

/// The images at `path`; an archive is unpacked into the cache, once for each state of the file.
pub fn source_at(folders: &Folders, path: &Path, cancel: &CancelToken) -> Result<Source> {
    let archive = match detect(path)? {
        Found::Source(source) => return Ok(source),
        Found::Archive(archive) => archive,
    };
    let folder = folders.unpacked().join(fingerprint(&archive)?);
    if !folder.is_dir() {
        unpack(&archive, &folder, &Limits::default(), cancel)?;
    }
    unpacked_source(&folder)
}

/// What an unpacked archive holds; an archive within an archive is not followed.
pub fn unpacked_source(folder: &Path) -> Result<Source> {
    match detect(folder)? {
        Found::Source(source) => Ok(source),
        Found::Archive(inner) => Err(Error::Other(format!(
            "`{}` is an archive within an archive; unpack it first",
            inner.display()
        ))),
    }
}

/// Changes when the file does.
fn fingerprint(path: &Path) -> Result<String> {
    let metadata = path.metadata().map_err(Error::file("read", path))?;
    let modified = metadata.modified().map_err(Error::file("read", path))?;
    let absolute = path.canonicalize().map_err(Error::file("read", path))?;
    let text = format!("{}\0{}\0{modified:?}", absolute.display(), metadata.len());
    Ok(Sha256::digest(text)[..8].iter().map(|byte| format!("{byte:02x}")).collect())
}
