//! A part of an image, enlarged to the whole.

use rand::Rng;

/// A window that has the proportions of the image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crop {
    /// Its left and upper edge, as shares of width and height.
    pub left: f32,
    pub top: f32,
    /// Its width and height, as a share of the image's.
    pub side: f32,
}

impl Crop {
    /// One that cuts away at most `most`, in [0, 1), of width and height, anywhere in the image.
    pub fn draw(random: &mut impl Rng, most: f64) -> Self {
        let cut = most * random.random::<f64>();
        let mut edge = || (cut * random.random::<f64>()) as f32;
        Self { left: edge(), top: edge(), side: (1.0 - cut) as f32 }
    }

    /// The planes of an image, of which the window fills the whole: bilinear, edges held.
    pub fn lay(self, planes: &[u8], width: usize, height: usize) -> Vec<u8> {
        let columns: Vec<Between> = self.places(self.left, width).collect();
        let rows: Vec<Between> = self.places(self.top, height).collect();
        let pixel = |plane: &[u8], row: &Between, column: &Between| {
            let at = |row: usize| column.mix(&plane[row * width..][..width]);
            (at(row.first) * (1.0 - row.share) + at(row.second) * row.share).round() as u8
        };
        let plane = |plane: &[u8]| -> Vec<u8> {
            let cells = rows.iter().flat_map(|row| columns.iter().map(move |column| (row, column)));
            cells.map(|(row, column)| pixel(plane, row, column)).collect()
        };
        planes.chunks_exact(width * height).flat_map(plane).collect()
    }

    /// Where each of `count` pixels along an axis comes from.
    fn places(self, edge: f32, count: usize) -> impl Iterator<Item = Between> {
        (0..count).map(move |at| {
            let centre = edge * count as f32 + (at as f32 + 0.5) * self.side - 0.5;
            let centre = centre.clamp(0.0, (count - 1) as f32);
            let first = centre as usize;
            Between { first, second: (first + 1).min(count - 1), share: centre.fract() }
        })
    }
}

/// A place between two pixels of a line.
#[derive(Debug)]
struct Between {
    first: usize,
    second: usize,
    /// How far it is from the first to the second.
    share: f32,
}

impl Between {
    fn mix(&self, line: &[u8]) -> f32 {
        let at = |index: usize| f32::from(line[index]);
        at(self.first) * (1.0 - self.share) + at(self.second) * self.share
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, generator};

    #[test]
    fn the_whole_is_itself_and_a_quarter_is_enlarged() {
        let planes: Vec<u8> = (0..32).map(|at| at * 8).collect();
        let whole = Crop { left: 0.0, top: 0.0, side: 1.0 };
        assert_eq!(whole.lay(&planes, 4, 4), planes);
        let quarter = Crop { left: 0.5, top: 0.0, side: 0.5 };
        let ramp: Vec<u8> = [[0, 40, 80, 120]; 4].concat();
        // Pixels 2 and 3 are asked for at 1.75, 2.25, 2.75 and 3.25, which is held at 3.
        assert_eq!(quarter.lay(&ramp, 4, 4), [[70, 90, 110, 120]; 4].concat());
    }

    #[test]
    fn a_window_stays_within_the_image_and_cuts_no_more_than_asked() {
        let mut random = generator(3, Stream::Augment, 1);
        let crops: Vec<Crop> = (0..500).map(|_| Crop::draw(&mut random, 0.4)).collect();
        for crop in &crops {
            assert!(crop.side >= 0.6 - 1e-6 && crop.side <= 1.0, "{crop:?}");
            for edge in [crop.left, crop.top] {
                assert!(edge >= 0.0 && edge + crop.side <= 1.0 + 1e-6, "{crop:?}");
            }
        }
        assert!(crops.iter().any(|crop| crop.side < 0.65) && crops.iter().any(|c| c.side > 0.95));
    }
}
