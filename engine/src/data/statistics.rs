//! What the pixels of a source are like, and which images it holds twice.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::Album;
use super::survey::Seen;
use crate::grid::Picture;
use crate::{CancelToken, Result};

/// The pixels of all images that can be read; 0 is black, 1 is white.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Statistics {
    /// Of each channel: gray alone if every pixel is gray, else red, green, blue.
    pub mean: Vec<f64>,
    pub std: Vec<f64>,
    /// How many images have each size (width, height); the most frequent size first.
    pub sizes: Vec<((u32, u32), u64)>,
    /// Images whose pixels are those of an image before them, by their place in [`Album::entries`].
    pub duplicates: Vec<usize>,
}

/// What is remembered of one image.
struct Look {
    size: (u32, u32),
    colour: bool,
    /// Sums of each channel and of its squares.
    sums: [f64; 3],
    squares: [f64; 3],
    digest: [u8; 32],
}

impl Look {
    fn at(picture: &Picture) -> Self {
        let (mut sums, mut squares) = ([0.0; 3], [0.0; 3]);
        let channels = usize::from(picture.channels);
        for pixel in picture.pixels.chunks_exact(channels) {
            for channel in 0..3 {
                let value = f64::from(pixel[channel % channels]) / 255.0;
                sums[channel] += value;
                squares[channel] += value * value;
            }
        }
        let size = (picture.width, picture.height);
        let colour = Seen::of(picture).channels == 3;
        Self { size, colour, sums, squares, digest: digest(picture) }
    }

    fn pixels(&self) -> f64 {
        f64::from(self.size.0) * f64::from(self.size.1)
    }
}

/// The same for a gray image and for its copy with three equal channels.
fn digest(picture: &Picture) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(picture.width.to_le_bytes());
    hash.update(picture.height.to_le_bytes());
    match picture.channels {
        1 => picture.pixels.iter().for_each(|gray| hash.update([*gray; 3])),
        _ => hash.update(&picture.pixels),
    }
    hash.finalize().into()
}

impl Album {
    /// Looks at every pixel. `background` shows through transparent ones.
    pub fn statistics(&self, background: [u8; 3], cancel: &CancelToken) -> Result<Statistics> {
        let looks = self.each(background, cancel, Look::at)?;
        Ok(summary(&looks))
    }
}

/// In the order of the images, so that sums come out the same every time.
fn summary(looks: &[Option<Look>]) -> Statistics {
    let seen = || looks.iter().flatten();
    let channels = if seen().any(|look| look.colour) { 3 } else { 1 };
    let pixels: f64 = seen().map(Look::pixels).sum();
    if pixels == 0.0 {
        return Statistics::default();
    }
    let mean = |channel: usize| seen().map(|look| look.sums[channel]).sum::<f64>() / pixels;
    let square = |channel: usize| seen().map(|look| look.squares[channel]).sum::<f64>() / pixels;
    let std = |channel: usize| (square(channel) - mean(channel).powi(2)).max(0.0).sqrt();
    Statistics {
        mean: (0..channels).map(mean).collect(),
        std: (0..channels).map(std).collect(),
        sizes: sizes(seen().map(|look| look.size)),
        duplicates: duplicates(looks),
    }
}

fn sizes(sizes: impl Iterator<Item = (u32, u32)>) -> Vec<((u32, u32), u64)> {
    let mut counts: HashMap<(u32, u32), u64> = HashMap::new();
    sizes.for_each(|size| *counts.entry(size).or_default() += 1);
    let mut sizes: Vec<_> = counts.into_iter().collect();
    sizes.sort_by_key(|&(size, count)| (std::cmp::Reverse(count), size));
    sizes
}

fn duplicates(looks: &[Option<Look>]) -> Vec<usize> {
    let mut first: HashMap<[u8; 32], usize> = HashMap::new();
    let found = looks.iter().enumerate().filter_map(|(at, look)| Some((at, look.as_ref()?.digest)));
    found
        .filter(|(at, digest)| *first.entry(*digest).or_insert(*at) != *at)
        .map(|(at, _)| at)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(picture: &Picture) -> Option<Look> {
        Some(Look::at(picture))
    }

    #[test]
    fn mean_and_deviation_are_those_of_all_pixels() {
        let black_and_white = Picture { pixels: vec![0, 255], ..Picture::filled(2, 1, 1, 0) };
        let white = Picture::filled(1, 2, 1, 255);
        let found = summary(&[look(&black_and_white), None, look(&white)]);
        assert_eq!(found.mean, [0.75]);
        assert!((found.std[0] - 0.75f64.sqrt() / 2.0).abs() < 1e-12, "{:?}", found.std);
        assert_eq!(found.sizes, [((1, 2), 1), ((2, 1), 1)]);
        let red = Picture { pixels: vec![255, 0, 0], ..Picture::filled(1, 1, 3, 0) };
        assert_eq!(summary(&[look(&red), look(&red)]).mean, [1.0, 0.0, 0.0]);
    }

    #[test]
    fn images_of_equal_pixels_are_found_in_any_number_of_channels() {
        let (gray, rgb) = (Picture::filled(2, 2, 1, 9), Picture::filled(2, 2, 3, 9));
        let other = Picture::filled(4, 1, 1, 9);
        let looks = [look(&other), look(&gray), None, look(&rgb), look(&gray)];
        assert_eq!(summary(&looks).duplicates, [3, 4]);
    }

    #[test]
    fn a_source_that_draws_itself_has_no_duplicates() {
        let album = super::super::Source::Digits.open().unwrap();
        let found = album.statistics([0; 3], &CancelToken::new()).unwrap();
        assert_eq!((found.mean.len(), found.sizes.len()), (1, 1));
        assert!(found.duplicates.is_empty() && found.mean[0] > 0.02 && found.mean[0] < 0.5);
    }
}
