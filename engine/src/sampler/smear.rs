//! Colours from around a masked area, smeared over it.

use super::Mask;
use crate::grid::Picture;

/// `picture` with what lies under `mask` made of the colours around it, the smoother the further
/// inside. Push-pull of Gortler et al. 1996 ("The Lumigraph"): what is unknown at one size is
/// looked up at half of it.
pub(super) fn smeared(picture: &Picture, mask: &Mask) -> Picture {
    let layer = Layer {
        width: picture.width as usize,
        height: picture.height as usize,
        channels: picture.channels as usize,
        colours: picture.pixels.iter().map(|&byte| f32::from(byte)).collect(),
        known: mask.kept().collect(),
    };
    let pixels = layer.filled().iter().map(|colour| colour.round() as u8).collect();
    Picture { pixels, ..*picture }
}

/// Colour where nothing at all is known.
const MIDDLE_GRAY: f32 = 127.5;

/// A picture of which some pixels are known.
struct Layer {
    width: usize,
    height: usize,
    channels: usize,
    /// Row by row, the channels of a pixel together; 0 to 255.
    colours: Vec<f32>,
    /// How far each pixel is to be trusted, 0 to 1.
    known: Vec<f32>,
}

impl Layer {
    /// The colours, with those of half the size where they are not known.
    fn filled(self) -> Vec<f32> {
        if self.known.iter().all(|&known| known >= 1.0) || self.known.len() == 1 {
            return self.colours;
        }
        let half = self.halved();
        let (width, height) = (half.width, half.height);
        let below = half.filled();
        let mut colours = self.colours;
        for (at, (pixel, known)) in
            colours.chunks_exact_mut(self.channels).zip(&self.known).enumerate()
        {
            let place = Place::new((at % self.width, at / self.width), (width, height));
            for (channel, colour) in pixel.iter_mut().enumerate() {
                let under = place.mean(|at| below[at * self.channels + channel]);
                *colour = known * *colour + (1.0 - known) * under;
            }
        }
        colours
    }

    /// Half the size, rounded up; a pixel is the mean of what is known of its four.
    fn halved(&self) -> Layer {
        let (width, height) = (self.width.div_ceil(2), self.height.div_ceil(2));
        let mut half = Layer {
            width,
            height,
            channels: self.channels,
            colours: Vec::with_capacity(width * height * self.channels),
            known: Vec::with_capacity(width * height),
        };
        for at in 0..width * height {
            let four = self.four(at % width, at / width);
            let known: f32 = four.clone().map(|at| self.known[at]).sum();
            for channel in 0..self.channels {
                let sum: f32 = four
                    .clone()
                    .map(|at| self.known[at] * self.colours[at * self.channels + channel])
                    .sum();
                half.colours.push(if known > 0.0 { sum / known } else { MIDDLE_GRAY });
            }
            half.known.push(known.min(1.0));
        }
        half
    }

    /// The pixels that become pixel (`x`, `y`) at half the size; fewer than four at the far edges.
    fn four(&self, x: usize, y: usize) -> impl Iterator<Item = usize> + Clone {
        let (columns, rows) = (2 * x..self.width.min(2 * x + 2), 2 * y..self.height.min(2 * y + 2));
        rows.flat_map(move |row| columns.clone().map(move |column| row * self.width + column))
    }
}

/// Where a pixel lies in a picture of half the size: between four pixels, with their weights.
struct Place([(usize, f32); 4]);

impl Place {
    fn new((x, y): (usize, usize), (width, height): (usize, usize)) -> Self {
        let (columns, rows) = (neighbours(x, width), neighbours(y, height));
        let corner = |row: usize, column: usize| {
            let ((x, across), (y, down)) = (columns[column], rows[row]);
            (y * width + x, across * down)
        };
        Self([corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)])
    }

    fn mean(&self, colour: impl Fn(usize) -> f32) -> f32 {
        self.0.iter().map(|&(at, weight)| weight * colour(at)).sum()
    }
}

/// The two places along a side of `length` that place `at` of the doubled side lies between. The
/// centre of a pixel is a quarter off that of the one it belongs to.
fn neighbours(at: usize, length: usize) -> [(usize, f32); 2] {
    let near = at / 2;
    let far =
        if at.is_multiple_of(2) { near.saturating_sub(1) } else { (near + 1).min(length - 1) };
    [(near, 0.75), (far, 0.25)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(width: u32, height: u32, drawn: impl Fn(u32, u32) -> bool) -> Mask {
        let pixels = (0..width * height).map(|at| 255 * u8::from(drawn(at % width, at / width)));
        Mask { width, height, pixels: pixels.collect() }
    }

    #[test]
    fn a_hole_takes_the_colours_at_its_rim_and_the_rest_stays() {
        // Black on the left, white on the right, and a hole of red noise between.
        let pixels = (0..15 * 9).flat_map(|at| match at % 15 {
            0..5 => [0, 0, 0],
            10.. => [255, 255, 255],
            _ => [255, 0, at as u8],
        });
        let picture = Picture { width: 15, height: 9, channels: 3, pixels: pixels.collect() };
        let filled = smeared(&picture, &mask(15, 9, |x, _| (5..10).contains(&x)));
        for (at, pixel) in filled.pixels.chunks_exact(3).enumerate() {
            match at % 15 {
                0..5 => assert_eq!(pixel, [0, 0, 0]),
                10.. => assert_eq!(pixel, [255, 255, 255]),
                _ => assert!(pixel[0] == pixel[1] && pixel[1] == pixel[2], "{pixel:?}"),
            }
        }
        let row: Vec<u8> = filled.pixels[..45].iter().step_by(3).copied().collect();
        assert!(row.is_sorted() && row[5] < 100 && row[9] > 150, "{row:?}");
    }

    #[test]
    fn where_nothing_is_known_it_is_gray() {
        let picture = Picture::filled(5, 3, 1, 9);
        let filled = smeared(&picture, &mask(5, 3, |_, _| true));
        assert_eq!(filled, Picture::filled(5, 3, 1, 128));
        assert_eq!(smeared(&picture, &mask(5, 3, |_, _| false)), picture);
    }
}
