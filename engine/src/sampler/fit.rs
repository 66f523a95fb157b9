//! A picture of any size brought to the size that is drawn.

use super::Mask;
use crate::config::ResizeMode;
use crate::data::transform::{crop_to, stretched, with_channels, within};
use crate::grid::Picture;

/// A picture of the wanted size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fitted {
    pub picture: Picture,
    /// What the picture does not cover, where it is repeated from its edge; none if it covers all.
    pub left_over: Option<Mask>,
}

/// Brings `picture` to `size` (width, height) and 1 or 3 `channels`.
pub fn fit(picture: Picture, size: (usize, usize), channels: usize, mode: ResizeMode) -> Fitted {
    let picture = with_channels(picture, channels as u32);
    let size = (size.0 as u32, size.1 as u32);
    if let Some(before) = mode.growth_before() {
        let kept = (picture.width.min(size.0), picture.height.min(size.1));
        return placed(&middle_of(&picture, kept), size, before);
    }
    match mode {
        ResizeMode::Resize => Fitted { picture: stretched(picture, size), left_over: None },
        ResizeMode::Crop => Fitted { picture: crop_to(picture, size), left_over: None },
        _ => placed(&within(picture, size), size, (1, 1)),
    }
}

/// The middle of a picture, of a `size` that is within it.
fn middle_of(picture: &Picture, (width, height): (u32, u32)) -> Picture {
    let (left, top) = ((picture.width - width) / 2, (picture.height - height) / 2);
    let bytes = usize::from(picture.channels);
    let row = |y: u32| {
        let start = ((top + y) * picture.width + left) as usize * bytes;
        &picture.pixels[start..start + width as usize * bytes]
    };
    let pixels = (0..height).flat_map(row).copied().collect();
    Picture { width, height, channels: picture.channels, pixels }
}

/// `picture` on a larger one, its edge repeated outward; so many halves of what is larger lie `before`
/// it, to the left and above.
fn placed(picture: &Picture, size: (u32, u32), before: (u32, u32)) -> Fitted {
    let (width, height) = size;
    let left = (width - picture.width) * before.0 / 2;
    let top = (height - picture.height) * before.1 / 2;
    let channels = usize::from(picture.channels);
    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    let mut uncovered = Vec::with_capacity(width as usize * height as usize);
    for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
        let column = x.saturating_sub(left).min(picture.width - 1);
        let row = y.saturating_sub(top).min(picture.height - 1);
        let at = (row as usize * picture.width as usize + column as usize) * channels;
        pixels.extend_from_slice(&picture.pixels[at..at + channels]);
        uncovered.push(255 * u8::from((column + left, row + top) != (x, y)));
    }
    let covers = (picture.width, picture.height) == size;
    Fitted {
        picture: Picture { width, height, channels: picture.channels, pixels },
        left_over: (!covers).then_some(Mask { width, height, pixels: uncovered }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gray values 0, 1, 2 … by column.
    fn columns(width: u32, height: u32) -> Picture {
        let pixels = (0..width * height).map(|at| (at % width) as u8).collect();
        Picture { width, height, channels: 1, pixels }
    }

    #[test]
    fn every_mode_gives_the_size_and_some_leave_something_over() {
        for &mode in ResizeMode::ALL {
            for (width, height) in [(5, 9), (9, 5), (16, 8), (8, 8), (1, 40)] {
                let fitted = fit(columns(width, height), (16, 8), 3, mode);
                let Picture { width, height, channels, .. } = fitted.picture;
                assert_eq!((width, height, channels), (16, 8, 3), "{mode:?}");
                let may = mode == ResizeMode::Fill || mode.growth_before().is_some();
                assert!(may || fitted.left_over.is_none());
            }
            let same = fit(columns(16, 8), (16, 8), 1, mode);
            assert_eq!(same, Fitted { picture: columns(16, 8), left_over: None });
        }
    }

    #[test]
    fn a_canvas_grows_around_the_picture_as_it_is() {
        let fitted = fit(columns(4, 2), (8, 4), 1, ResizeMode::Grow);
        assert_eq!(fitted.picture.pixels[8..16], [0, 0, 0, 1, 2, 3, 3, 3]);
        let left_over = fitted.left_over.unwrap();
        assert_eq!(left_over.pixels[..8], [255; 8]);
        assert_eq!(left_over.pixels[8..16], [255, 255, 0, 0, 0, 0, 255, 255]);
        let smaller = fit(columns(6, 2), (2, 2), 1, ResizeMode::Grow);
        assert_eq!((smaller.picture.pixels, smaller.left_over), (vec![2, 3, 2, 3], None));
    }

    #[test]
    fn a_canvas_grows_to_the_side_that_is_asked_for() {
        // The covered part of a row and of a column.
        for (mode, row, column) in [
            (ResizeMode::GrowRight, [0, 0, 255, 255], [255, 0, 0, 255]),
            (ResizeMode::GrowLeft, [255, 255, 0, 0], [255, 0, 0, 255]),
            (ResizeMode::GrowDown, [255, 0, 0, 255], [0, 0, 255, 255]),
            (ResizeMode::GrowUp, [255, 0, 0, 255], [255, 255, 0, 0]),
        ] {
            let left_over = fit(columns(2, 2), (4, 4), 1, mode).left_over.unwrap().pixels;
            let (x, y) = (first_kept(&row), first_kept(&column));
            assert_eq!(left_over[4 * y..4 * y + 4], row, "{mode:?}");
            let down: Vec<u8> = left_over.iter().skip(x).step_by(4).copied().collect();
            assert_eq!(down, column, "{mode:?}");
        }
    }

    fn first_kept(line: &[u8]) -> usize {
        line.iter().position(|&pixel| pixel == 0).unwrap()
    }

    #[test]
    fn what_is_left_over_repeats_the_edge() {
        let fitted = fit(columns(4, 4), (7, 4), 1, ResizeMode::Fill);
        assert_eq!(fitted.picture.pixels[..7], [0, 0, 1, 2, 3, 3, 3]);
        assert_eq!(fitted.left_over.unwrap().pixels[..7], [255, 0, 0, 0, 0, 255, 255]);
    }
}
