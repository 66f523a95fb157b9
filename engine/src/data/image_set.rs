//! Images in memory, all of one size, and how they are asked for.

use rayon::prelude::*;

use crate::grid::Picture;
use crate::{CancelToken, Error, Result};

/// The longest side an image is loaded at.
const MAX_SIDE: u32 = 4096;
/// The most bytes of pixels held at once.
const MAX_SET_BYTES: usize = 16 << 30;

/// Images of one size with their classes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageSet {
    pub width: u32,
    pub height: u32,
    /// 1 for gray, 3 for red, green, blue.
    pub channels: u32,
    /// Image after image, plane after plane: (images, channels, height, width).
    pub pixels: Vec<u8>,
    /// For each image its place in `classes`; all 0 where there are no classes.
    pub labels: Vec<u32>,
    /// Names of the classes; empty where the source has none.
    pub classes: Vec<String>,
}

impl ImageSet {
    pub fn len(&self) -> usize {
        self.labels.len()
    }

    pub fn is_empty(&self) -> bool {
        self.labels.is_empty()
    }

    /// The planes of image `index`.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.image_bytes();
        &self.pixels[index * size..][..size]
    }

    /// Image `index` as a screen shows it.
    pub fn picture(&self, index: usize) -> Picture {
        Picture::from_planes(self.width, self.height, self.channels as u8, self.image(index))
    }

    /// The images at `places`, in that order.
    pub fn subset(&self, places: &[usize]) -> Self {
        Self {
            pixels: places.iter().flat_map(|&at| self.image(at)).copied().collect(),
            labels: places.iter().map(|&at| self.labels[at]).collect(),
            classes: self.classes.clone(),
            ..*self
        }
    }

    fn image_bytes(&self) -> usize {
        self.channels as usize * self.height as usize * self.width as usize
    }
}

/// The shape in which images are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadOptions {
    /// Width and height after scaling and cropping to the centre; `None` keeps the images' own.
    pub size: Option<(u32, u32)>,
    /// 1 for gray, 3 for red, green, blue.
    pub channels: u32,
    /// What shows through transparent pixels.
    pub background: [u8; 3],
}

impl LoadOptions {
    pub(super) fn check(&self) -> Result<()> {
        if !matches!(self.channels, 1 | 3) {
            let message = format!("images have 1 or 3 channels, not {}", self.channels);
            return Err(Error::Data(message));
        }
        match self.size {
            Some((width, height))
                if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) =>
            {
                let message =
                    format!("an image size is 1 to {MAX_SIDE} pixels a side, not {width}x{height}");
                Err(Error::Data(message))
            }
            _ => Ok(()),
        }
    }

    /// How many bytes one image of this shape takes.
    pub(super) fn image_bytes(&self, (width, height): (u32, u32)) -> usize {
        self.channels as usize * width as usize * height as usize
    }
}

/// Fills an image set's bytes on all cores: `write` is called once for each image with its number
/// and the place for its planes, and says whether there is an image. Where there is none the others
/// move up; the numbers of those that are there come back, in order.
pub(super) fn gather(
    count: usize,
    image_bytes: usize,
    cancel: &CancelToken,
    write: impl Fn(usize, &mut [u8]) -> Result<bool> + Sync,
) -> Result<(Vec<u8>, Vec<usize>)> {
    let mut pixels = room_for(count, image_bytes)?;
    let there = pixels
        .par_chunks_exact_mut(image_bytes)
        .enumerate()
        .map(|(index, planes)| {
            cancel.check()?;
            write(index, planes)
        })
        .collect::<Result<Vec<bool>>>()?;
    let kept: Vec<usize> = (0..count).filter(|&index| there[index]).collect();
    for (to, &from) in kept.iter().enumerate() {
        pixels.copy_within(from * image_bytes..(from + 1) * image_bytes, to * image_bytes);
    }
    pixels.truncate(kept.len() * image_bytes);
    Ok((pixels, kept))
}

/// Room for `count` images, or a sentence if that is more than a machine has.
pub(super) fn room_for(count: usize, image_bytes: usize) -> Result<Vec<u8>> {
    let mut pixels = Vec::new();
    let total = count.checked_mul(image_bytes).filter(|&total| total <= MAX_SET_BYTES);
    match total.map(|total| (total, pixels.try_reserve_exact(total))) {
        Some((total, Ok(()))) => {
            pixels.resize(total, 0);
            Ok(pixels)
        }
        _ => Err(Error::Data(format!(
            "{count} images of {image_bytes} bytes do not fit in memory: choose a smaller image size"
        ))),
    }
}
