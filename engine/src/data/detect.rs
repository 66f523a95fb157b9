//! What a path holds, told by content rather than by name.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::idx::{self, IMAGES_MAGIC, LABELS_MAGIC};
use super::{Source, decode};
use crate::{Error, Result};

/// What a path holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    Source(Source),
    /// A zip or tar, gzip or not, that must be unpacked first.
    Archive(PathBuf),
}

/// What a data archive begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    IdxImages,
    IdxLabels,
    Zip,
    Tar,
    TarGz,
}

/// The first bytes, enough for a tar header.
const START: usize = 512;

/// What `path` holds: a folder with IDX files or images, an IDX file, or an archive.
pub fn detect(path: &Path) -> Result<Found> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::file(path, "there is no such file or folder"),
        _ => Error::file(path, error),
    })?;
    if metadata.is_dir() { in_folder(path) } else { in_file(path) }
}

fn in_folder(path: &Path) -> Result<Found> {
    let source = match idx::images_in(path) {
        Some(images) => idx_pair(images),
        None => Folder::list(path).map(|_| Source::Folder(path.to_owned()))?,
    };
    Ok(Found::Source(source))
}

fn in_file(path: &Path) -> Result<Found> {
    match kind_of(path)? {
        Some(FileKind::IdxImages) => Ok(Found::Source(idx_pair(path.to_owned()))),
        Some(FileKind::IdxLabels) => Err(Error::file(
            path,
            "is an IDX file of labels: name the file of images (magic 0x00000803) instead",
        )),
        Some(FileKind::Zip | FileKind::Tar | FileKind::TarGz) => {
            Ok(Found::Archive(path.to_owned()))
        }
        None if decode::decode(path, [0; 3]).is_ok() => {
            Err(Error::file(path, "is a single image: name the folder of images instead"))
        }
        None => Err(Error::file(
            path,
            "is no data set: expected a folder of images, an IDX file, a zip, a tar or a tar.gz",
        )),
    }
}

fn idx_pair(images: PathBuf) -> Source {
    let labels = idx::labels_beside(&images);
    Source::Idx { images, labels }
}

/// The kind of a file by its first bytes, those inside gzip where it is one.
pub fn kind_of(path: &Path) -> Result<Option<FileKind>> {
    let file = std::fs::File::open(path).map_err(|error| Error::file(path, error))?;
    if !file.metadata().map_err(|error| Error::file(path, error))?.is_file() {
        return Err(Error::file(path, "is neither a file nor a folder"));
    }
    let raw = first_bytes(path, file)?;
    if raw.starts_with(b"PK\x03\x04") || raw.starts_with(b"PK\x05\x06") {
        return Ok(Some(FileKind::Zip));
    }
    let gzip = raw.starts_with(&[0x1f, 0x8b]);
    let start = if gzip { first_bytes(path, idx::open(path)?)? } else { raw };
    let magic = start.first_chunk().map(|word| u32::from_be_bytes(*word));
    Ok(match magic {
        Some(IMAGES_MAGIC) => Some(FileKind::IdxImages),
        Some(LABELS_MAGIC) => Some(FileKind::IdxLabels),
        _ if is_tar_header(&start) => Some(if gzip { FileKind::TarGz } else { FileKind::Tar }),
        _ => None,
    })
}

/// Up to [`START`] bytes. A gzip stream that breaks off gives what came before.
fn first_bytes(path: &Path, reader: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match reader.take(START as u64).read_to_end(&mut bytes) {
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => Err(Error::file(path, error)),
        _ => Ok(bytes),
    }
}

/// A tar header holds the sum of its own bytes, with the sum's place taken as spaces.
fn is_tar_header(block: &[u8]) -> bool {
    const SUM: std::ops::Range<usize> = 148..156;
    if block.len() < START || block.iter().all(|&byte| byte == 0) {
        return false;
    }
    let sum: u32 = (block.iter().enumerate())
        .map(|(at, &byte)| if SUM.contains(&at) { u32::from(b' ') } else { u32::from(byte) })
        .sum();
    let stored = String::from_utf8_lossy(&block[SUM]);
    let stored = stored.trim_matches(|c: char| c == '\0' || c == ' ');
    u32::from_str_radix(stored, 8) == Ok(sum)
}
