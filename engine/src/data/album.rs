//! A source that was opened once to leaf through its images.

use rayon::prelude::*;

use super::folder::Folder;
use super::parquet::Shards;
use super::resident::Resident;
use super::source::{Entry, Source, no_such_image};
use super::synthetic::{DIGITS, Synthetic, TEXTURES};
use super::transform::fit_within;
use super::{ImageSet, LoadOptions, Revision, Survey, cifar, idx, numpy};
use crate::grid::Picture;
use crate::{CancelToken, Result};

/// An open source: the listing of a folder, the images of an array. Each picture costs only itself.
pub struct Album(Pages);

enum Pages {
    Drawn(&'static Synthetic),
    /// An array of images, all in memory.
    Array(Resident),
    Shards(Shards),
    Folder(Folder),
}

impl Source {
    /// Opens the source; what changes on disk afterwards is not seen.
    pub fn open(&self) -> Result<Album> {
        Ok(Album(match self {
            Source::Digits => Pages::Drawn(&DIGITS),
            Source::Textures => Pages::Drawn(&TEXTURES),
            Source::Idx { images, labels } => array(idx::read(images, labels.as_deref())?),
            Source::Cifar(folder) => array(cifar::read(folder)?),
            Source::Numpy(path) => array(numpy::read(path)?),
            Source::Parquet(path) => Pages::Shards(Shards::open(path)?),
            Source::Folder(path) => Pages::Folder(Folder::list(path)?),
            Source::Revised(source, revision) => return Ok(source.open()?.revised(revision)),
        }))
    }
}

fn array(set: ImageSet) -> Pages {
    Pages::Array(Resident::new(set))
}

impl Album {
    fn revised(self, revision: &Revision) -> Self {
        Self(match self.0 {
            Pages::Array(set) => Pages::Array(set.revised(revision)),
            Pages::Shards(shards) => Pages::Shards(shards.revised(revision)),
            other => other,
        })
    }

    /// Every image by name, in the order of [`Source::entries`].
    pub fn entries(&self) -> Vec<Entry> {
        match &self.0 {
            Pages::Drawn(set) => set.entries(),
            Pages::Array(set) => set.entries(),
            Pages::Shards(shards) => shards.entries(),
            Pages::Folder(folder) => folder.entries(),
        }
    }

    /// Image `index` of [`Album::entries`], shrunk until its longer side is at most `max_side`.
    pub fn picture(&self, index: usize, max_side: u32, background: [u8; 3]) -> Result<Picture> {
        let picture = match &self.0 {
            Pages::Drawn(set) if index < set.count => set.draw(index),
            Pages::Drawn(set) => return Err(no_such_image(index, set.count)),
            Pages::Array(set) => set.at(index)?,
            Pages::Shards(shards) => shards.picture(index, background)?,
            Pages::Folder(folder) => folder.picture(index, background)?,
        };
        Ok(fit_within(picture, max_side.max(1)))
    }

    /// What `look` says of every image as it is, in the order of [`Album::entries`]; nothing of one
    /// that cannot be read.
    pub(super) fn each<T: Send>(
        &self,
        background: [u8; 3],
        cancel: &CancelToken,
        look: impl Fn(&Picture) -> T + Sync,
    ) -> Result<Vec<Option<T>>> {
        if let Pages::Shards(shards) = &self.0 {
            let looks = shards.each(background, cancel, look)?;
            return Ok(looks.into_iter().map(std::result::Result::ok).collect());
        }
        let one = |index: usize| {
            cancel.check()?;
            Ok(self.picture(index, u32::MAX, background).ok().map(|picture| look(&picture)))
        };
        (0..self.entries().len()).into_par_iter().map(one).collect()
    }

    pub(super) fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        match &self.0 {
            Pages::Drawn(set) => set.survey(cancel),
            Pages::Array(set) => set.survey(cancel),
            Pages::Shards(shards) => shards.survey(cancel),
            Pages::Folder(folder) => folder.survey(cancel),
        }
    }

    pub(super) fn load(self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        match self.0 {
            Pages::Drawn(set) => set.load(options, cancel),
            Pages::Array(set) => set.load(options, cancel),
            Pages::Shards(shards) => shards.load(options, cancel),
            Pages::Folder(folder) => folder.load(options, cancel),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_album_shows_what_its_source_shows() {
        for source in [Source::Digits, Source::Textures] {
            let album = source.open().unwrap();
            assert_eq!(album.entries(), source.entries().unwrap());
            let shown = album.picture(3, 14, [0; 3]).unwrap();
            assert_eq!(shown, source.picture(3, 14, [0; 3]).unwrap());
            assert!(album.picture(album.entries().len(), 14, [0; 3]).is_err());
        }
    }
}
