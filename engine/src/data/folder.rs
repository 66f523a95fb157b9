//! A folder of images, its sub-folders as classes.
//!
//! The class of a file is the first folder on its way down; files deeper than that belong to the
//! same class. Where some files lie in class folders and some beside them, those beside are of the
//! class [`NO_CLASS`], which comes last. Folders around the class folders that hold nothing else
//! (`pets/train/cats/1.png`, `pets/train/dogs/2.png`) are stepped through first. Hidden files, and
//! what macOS puts into archives, are not looked at; a link is followed only to a file that lies
//! inside the folder.

use std::collections::HashMap;
use std::fs::{self, DirEntry, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::decode::{decode, is_image_name};
use super::image_set::gather;
use super::source::no_such_image;
use super::survey::Seen;
use super::transform::prepare;
use super::{Entry, ImageSet, LoadOptions, NO_CLASS, Skipped, Stamp, Survey, natural};
use crate::grid::Picture;
use crate::{CancelToken, Error, Result};

/// Folders deeper than this are not entered.
const MAX_DEPTH: usize = 16;
/// More files than this are no data set but a whole disk.
const MAX_FILES: usize = 2_000_000;
const MAC_RESOURCES: &str = "__MACOSX";

/// The image files of a folder, not opened yet.
pub struct Folder {
    root: PathBuf,
    files: Vec<ImageFile>,
    classes: Vec<String>,
    skipped: Vec<Skipped>,
}

struct ImageFile {
    path: PathBuf,
    /// Folders and file name below the root.
    parts: Vec<String>,
    label: u32,
    about: Metadata,
}

impl ImageFile {
    fn name(&self) -> String {
        self.parts.join("/")
    }

    fn class(&self) -> Option<&str> {
        (self.parts.len() > 1).then(|| self.parts[0].as_str())
    }
}

impl Folder {
    /// Lists the images of a folder; none at all is an error.
    pub fn list(path: &Path) -> Result<Self> {
        let folder = Self::list_any(path)?;
        match folder.files.is_empty() {
            true => Err(Error::file(path, "holds no PNG, JPEG, WebP, GIF or BMP images")),
            false => Ok(folder),
        }
    }

    /// Lists the images of a folder, be there any or not.
    pub fn list_any(path: &Path) -> Result<Self> {
        let root = path.canonicalize().map_err(|error| Error::file(path, error))?;
        let mut walk = Walk { root: root.clone(), files: Vec::new(), skipped: Vec::new() };
        walk.enter(&root, &mut Vec::new()).map_err(|error| Error::file(path, error))?;
        let mut folder =
            Self { root, files: walk.files, classes: Vec::new(), skipped: walk.skipped };
        while folder.is_wrapper() {
            folder.step_in();
        }
        folder.sort_into_classes();
        Ok(folder)
    }

    /// The folder in which the class folders lie; nothing if there are no images.
    pub fn root_of_images(&self) -> Option<&Path> {
        (!self.files.is_empty()).then_some(self.root.as_path())
    }

    /// Whether there is one folder in the root and nothing beside it, and folders with images in it.
    /// A lone folder with nothing but images is a class.
    fn is_wrapper(&self) -> bool {
        let Some(first) = self.files.first() else { return false };
        self.files.iter().all(|file| file.parts.len() > 1 && file.parts[0] == first.parts[0])
            && self.files.iter().any(|file| file.parts.len() > 2)
    }

    fn step_in(&mut self) {
        self.root.push(&self.files[0].parts[0]);
        for file in &mut self.files {
            file.parts.remove(0);
        }
    }

    fn sort_into_classes(&mut self) {
        let mut classes: Vec<String> =
            self.files.iter().filter_map(|file| file.class().map(str::to_owned)).collect();
        classes.sort_by(|left, right| natural::compare(left, right));
        classes.dedup();
        let unclassed = self.files.iter().any(|file| file.class().is_none());
        if unclassed && !classes.is_empty() && !classes.iter().any(|class| class == NO_CLASS) {
            classes.push(NO_CLASS.into());
        }
        let places: HashMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
        for file in &mut self.files {
            file.label = *places.get(file.class().unwrap_or(NO_CLASS)).unwrap_or(&0);
        }
        self.files.sort_by_cached_key(|file| (file.label, NaturalName(file.name())));
        self.classes = classes;
    }

    pub fn entries(&self) -> Vec<Entry> {
        let entry =
            |file: &ImageFile| Entry { name: file.name(), class: file.class().map(str::to_owned) };
        self.files.iter().map(entry).collect()
    }

    /// In the order of [`Folder::entries`].
    pub fn stamps(&self) -> Vec<Stamp> {
        self.files.iter().map(|file| Stamp::told(file.name(), &file.about)).collect()
    }

    pub fn picture(&self, index: usize, background: [u8; 3]) -> Result<Picture> {
        let file = self.files.get(index).ok_or_else(|| no_such_image(index, self.files.len()))?;
        decode(&file.path, background).map_err(|reason| Error::file(&file.path, reason))
    }

    pub fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        let look = |file: &ImageFile| {
            cancel.check()?;
            // Over black, what is hidden by transparency does not count as colour.
            Ok(decode(&file.path, [0; 3]).map(|picture| Seen::of(&picture)))
        };
        let seen = self.files.par_iter().map(look).collect::<Result<Vec<_>>>()?;
        let mut survey = Survey::new(&self.classes);
        survey.skipped.clone_from(&self.skipped);
        for (file, seen) in self.files.iter().zip(seen) {
            match seen {
                Ok(seen) => survey.add(file.label, &seen),
                Err(reason) => survey.skipped.push(Skipped::new(file.name(), reason)),
            }
        }
        if survey.count == 0 { Err(self.all_broken(&survey.skipped)) } else { Ok(survey) }
    }

    fn all_broken(&self, skipped: &[Skipped]) -> Error {
        let first =
            skipped.first().map(|skipped| format!("; {}: {}", skipped.name, skipped.reason));
        let message = format!("none of its images can be read{}", first.unwrap_or_default());
        Error::file(&self.root, message)
    }

    pub fn load(&self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        let size = match options.size {
            Some(size) => size,
            None => self.first_size(cancel)?,
        };
        let write = |index: usize, planes: &mut [u8]| {
            let file = &self.files[index];
            let Ok(picture) = decode(&file.path, options.background) else { return Ok(false) };
            if options.size.is_none() && (picture.width, picture.height) != size {
                return Err(differs(file, &picture, size));
            }
            prepare(picture, size, options.channels, planes);
            Ok(true)
        };
        let (pixels, kept) = gather(self.files.len(), options.image_bytes(size), cancel, write)?;
        if kept.is_empty() {
            return Err(self.all_broken(&[]));
        }
        Ok(ImageSet {
            width: size.0,
            height: size.1,
            channels: options.channels,
            pixels,
            labels: kept.iter().map(|&index| self.files[index].label).collect(),
            classes: self.classes.clone(),
        })
    }

    /// The size of the first image that can be read.
    fn first_size(&self, cancel: &CancelToken) -> Result<(u32, u32)> {
        for file in &self.files {
            cancel.check()?;
            if let Ok(picture) = decode(&file.path, [0; 3]) {
                return Ok((picture.width, picture.height));
            }
        }
        Err(self.all_broken(&[]))
    }
}

