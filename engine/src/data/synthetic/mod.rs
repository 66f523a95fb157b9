//! Data sets that this program draws itself, for a machine with no images on it.
//!
//! Image `i` is made from random numbers that depend on the set and on `i` alone, and its class is
//! `i` modulo the number of classes: any part of a set can be drawn in any order.

// One knot a line would hide the shapes.
#[rustfmt::skip]
mod digit_forms;
mod digits;
mod palette;
mod stroke;
mod surface;
mod textures;
mod value_noise;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::image_set::gather;
use super::transform::prepare;
use super::{Entry, ImageSet, LoadOptions, Survey};
use crate::grid::Picture;
use crate::{CancelToken, Result};

/// Width and height of every drawn image.
pub const SIDE: u32 = 28;

/// A set of drawn images.
pub struct Synthetic {
    pub count: usize,
    classes: &'static [&'static str],
    channels: u32,
    seed: u64,
    draw: fn(class: usize, random: &mut ChaCha8Rng) -> Picture,
}

/// Ten digits as by many hands.
pub static DIGITS: Synthetic = Synthetic {
    count: 10_000,
    classes: &digits::CLASSES,
    channels: 1,
    seed: 0x6469_6769_7473,
    draw: digits::draw,
};

/// Patterns and materials in many colours.
pub static TEXTURES: Synthetic = Synthetic {
    count: 8_000,
    classes: &textures::CLASSES,
    channels: 3,
    seed: 0x7465_7874_7572_6573,
    draw: textures::draw,
};

impl Synthetic {
    /// Image `index`.
    pub fn draw(&self, index: usize) -> Picture {
        let mut random = ChaCha8Rng::seed_from_u64(self.seed);
        random.set_stream(index as u64);
        (self.draw)(self.class_of(index), &mut random)
    }

    fn class_of(&self, index: usize) -> usize {
        index % self.classes.len()
    }

    fn class_names(&self) -> Vec<String> {
        self.classes.iter().map(|&class| class.to_owned()).collect()
    }

    fn labels(&self) -> impl Iterator<Item = u32> {
        (0..self.count).map(|index| self.class_of(index) as u32)
    }

    pub fn entries(&self) -> Vec<Entry> {
        let class = |index| Some(self.classes[self.class_of(index)].to_owned());
        (0..self.count)
            .map(|index| Entry { name: index.to_string(), class: class(index) })
            .collect()
    }

    pub fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        cancel.check()?;
        Ok(Survey::uniform(&self.class_names(), self.labels(), (SIDE, SIDE), self.channels))
    }

    pub fn load(&self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        let size = options.size.unwrap_or((SIDE, SIDE));
        let write = |index: usize, planes: &mut [u8]| {
            prepare(self.draw(index), size, options.channels, planes);
            Ok(true)
        };
        let (pixels, _) = gather(self.count, options.image_bytes(size), cancel, write)?;
        Ok(ImageSet {
            width: size.0,
            height: size.1,
            channels: options.channels,
            pixels,
            labels: self.labels().collect(),
            classes: self.class_names(),
        })
    }
}
