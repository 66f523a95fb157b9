//! What a path holds, told by content rather than by name.

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::idx::{self, IMAGES_MAGIC, LABELS_MAGIC};
use super::{Source, cifar, decode, numpy, parquet};
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
    /// An array, or a zip of arrays.
    Numpy,
    Parquet,
}

/// The first bytes, enough for a tar header.
const START: usize = 512;

/// Folders around the data that hold nothing else are stepped through, no more than so many.
const MAX_WRAPPERS: usize = 4;

/// What `path` holds: a folder of images or arrays, a file of arrays, or an archive.
///
/// In a folder IDX and CIFAR files go before images, and those before Parquet and numpy files.
pub fn detect(path: &Path) -> Result<Found> {
    let metadata = path.metadata().map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::file(path, "there is no such file or folder"),
        _ => Error::file(path, error),
    })?;
    if metadata.is_dir() { in_folder(path) } else { in_file(path) }
}

fn in_folder(path: &Path) -> Result<Found> {
    let mut folder = path.to_owned();
    for _ in 0..MAX_WRAPPERS {
        if let Some(array) = array_in(&folder) {
            return Ok(Found::Source(array));
        }
        match lone_folder(&folder) {
            Some(inner) => folder = inner,
            None => break,
        }
    }
    let images = Folder::list_any(path)?;
    if images.root_of_images().is_some() {
        return Ok(Found::Source(Source::Folder(path.to_owned())));
    }
    match file_of_images(&folder) {
        Some(source) => Ok(Found::Source(source)),
        None => Err(Error::file(
            path,
            "holds no PNG, JPEG, WebP, GIF or BMP images, and no IDX, CIFAR, Parquet or numpy files",
        )),
    }
}

/// Files whose names leave no doubt.
fn array_in(folder: &Path) -> Option<Source> {
    let idx = idx::images_in(folder).map(idx_pair);
    idx.or_else(|| cifar::is_in(folder).then(|| Source::Cifar(folder.to_owned())))
}

/// Files whose names could be those of anything beside images.
fn file_of_images(folder: &Path) -> Option<Source> {
    match parquet::shards_in(folder).is_empty() {
        false => Some(Source::Parquet(folder.to_owned())),
        true => numpy::images_in(folder).map(Source::Numpy),
    }
}

/// The one folder in `folder`, if nothing else is there.
fn lone_folder(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok());
    let mut seen = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    let only = seen.next().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))?;
    seen.next().is_none().then(|| only.path())
}

/// Whether a file of this name may hold a data set or a part of one without being an image.
pub fn is_array_name(name: &str) -> bool {
    let file = name.rsplit(['/', '\\']).next().unwrap_or(name);
    idx::is_idx_name(file)
        || cifar::is_cifar_name(file)
        || numpy::is_numpy_name(file)
        || parquet::is_parquet_name(file)
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
        Some(FileKind::Numpy) => Ok(Found::Source(Source::Numpy(path.to_owned()))),
        Some(FileKind::Parquet) => Ok(Found::Source(Source::Parquet(path.to_owned()))),
        None if decode::decode(path, [0; 3]).is_ok() => {
            Err(Error::file(path, "is a single image: name the folder of images instead"))
        }
        None => Err(Error::file(
            path,
            "is no data set: expected a folder of images, an IDX, npz, npy or Parquet file, a zip, a \
             tar or a tar.gz",
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
        return Ok(Some(if numpy::is_npz(path) { FileKind::Numpy } else { FileKind::Zip }));
    }
    if raw.starts_with(&numpy::MAGIC) {
        return Ok(Some(FileKind::Numpy));
    }
    if raw.starts_with(&parquet::MAGIC) {
        return Ok(Some(FileKind::Parquet));
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
