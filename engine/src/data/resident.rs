//! Images of one size that are in memory as they came: named, surveyed, revised and brought to another
//! shape.

use rayon::prelude::*;

use super::image_set::gather;
use super::labels::{Labels, entries_of};
use super::source::no_such_image;
use super::survey::Seen;
use super::transform::prepare;
use super::{Entry, ImageSet, LoadOptions, Revision, Survey};
use crate::grid::Picture;
use crate::{CancelToken, Result};

/// Images and the numbers that they have in their source, rising.
pub struct Resident {
    set: ImageSet,
    numbers: Vec<usize>,
}

impl Resident {
    /// All images of a source.
    pub fn new(set: ImageSet) -> Self {
        Self { numbers: (0..set.len()).collect(), set }
    }

    /// The images that are left, with the classes that they have now.
    pub fn revised(mut self, revision: &Revision) -> Self {
        let places = std::mem::take(&mut self.set.labels);
        let classes = std::mem::take(&mut self.set.classes);
        let image_bytes = self.set.pixels.len() / places.len().max(1);
        let labels = revision.applied(&Labels { places, classes, numbers: self.numbers });
        if labels.numbers.len() * image_bytes < self.set.pixels.len() {
            for (to, &from) in labels.numbers.iter().enumerate() {
                let image = from * image_bytes..(from + 1) * image_bytes;
                self.set.pixels.copy_within(image, to * image_bytes);
            }
            self.set.pixels.truncate(labels.numbers.len() * image_bytes);
        }
        let set = ImageSet { labels: labels.places, classes: labels.classes, ..self.set };
        Self { set, numbers: labels.numbers }
    }

    /// The images by number.
    pub fn entries(&self) -> Vec<Entry> {
        entries_of(&self.numbers, &self.set.labels, &self.set.classes)
    }

    /// Image `index` of [`Self::entries`], if there is one.
    pub fn at(&self, index: usize) -> Result<Picture> {
        match index < self.set.len() {
            true => Ok(self.set.picture(index)),
            false => Err(no_such_image(index, self.set.len())),
        }
    }

    pub fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        cancel.check()?;
        let set = &self.set;
        let coloured = |index: usize| Seen::of(&set.picture(index)).channels == 3;
        let colour = set.channels == 3 && (0..set.len()).into_par_iter().any(coloured);
        let channels = if colour { 3 } else { 1 };
        let size = (set.width, set.height);
        Ok(Survey::uniform(&set.classes, set.labels.iter().copied(), size, channels))
    }

    pub fn load(self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        self.set.brought_to(options, cancel)
    }
}

impl ImageSet {
    /// The same images in the shape that is asked for.
    fn brought_to(self, options: &LoadOptions, cancel: &CancelToken) -> Result<Self> {
        cancel.check()?;
        let size = options.size.unwrap_or((self.width, self.height));
        if size == (self.width, self.height) && options.channels == self.channels {
            return Ok(self);
        }
        let write = |index: usize, planes: &mut [u8]| {
            prepare(self.picture(index), size, options.channels, planes);
            Ok(true)
        };
        let (pixels, _) = gather(self.len(), options.image_bytes(size), cancel, write)?;
        let (width, height) = size;
        Ok(Self { width, height, channels: options.channels, pixels, ..self })
    }
}
