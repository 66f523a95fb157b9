//! The part of a large picture around what is drawn anew: cut out, drawn at the network's size, and
//! put back.

use super::Mask;
use super::fit::fit;
use crate::config::ResizeMode;
use crate::grid::Picture;

/// A rectangle within a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Region {
    pub left: u32,
    pub top: u32,
    pub width: u32,
    pub height: u32,
}

impl Region {
    /// The smallest rectangle with `padding` pixels around all that `mask` draws anew and, as far as
    /// the picture reaches, the proportions of `size` (width, height). None if nothing is drawn.
    pub fn around(mask: &Mask, padding: u32, size: (usize, usize)) -> Option<Self> {
        let drawn = || {
            let at = mask.pixels.iter().enumerate().filter(|(_, share)| **share > 0);
            at.map(|(at, _)| (at as u32 % mask.width, at as u32 / mask.width))
        };
        let (left, right) = (drawn().map(|at| at.0).min()?, drawn().map(|at| at.0).max()?);
        let (top, bottom) = (drawn().map(|at| at.1).min()?, drawn().map(|at| at.1).max()?);
        let padded = |first: u32, last: u32, side: u32| {
            let first = first.saturating_sub(padding);
            (first, (last + padding + 1).min(side) - first)
        };
        let (left, width) = padded(left, right, mask.width);
        let (top, height) = padded(top, bottom, mask.height);
        let ratio = size.0 as f64 / size.1 as f64;
        let wide = (f64::from(height) * ratio).round() as u32;
        let high = (f64::from(width) / ratio).round() as u32;
        let (left, width) = widened(left, width, wide, mask.width);
        let (top, height) = widened(top, height, high, mask.height);
        Some(Self { left, top, width, height })
    }

    /// What of `picture` lies within.
    pub fn cut(self, picture: &Picture) -> Picture {
        let channels = usize::from(picture.channels);
        let row = |y: u32| {
            let start = (y as usize * picture.width as usize + self.left as usize) * channels;
            &picture.pixels[start..][..self.width as usize * channels]
        };
        let pixels = (self.top..self.top + self.height).flat_map(row).copied().collect();
        Picture { width: self.width, height: self.height, pixels, ..*picture }
    }

    /// `picture` with `drawn`, brought to this size, put in where `mask` says so. `mask` has the size
    /// of `picture`, `drawn` its channels.
    pub fn put_back(self, picture: &Picture, drawn: Picture, mask: &Mask) -> Picture {
        let channels = usize::from(picture.channels);
        let size = (self.width as usize, self.height as usize);
        let drawn = fit(drawn, size, channels, ResizeMode::Resize).picture;
        let mut whole = picture.clone();
        for (y, x) in (0..self.height).flat_map(|y| (0..self.width).map(move |x| (y, x))) {
            let at = ((self.top + y) * picture.width + self.left + x) as usize;
            let share = u32::from(mask.pixels[at]);
            let from = (y * self.width + x) as usize * channels;
            for channel in 0..channels {
                let kept = &mut whole.pixels[at * channels + channel];
                let new = u32::from(drawn.pixels[from + channel]);
                *kept = ((new * share + u32::from(*kept) * (255 - share) + 127) / 255) as u8;
            }
        }
        whole
    }
}

/// A stretch made as long as `wanted` about its middle, within `0..side`; never shorter.
fn widened(first: u32, length: u32, wanted: u32, side: u32) -> (u32, u32) {
    let wanted = wanted.clamp(length, side);
    let first = first.saturating_sub((wanted - length) / 2);
    (first.min(side - wanted), wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A mask of 10x6 that draws what lies in columns 6 to 7 of row 2.
    fn mask() -> Mask {
        let drawn = |at: u32| 255 * u8::from(at / 10 == 2 && (6..8).contains(&(at % 10)));
        Mask { width: 10, height: 6, pixels: (0..60).map(drawn).collect() }
    }

    #[test]
    fn a_region_has_padding_and_the_proportions_asked_for() {
        let region = |padding, size| {
            let Region { left, top, width, height } =
                Region::around(&mask(), padding, size).unwrap();
            (left, top, width, height)
        };
        assert_eq!(region(0, (8, 8)), (6, 2, 2, 2));
        assert_eq!(region(1, (8, 8)), (5, 1, 4, 4));
        assert_eq!(region(0, (8, 4)), (6, 2, 2, 1));
        // At the edge it moves inward, and it ends where the picture does.
        assert_eq!(region(2, (8, 8)), (4, 0, 6, 6));
        assert_eq!(region(9, (8, 8)), (0, 0, 10, 6));
        let nothing = Mask { width: 2, height: 1, pixels: vec![0, 0] };
        assert_eq!(Region::around(&nothing, 5, (8, 8)), None);
    }

    #[test]
    fn what_is_put_back_changes_only_what_the_mask_draws() {
        let pixels: Vec<u8> = (0..60).collect();
        let picture = Picture { width: 10, height: 6, channels: 1, pixels: pixels.clone() };
        let region = Region::around(&mask(), 1, (8, 8)).unwrap();
        assert_eq!(region.cut(&picture).pixels[..5], [15, 16, 17, 18, 25]);
        let whole = region.put_back(&picture, Picture::filled(8, 8, 1, 200), &mask());
        let changed: Vec<usize> = (0..60).filter(|&at| whole.pixels[at] != pixels[at]).collect();
        assert_eq!((changed, whole.pixels[26]), (vec![26, 27], 200));
    }
}
