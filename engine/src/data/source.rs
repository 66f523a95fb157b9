//! The places images come from, behind one face.

use std::path::PathBuf;

use super::folder::Folder;
use super::idx::Idx;
use super::synthetic::{DIGITS, Synthetic, TEXTURES};
use super::transform::fit_within;
use super::{ImageSet, LoadOptions, Survey};
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
    /// A folder of images; its sub-folders are classes.
    Folder(PathBuf),
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
        match self {
            Source::Digits => DIGITS.survey(cancel),
            Source::Textures => TEXTURES.survey(cancel),
            Source::Idx { images, labels } => Idx::read(images, labels.as_deref())?.survey(cancel),
            Source::Folder(path) => Folder::list(path)?.survey(cancel),
        }
    }

    /// All images, decoded on all cores, in the order of [`Source::entries`]. Images that cannot be
    /// read are left out; none left is an error.
    pub fn load(&self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        options.check()?;
        match self {
            Source::Digits => DIGITS.load(options, cancel),
            Source::Textures => TEXTURES.load(options, cancel),
            Source::Idx { images, labels } => {
                Idx::read(images, labels.as_deref())?.load(options, cancel)
            }
            Source::Folder(path) => Folder::list(path)?.load(options, cancel),
        }
    }

    /// Every image by name, in order, without opening one.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        match self {
            Source::Digits => Ok(DIGITS.entries()),
            Source::Textures => Ok(TEXTURES.entries()),
            Source::Idx { images, labels } => Idx::entries(images, labels.as_deref()),
            Source::Folder(path) => Ok(Folder::list(path)?.entries()),
        }
    }

    /// Image `index` of [`Source::entries`], shrunk until its longer side is at most `max_side`.
    pub fn picture(&self, index: usize, max_side: u32, background: [u8; 3]) -> Result<Picture> {
        let drawn = |set: &Synthetic| {
            if index < set.count {
                Ok(set.draw(index))
            } else {
                Err(no_such_image(index, set.count))
            }
        };
        let picture = match self {
            Source::Digits => drawn(&DIGITS),
            Source::Textures => drawn(&TEXTURES),
            Source::Idx { images, .. } => Idx::picture(images, index),
            Source::Folder(path) => Folder::list(path)?.picture(index, background),
        };
        Ok(fit_within(picture?, max_side.max(1)))
    }
}

pub(super) fn no_such_image(index: usize, count: usize) -> Error {
    Error::Data(format!("there is no image {index}: the data set holds {count}, counted from 0"))
}
