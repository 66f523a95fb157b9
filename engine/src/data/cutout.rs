//! A square of an image made gray, with numbers that say where.
//!
//! After DeVries and Taylor 2017, "Improved Regularization of Convolutional Neural Networks with
//! Cutout" (arXiv 1708.04552), half as wide and high as the image, as Karras et al. 2020 (arXiv
//! 2006.06676) do it. A network that is told of it, as of a warp, draws whole pictures.

use rand::Rng;

/// Side of the square, as a share of width and height.
const SIDE: f64 = 0.5;
/// The byte in the middle between black and white.
const GRAY: u8 = 128;

/// What a network is told of the square: that there is one, and its centre from -1 to 1 in x and y;
/// zeros of none.
pub(crate) type CutoutLabel = [f32; CUTOUT_LABEL];
/// How many numbers that are.
pub const CUTOUT_LABEL: usize = 3;

/// Where the square lies, if there is one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Cutout {
    /// As shares of width and height.
    centre: Option<[f64; 2]>,
}

impl Cutout {
    /// One with `probability`, its centre anywhere in the image.
    pub fn draw(random: &mut impl Rng, probability: f64) -> Self {
        let happens = random.random::<f64>() < probability;
        Self { centre: happens.then(|| [random.random(), random.random()]) }
    }

    pub fn changes_nothing(&self) -> bool {
        self.centre.is_none()
    }

    pub fn label(&self) -> CutoutLabel {
        let told = |[x, y]: [f64; 2]| [1.0, 2.0 * x as f32 - 1.0, 2.0 * y as f32 - 1.0];
        self.centre.map_or([0.0; CUTOUT_LABEL], told)
    }

    /// Makes the square gray in all planes (plane, row, column) of an image.
    pub fn apply(&self, planes: &mut [u8], width: usize, height: usize) {
        let Some([x, y]) = self.centre else { return };
        let (columns, rows) = (covered(x, width), covered(y, height));
        for plane in planes.chunks_exact_mut(width * height) {
            for row in plane.chunks_exact_mut(width).skip(rows.start).take(rows.len()) {
                row[columns.clone()].fill(GRAY);
            }
        }
    }
}

/// The pixels along a side of `count` whose middles lie in the square around `centre`.
fn covered(centre: f64, count: usize) -> std::ops::Range<usize> {
    let edge = |share: f64| (share * count as f64 - 0.5).ceil().clamp(0.0, count as f64) as usize;
    edge(centre - SIDE / 2.0)..edge(centre + SIDE / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Stream, generator};

    #[test]
    fn a_square_is_gray_and_its_place_is_told() {
        let cutout = Cutout { centre: Some([0.25, 0.75]) };
        assert_eq!(cutout.label(), [1.0, -0.5, 0.5]);
        let mut planes = [[0; 16], [255; 16]].concat();
        cutout.apply(&mut planes, 4, 4);
        let wanted = |other| {
            let full = [other; 4];
            let half = [GRAY, GRAY, other, other];
            [full, full, half, half].concat()
        };
        assert_eq!(planes, [wanted(0), wanted(255)].concat());
        // Beyond the corner it is cut off.
        let mut plane = [0; 16];
        Cutout { centre: Some([1.0, 0.0]) }.apply(&mut plane, 4, 4);
        assert_eq!(plane, [[0, 0, 0, GRAY], [0; 4], [0; 4], [0; 4]].concat()[..]);
    }

    #[test]
    fn none_changes_nothing_and_as_many_are_drawn_as_asked() {
        let mut plane = [7; 16];
        Cutout::default().apply(&mut plane, 4, 4);
        assert_eq!((plane, Cutout::default().label()), ([7; 16], [0.0; CUTOUT_LABEL]));
        let mut random = generator(1, Stream::Augment, 1);
        let drawn: Vec<Cutout> = (0..4000).map(|_| Cutout::draw(&mut random, 0.2)).collect();
        let cut: Vec<&Cutout> = drawn.iter().filter(|cutout| !cutout.changes_nothing()).collect();
        assert!((720..880).contains(&cut.len()), "{}", cut.len());
        let mean =
            |at: usize| cut.iter().map(|cutout| cutout.label()[at]).sum::<f32>() / cut.len() as f32;
        assert!(mean(1).abs() < 0.1 && mean(2).abs() < 0.1, "{} {}", mean(1), mean(2));
    }
}
