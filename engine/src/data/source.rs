//! The places images come from, behind one face.

use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::labels::Labels;
use super::parquet::Shards;
use super::transform::fit_within;
use super::{ImageSet, LoadOptions, Revision, Stamp, Survey, cifar, idx, numpy, parquet};
use crate::grid::Picture;
use crate::{CancelToken, Error, Result};

/// Where images come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Handwritten-looking digits, drawn by this program: 28x28, gray, ten classes.
    Digits,
    /// Patterns and materials, drawn by this program: 28x28, colour.
    Textures,
    /// An IDX file of images as MNIST comes, plain or gzip, and the file of their labels. Without
    /// `labels` the file beside `images` that MNIST's naming asks for is used if it is there.
    Idx { images: PathBuf, labels: Option<PathBuf> },
    /// A folder with the binary files of CIFAR-10 or CIFAR-100.
    Cifar(PathBuf),
    /// Arrays of numpy's: an npz with images and labels, or an npy of images.
    Numpy(PathBuf),
    /// Parquet as on the Hugging Face hub: a file, or a folder of shards.
    Parquet(PathBuf),
    /// A folder of images; its sub-folders are classes.
    Folder(PathBuf),
    /// A source whose labels stand in a file, with what was changed laid over it. Others have no use
    /// for it.
    Revised(Box<Source>, Revision),
}

/// The data set that is drawn by this program under `name`.
pub fn built_in(name: &str) -> Option<Source> {
    match name {
        "digits" => Some(Source::Digits),
        "textures" => Some(Source::Textures),
        _ => None,
    }
}

/// An image of a source that has not been opened yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Path inside the folder, or the number of the image.
    pub name: String,
    pub class: Option<String>,
}

impl Source {
    /// Opens every image and counts what is there. An image that cannot be read is in `skipped`.
    pub fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        self.open()?.survey(cancel)
    }

    /// All images, decoded on all cores, in the order of [`Source::entries`]. Images that cannot be
    /// read are left out; none left is an error.
    pub fn load(&self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        options.check()?;
        self.open()?.load(options, cancel)
    }

    /// Every image by name, in order, without opening one.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        match self.labels()? {
            Some(labels) => Ok(labels.entries()),
            None => Ok(self.open()?.entries()),
        }
    }

    /// How many images there are, by headers and lengths where those tell it.
    pub fn count(&self) -> Result<usize> {
        match self {
            Source::Idx { images, .. } => idx::count(images),
            Source::Cifar(folder) => cifar::count(folder),
            Source::Numpy(path) => numpy::count(path),
            other => Ok(other.entries()?.len()),
        }
    }

    /// Whether its labels stand in a file, over which a [`Revision`] can be laid.
    pub fn has_label_file(&self) -> bool {
        match self {
            Source::Digits | Source::Textures | Source::Folder(_) => false,
            Source::Idx { .. } | Source::Cifar(_) | Source::Numpy(_) | Source::Parquet(_) => true,
            Source::Revised(source, _) => source.has_label_file(),
        }
    }

    /// The labels alone, where they stand in a file.
    fn labels(&self) -> Result<Option<Labels>> {
        Ok(Some(match self {
            Source::Digits | Source::Textures | Source::Folder(_) => return Ok(None),
            Source::Idx { images, labels } => idx::labels(images, labels.as_deref())?,
            Source::Cifar(folder) => cifar::labels_in(folder)?,
            Source::Numpy(path) => numpy::labels_of(path)?,
            Source::Parquet(path) => Shards::open(path)?.into_labels(),
            Source::Revised(source, revision) => {
                return Ok(source.labels()?.map(|labels| revision.applied(&labels)));
            }
        }))
    }

    /// Image `index` of [`Source::entries`], shrunk until its longer side is at most `max_side`.
    pub fn picture(&self, index: usize, max_side: u32, background: [u8; 3]) -> Result<Picture> {
        match self {
            Source::Idx { images, .. } => {
                Ok(fit_within(idx::picture(images, index)?, max_side.max(1)))
            }
            other => other.open()?.picture(index, max_side, background),
        }
    }

    /// What a file that holds a whole data set is called where it is kept, in a folder of its own;
    /// nothing for what is drawn or a folder.
    pub fn file_name(&self) -> Option<&'static str> {
        match self {
            Source::Idx { .. } => Some("images.idx3-ubyte"),
            Source::Numpy(path) if path.extension().is_some_and(|ending| ending == "npy") => {
                Some("images.npy")
            }
            Source::Numpy(_) => Some("images.npz"),
            Source::Parquet(_) => Some("images.parquet"),
            Source::Revised(source, _) => source.file_name(),
            Source::Digits | Source::Textures | Source::Cifar(_) | Source::Folder(_) => None,
        }
    }

    /// The files that hold its images and labels, in the order in which they are read; nothing for what
    /// is drawn and for a folder of images.
    pub fn files(&self) -> Vec<PathBuf> {
        match self {
            Source::Digits | Source::Textures | Source::Folder(_) => Vec::new(),
            Source::Idx { images, labels } => {
                let labels = labels.clone().or_else(|| idx::labels_beside(images));
                [images.clone()].into_iter().chain(labels).collect()
            }
            Source::Cifar(folder) => cifar::files(folder),
            Source::Numpy(path) => vec![path.clone()],
            Source::Parquet(path) => parquet::files(path),
            Source::Revised(source, _) => source.files(),
        }
    }

    /// The files of its images and labels as their folders tell of them, each image of a folder by
    /// itself. They differ once anything in them was changed.
    pub fn stamps(&self) -> Result<Vec<Stamp>> {
        match self {
            Source::Folder(path) => Ok(Folder::list(path)?.stamps()),
            Source::Revised(source, _) => source.stamps(),
            other => other.files().iter().map(|path| Stamp::of(path)).collect(),
        }
    }

    /// The folder in which the files of the source lie; nothing for what is drawn.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Source::Digits | Source::Textures => None,
            Source::Idx { images: file, .. } | Source::Numpy(file) => file.parent(),
            Source::Cifar(folder) | Source::Parquet(folder) | Source::Folder(folder) => {
                Some(folder)
            }
            Source::Revised(source, _) => source.folder(),
        }
    }
}

pub(super) fn no_such_image(index: usize, count: usize) -> Error {
    Error::Data(format!("there is no image {index}: the data set holds {count}, counted from 0"))
}
