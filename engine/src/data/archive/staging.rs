//! Where unpacked files wait until all of them are there.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use super::inside;
use super::{Limits, Skipped};
use crate::data::decode::is_image_name;
use crate::data::detect::is_array_name;
use crate::{CancelToken, Error, Result};

const CHUNK: usize = 64 << 10;
/// Folders of unpackings that were killed may be in the way of the first few names.
const NAMES_TRIED: u32 = 1000;

/// A folder that vanishes unless it is published.
pub struct Staging<'a> {
    archive: &'a Path,
    folder: PathBuf,
    limits: Limits,
    cancel: &'a CancelToken,
    entries: u64,
    bytes: u64,
    skipped: Vec<Skipped>,
    /// Names and paths of the files that are no images.
    arrays: Vec<(String, PathBuf)>,
}

impl Drop for Staging<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a folder that cannot be removed, and after publishing there is
        // usually none.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl<'a> Staging<'a> {
    /// Makes an empty folder beside `into`, which must not be there yet.
    pub fn create(
        archive: &'a Path,
        into: &Path,
        limits: Limits,
        cancel: &'a CancelToken,
    ) -> Result<Self> {
        if into.symlink_metadata().is_ok() {
            return Err(Error::file(into, "is there already: choose another name"));
        }
        let name = into.file_name().ok_or_else(|| Error::file(into, "is not a folder's name"))?;
        let parent = into.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(|error| Error::file(parent, error))?;
        let folder = create_sibling(parent, &name.to_string_lossy())?;
        Ok(Self {
            archive,
            folder,
            limits,
            cancel,
            entries: 0,
            bytes: 0,
            skipped: Vec::new(),
            arrays: Vec::new(),
        })
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn limits(&self) -> Limits {
        self.limits
    }

    pub fn skip(&mut self, name: impl Into<String>, reason: &str) {
        self.skipped.push(Skipped::new(name, reason));
    }

    /// Counts one entry of any kind.
    pub fn count_entry(&mut self) -> Result<()> {
        self.cancel.check()?;
        self.entries += 1;
        match self.entries > self.limits.files {
            true => Err(self.too_much(&format!("more than {} files", self.limits.files))),
            false => Ok(()),
        }
    }

    /// Whether the file `name` is to be unpacked, and where to. What is neither an image nor an array
    /// of images, or cannot be written, is noted.
    pub fn place_for(&mut self, name: &str) -> Option<PathBuf> {
        match inside::parts(name) {
            Ok(parts) if inside::is_clutter(&parts) => None,
            Ok(_) if !is_image_name(name) && !is_array_name(name) => {
                self.skip(name, "not an image by its name");
                None
            }
            Ok(parts) => Some(parts.iter().collect()),
            Err(reason) => {
                self.skip(name, reason);
                None
            }
        }
    }

    /// Writes one file as far as limits allow and gives the bytes read.
    pub fn write(&mut self, name: &str, place: &Path, reader: &mut dyn Read) -> Result<u64> {
        let path = self.folder.join(place);
        let mut file = match create_new(&path) {
            Ok(file) => file,
            Err(error) if is_taken(&error) => {
                self.skip(name, "there is another entry of that name");
                return self.pass_over(name, reader);
            }
            Err(error) => return Err(Error::file(&path, error)),
        };
        let most = self.most(name);
        let read = self.copy(reader, most, |chunk| {
            file.write_all(chunk).map_err(|error| Error::file(&path, error))
        })?;
        if read > most {
            fs::remove_file(&path).map_err(|error| Error::file(&path, error))?;
            self.skip(name, &format!("larger than {most} bytes"));
        } else if !is_image_name(name) {
            self.arrays.push((name.to_owned(), path));
        }
        Ok(read)
    }

    /// The most bytes that the file `name` may have: an array holds many images.
    pub fn most(&self, name: &str) -> u64 {
        if is_image_name(name) { self.limits.file_bytes } else { self.limits.bytes }
    }

    /// Takes away the arrays that lie beside images: statistics or captions, as a rule.
    pub fn remove_arrays(&mut self) -> Result<()> {
        for (name, path) in std::mem::take(&mut self.arrays) {
            fs::remove_file(&path).map_err(|error| Error::file(&path, error))?;
            self.skip(name, "no image, but there are images beside it");
        }
        Ok(())
    }

    /// Reads a file that nobody wants, which counts all the same.
    fn pass_over(&mut self, name: &str, reader: &mut dyn Read) -> Result<u64> {
        self.copy(reader, self.most(name), |_| Ok(()))
    }

    /// Reads to the end, or until there were more bytes than `most`.
    fn copy(
        &mut self,
        reader: &mut dyn Read,
        most: u64,
        mut write: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<u64> {
        let mut chunk = vec![0; CHUNK];
        let mut total = 0;
        while total <= most {
            self.cancel.check()?;
            let count = match reader.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.broken(error)),
            };
            total += count as u64;
            self.bytes += count as u64;
            if self.bytes > self.limits.bytes {
                return Err(self.too_much(&format!("more than {} bytes", self.limits.bytes)));
            }
            write(&chunk[..count])?;
        }
        Ok(total)
    }

    pub fn too_much(&self, what: &str) -> Error {
        Error::file(self.archive, format!("unpacks to {what}, which is more than allowed"))
    }

    /// The archive itself is at fault.
    pub fn broken(&self, error: impl std::fmt::Display) -> Error {
        Error::file(self.archive, format!("the archive cannot be unpacked: {error}"))
    }

    pub fn no_images(&self) -> String {
        let reason = self.skipped.first();
        let reason = reason.map(|s| format!("; {}: {}", s.name, s.reason)).unwrap_or_default();
        format!("holds no PNG, JPEG, WebP, GIF or BMP images, and no arrays of images{reason}")
    }

    /// Gives `root`, the folder itself or one inside it, its final name.
    pub fn publish(mut self, root: &Path, into: &Path) -> Result<Vec<Skipped>> {
        self.cancel.check()?;
        fs::rename(root, into).map_err(|error| Error::file(into, error))?;
        Ok(std::mem::take(&mut self.skipped))
    }
}

fn create_sibling(parent: &Path, name: &str) -> Result<PathBuf> {
    let process = std::process::id();
    for attempt in 0..NAMES_TRIED {
        let folder = parent.join(format!(".{name}.unpacking-{process}-{attempt}"));
        match fs::create_dir(&folder) {
            Ok(()) => return Ok(folder),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::file(folder, error)),
        }
    }
    Err(Error::file(parent, "is full of unfinished unpackings: remove the hidden folders in it"))
}

fn create_new(path: &Path) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    File::create_new(path)
}

/// Whether a file or folder of that name is in the way.
fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::AlreadyExists | ErrorKind::NotADirectory | ErrorKind::IsADirectory
    )
}
