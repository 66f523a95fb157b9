//! Pictures that are on disk, and read again when a sheet is made of them.

use std::path::PathBuf;

use engine::grid::Picture;

/// What stands where a picture should and is not: middle gray.
pub const GRAY: u8 = 128;

/// A picture of a generation, in its file.
#[derive(Clone, Debug)]
pub struct StoredPicture {
    path: PathBuf,
    /// Its place among all that were asked for.
    pub place: usize,
    /// Width and height in pixels.
    pub size: (u32, u32),
    pub channels: u8,
}

impl StoredPicture {
    /// `picture`, as it was written to `path`, at `place` of those that were asked for.
    pub fn new(path: PathBuf, place: usize, picture: &Picture) -> Self {
        Self { path, place, size: (picture.width, picture.height), channels: picture.channels }
    }

    pub fn pixels(&self) -> usize {
        self.size.0 as usize * self.size.1 as usize
    }

    /// Gray if somebody deleted the file meanwhile.
    pub fn read(&self) -> Picture {
        let read = std::fs::read(&self.path).ok().and_then(|png| Picture::from_png(&png).ok());
        let as_written =
            read.filter(|it| ((it.width, it.height), it.channels) == (self.size, self.channels));
        let (width, height) = self.size;
        as_written.unwrap_or_else(|| Picture::filled(width, height, self.channels, GRAY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_comes_back_and_one_that_is_gone_is_gray() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1.png");
        let picture = Picture::filled(3, 2, 3, 9);
        std::fs::write(&path, picture.to_png(&[])).unwrap();
        let stored = StoredPicture::new(path.clone(), 0, &picture);
        assert_eq!((stored.read(), stored.pixels()), (picture, 6));
        std::fs::remove_file(path).unwrap();
        assert_eq!(stored.read(), Picture::filled(3, 2, 3, GRAY));
    }
}
