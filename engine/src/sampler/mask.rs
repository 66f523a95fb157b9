//! What of a picture is drawn anew.

use candle_core::{Device, Tensor};
use image::{GrayImage, imageops};

use crate::Result;
use crate::data::transform::with_channels;
use crate::grid::Picture;

/// A share for each pixel: 255 is drawn anew, 0 is kept, what lies between is blended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    pub width: u32,
    pub height: u32,
    /// Row by row.
    pub pixels: Vec<u8>,
}

impl Mask {
    /// White is drawn anew, or black if `invert`; the edge is softened over `blur` pixels.
    pub fn from_picture(picture: &Picture, blur: usize, invert: bool) -> Self {
        let Picture { width, height, mut pixels, .. } = with_channels(picture.clone(), 1);
        if invert {
            pixels.iter_mut().for_each(|pixel| *pixel = 255 - *pixel);
        }
        Self { width, height, pixels }.blurred(blur)
    }

    /// With edges softened by a Gaussian whose standard deviation is `blur` pixels.
    pub fn blurred(self, blur: usize) -> Self {
        if blur == 0 {
            return self;
        }
        let image = GrayImage::from_raw(self.width, self.height, self.pixels)
            .expect("a mask has as many bytes as its size says");
        Self { pixels: imageops::blur(&image, blur as f32).into_raw(), ..self }
    }

    /// Draws anew what either does; both have one size.
    pub fn united(self, other: &Mask) -> Self {
        let either = self.pixels.iter().zip(&other.pixels).map(|(a, b)| *a.max(b)).collect();
        Self { pixels: either, ..self }
    }

    /// How much of the picture stays at each pixel, 0 to 1.
    pub(super) fn kept(&self) -> impl Iterator<Item = f32> {
        self.pixels.iter().map(|&drawn| 1.0 - f32::from(drawn) / 255.0)
    }

    /// (1, 1, height, width) twice: 1 where the picture is drawn anew, and 1 where it is kept.
    pub(super) fn shares(&self, device: &Device) -> Result<(Tensor, Tensor)> {
        let numbers: Vec<f32> = self.pixels.iter().map(|&drawn| f32::from(drawn) / 255.0).collect();
        let shape = (1, 1, self.height as usize, self.width as usize);
        let drawn = Tensor::from_vec(numbers, shape, device)?;
        let kept = drawn.affine(-1.0, 1.0)?;
        Ok((drawn, kept))
    }

    /// The mask of latents that stand for squares of `factor` pixels: each is drawn anew as much as
    /// the pixel of its square that is drawn anew most, so that no kept latent holds back a pixel.
    pub(super) fn of_latents(&self, factor: usize) -> Self {
        let (columns, rows) = (self.width as usize / factor, self.height as usize / factor);
        let row = |y: usize, x: usize| {
            let start = y * self.width as usize + x * factor;
            self.pixels[start..start + factor].iter()
        };
        let most = |at: usize| {
            let (top, left) = (at / columns * factor, at % columns);
            (top..top + factor).flat_map(|y| row(y, left)).copied().max().unwrap_or(0)
        };
        Self {
            width: columns as u32,
            height: rows as u32,
            pixels: (0..columns * rows).map(most).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White on the right half.
    fn halves(width: u32, height: u32) -> Picture {
        let pixels =
            (0..width * height).flat_map(|at| [255 * u8::from(at % width >= width / 2); 3]);
        Picture { width, height, channels: 3, pixels: pixels.collect() }
    }

    #[test]
    fn white_is_drawn_and_turned_around_is_kept() {
        let picture = halves(4, 2);
        assert_eq!(Mask::from_picture(&picture, 0, false).pixels, [0, 0, 255, 255, 0, 0, 255, 255]);
        assert_eq!(Mask::from_picture(&picture, 0, true).pixels, [255, 255, 0, 0, 255, 255, 0, 0]);
    }

    #[test]
    fn blurred_edges_rise_slowly_and_leave_the_far_parts_alone() {
        let soft = Mask::from_picture(&halves(64, 4), 4, false);
        let row = &soft.pixels[..64];
        assert!(row.is_sorted() && row[0] == 0 && row[63] == 255, "{row:?}");
        let between = row.iter().filter(|share| (1..255).contains(*share)).count();
        assert!((8..=32).contains(&between), "{row:?}");
    }

    #[test]
    fn a_latent_is_drawn_as_much_as_its_pixel_that_is_drawn_most() {
        let pixels = vec![0, 0, 0, 9, 0, 255, 7, 0, 1, 0, 0, 0, 0, 0, 0, 0];
        let mask = Mask { width: 4, height: 4, pixels };
        let latents = mask.of_latents(2);
        assert_eq!(latents, Mask { width: 2, height: 2, pixels: vec![255, 9, 1, 0] });
        assert_eq!(mask.of_latents(1), mask);
        let wide = Mask { width: 4, height: 2, pixels: vec![0, 0, 3, 0, 0, 0, 0, 0] };
        assert_eq!(wide.of_latents(2).pixels, [0, 3]);
    }

    #[test]
    fn masks_unite() {
        let left = Mask { width: 2, height: 1, pixels: vec![255, 10] };
        let right = Mask { width: 2, height: 1, pixels: vec![0, 200] };
        assert_eq!(left.united(&right).pixels, [255, 200]);
    }
}
