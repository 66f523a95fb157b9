//! Images of one size that are in memory as they came: surveyed, named and brought to another shape.

use rayon::prelude::*;

use super::image_set::gather;
use super::source::no_such_image;
use super::survey::Seen;
use super::transform::prepare;
use super::{Entry, ImageSet, LoadOptions, Survey};
use crate::grid::Picture;
use crate::{CancelToken, Result};

impl ImageSet {
    /// The images by number.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let class = |label: u32| self.classes.get(label as usize).cloned();
        let numbered = self.labels.iter().enumerate();
        numbered.map(|(at, &label)| Entry { name: at.to_string(), class: class(label) }).collect()
    }

    /// Image `index`, if there is one.
    pub(super) fn at(&self, index: usize) -> Result<Picture> {
        match index < self.len() {
            true => Ok(self.picture(index)),
            false => Err(no_such_image(index, self.len())),
        }
    }

    pub(super) fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        cancel.check()?;
        let size = (self.width, self.height);
        let colour = self.channels == 3
            && (0..self.len())
                .into_par_iter()
                .any(|index| Seen::of(&self.picture(index)).channels == 3);
        let channels = if colour { 3 } else { 1 };
        Ok(Survey::uniform(&self.classes, self.labels.iter().copied(), size, channels))
    }

    /// The same images in the shape that is asked for.
    pub(super) fn brought_to(self, options: &LoadOptions, cancel: &CancelToken) -> Result<Self> {
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
