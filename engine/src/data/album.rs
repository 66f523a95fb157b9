//! A source that was opened once to leaf through its images.

use super::folder::Folder;
use super::idx::Idx;
use super::source::{Entry, Source, no_such_image};
use super::synthetic::{DIGITS, Synthetic, TEXTURES};
use super::transform::fit_within;
use crate::Result;
use crate::grid::Picture;

/// An open source: the listing of a folder, the bytes of an IDX file. Each picture costs only itself.
pub struct Album(Pages);

enum Pages {
    Drawn(&'static Synthetic),
    Idx(Idx),
    Folder(Folder),
}

impl Source {
    /// Opens the source; what changes on disk afterwards is not seen.
    pub fn open(&self) -> Result<Album> {
        Ok(Album(match self {
            Source::Digits => Pages::Drawn(&DIGITS),
            Source::Textures => Pages::Drawn(&TEXTURES),
            Source::Idx { images, labels } => Pages::Idx(Idx::read(images, labels.as_deref())?),
            Source::Folder(path) => Pages::Folder(Folder::list(path)?),
        }))
    }
}

impl Album {
    /// Every image by name, in the order of [`Source::entries`].
    pub fn entries(&self) -> Vec<Entry> {
        match &self.0 {
            Pages::Drawn(set) => set.entries(),
            Pages::Idx(idx) => idx.named(),
            Pages::Folder(folder) => folder.entries(),
        }
    }

    /// Image `index` of [`Album::entries`], shrunk until its longer side is at most `max_side`.
    pub fn picture(&self, index: usize, max_side: u32, background: [u8; 3]) -> Result<Picture> {
        let picture = match &self.0 {
            Pages::Drawn(set) if index < set.count => set.draw(index),
            Pages::Drawn(set) => return Err(no_such_image(index, set.count)),
            Pages::Idx(idx) => idx.at(index)?,
            Pages::Folder(folder) => folder.picture(index, background)?,
        };
        Ok(fit_within(picture, max_side.max(1)))
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
