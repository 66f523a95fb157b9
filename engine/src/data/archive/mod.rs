//! Archives of images, unpacked into a folder.
//!
//! Only image files and arrays of images are taken, by name; each keeps its folders, and no name
//! leads out of the folder.
//! What counts against the limits is what really comes out, not what headers tell. Everything is
//! written into a hidden folder beside the target, which is renamed at the end: an archive that is
//! broken, too large or cancelled leaves nothing. Folders that merely wrap the class folders are
//! left away.

mod inside;
mod staging;
mod tarball;
mod zipped;

use std::path::Path;

use staging::Staging;

use super::detect::{FileKind, Found, detect, kind_of};
use super::folder::Folder;
use super::{Skipped, Source};
use crate::{CancelToken, Error, Result};

/// How much may come out of an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Entries of any kind.
    pub files: u64,
    /// Bytes of all files together, unpacked.
    pub bytes: u64,
    /// Bytes of one image file, unpacked; a larger one is left out.
    pub file_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { files: 200_000, bytes: 4 << 30, file_bytes: 64 << 20 }
    }
}

/// Unpacks the images of a zip, tar or tar.gz into the new folder `into`, and tells what was left
/// out. An archive without images, or one that goes over `limits`, is an error.
pub fn unpack(
    archive: &Path,
    into: &Path,
    limits: &Limits,
    cancel: &CancelToken,
) -> Result<Vec<Skipped>> {
    let kind = kind_of(archive)?;
    let mut staging = Staging::create(archive, into, *limits, cancel)?;
    match kind {
        Some(FileKind::Zip) => zipped::unpack(archive, &mut staging)?,
        Some(FileKind::Tar | FileKind::TarGz) => tarball::unpack(archive, &mut staging)?,
        _ => return Err(Error::file(archive, "is not a zip, tar or tar.gz archive")),
    }
    match detect(staging.folder()) {
        Ok(Found::Source(Source::Folder(folder))) => {
            staging.remove_arrays()?;
            let listing = Folder::list_any(&folder)?;
            staging.publish(listing.root_of_images().unwrap_or(&folder), into)
        }
        Ok(Found::Source(source)) => {
            let folder = source.folder().unwrap_or(staging.folder()).to_owned();
            staging.publish(&folder, into)
        }
        _ => Err(Error::file(archive, staging.no_images())),
    }
}