fn differs(file: &ImageFile, picture: &Picture, size: (u32, u32)) -> Error {
    let message = format!(
        "is {}x{}, but the images before it are {}x{}: choose an image size that all are brought to",
        picture.width, picture.height, size.0, size.1
    );
    Error::file(&file.path, message)
}

/// Orders names as a person would.
#[derive(PartialEq, Eq)]
struct NaturalName(String);

impl PartialOrd for NaturalName {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for NaturalName {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        natural::compare(&self.0, &other.0)
    }
}

struct Walk {
    root: PathBuf,
    files: Vec<ImageFile>,
    skipped: Vec<Skipped>,
}

impl Walk {
    /// Takes what lies in `folder`, `parts` below the root.
    fn enter(&mut self, folder: &Path, parts: &mut Vec<String>) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name == MAC_RESOURCES {
                continue;
            }
            parts.push(name);
            let taken = self.take(&entry, parts);
            let path = parts.join("/");
            parts.pop();
            match taken {
                Ok(None) => {}
                Ok(Some(reason)) => self.skipped.push(Skipped::new(path, reason)),
                Err(error) if self.files.len() > MAX_FILES => return Err(error),
                Err(error) => self.skipped.push(Skipped::new(path, error.to_string())),
            }
        }
        Ok(())
    }

    /// Takes one file or folder; `Some` reason if it is left out.
    fn take(
        &mut self,
        entry: &DirEntry,
        parts: &mut Vec<String>,
    ) -> io::Result<Option<&'static str>> {
        let kind = entry.file_type()?;
        let path = entry.path();
        if kind.is_dir() {
            if parts.len() >= MAX_DEPTH {
                return Ok(Some("in too many folders"));
            }
            return self.enter(&path, parts).map(|()| None);
        }
        if !parts.last().is_some_and(|name| is_image_name(name)) {
            return Ok(None);
        }
        if kind.is_symlink() && !path.canonicalize()?.starts_with(&self.root) {
            return Ok(Some("a link that leads out of the folder"));
        }
        let about = path.metadata()?;
        if !about.is_file() {
            return Ok(Some("not a file"));
        }
        self.files.push(ImageFile { path, parts: parts.clone(), label: 0, about });
        match self.files.len() > MAX_FILES {
            true => Err(io::Error::other(format!("holds more than {MAX_FILES} images"))),
            false => Ok(None),
        }
    }
}
