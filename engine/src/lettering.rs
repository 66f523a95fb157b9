//! Words in a picture.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use crate::grid::Picture;

const WEIGHT: FontWeight = FontWeight::Regular;
const HEIGHT: RasterHeight = RasterHeight::Size16;

/// Pixels from one line to the next.
pub const LINE_HEIGHT: u32 = HEIGHT.val() as u32;
/// Pixels that every letter is wide.
pub const LETTER_WIDTH: u32 = get_raster_width(WEIGHT, HEIGHT) as u32;

/// Stands for letters that the font lacks.
const UNKNOWN: char = '\u{fffd}';
const ELLIPSIS: &str = "...";

/// Writes `text` in black with its upper left corner at (`left`, `top`). What would lie outside the
/// picture is left away.
pub fn write(picture: &mut Picture, text: &str, left: u32, top: u32) {
    for (at, letter) in text.chars().enumerate() {
        let raster = get_raster(letter, WEIGHT, HEIGHT)
            .or_else(|| get_raster(UNKNOWN, WEIGHT, HEIGHT))
            .expect("the font has a letter for unknown ones");
        let left = left + at as u32 * LETTER_WIDTH;
        for (y, row) in raster.rows().enumerate() {
            for (x, &coverage) in row.iter().enumerate() {
                darken(picture, left + x as u32, top + y as u32, coverage);
            }
        }
    }
}

/// Mixes black into a pixel, as far as `coverage` of 255 says.
fn darken(picture: &mut Picture, x: u32, y: u32, coverage: u8) {
    if x >= picture.width || y >= picture.height {
        return;
    }
    let channels = usize::from(picture.channels);
    let at = (y as usize * picture.width as usize + x as usize) * channels;
    for value in &mut picture.pixels[at..at + channels] {
        *value = (u32::from(*value) * u32::from(255 - coverage) / 255) as u8;
    }
}

/// `text` on one line of at most `most` letters, with an ellipsis where some are left away.
pub fn shortened(text: &str, most: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.chars().count() <= most {
        return line;
    }
    let kept = most.saturating_sub(ELLIPSIS.len());
    line.chars().take(kept).chain(ELLIPSIS.chars()).take(most).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_dark_and_apart_and_never_outside() {
        let mut picture = Picture::filled(5 * LETTER_WIDTH, LINE_HEIGHT, 1, 255);
        write(&mut picture, "I I日", 0, 0);
        let letter = |at: u32| {
            let column =
                |x: u32| (0..LINE_HEIGHT).map(move |y| (y * 5 * LETTER_WIDTH + x) as usize);
            let places = (at * LETTER_WIDTH..(at + 1) * LETTER_WIDTH).flat_map(column);
            places.map(|at| picture.pixels[at]).collect::<Vec<u8>>()
        };
        assert!(letter(0).iter().any(|&value| value < 64));
        assert_eq!(letter(0), letter(2));
        for blank in [1, 4] {
            assert!(letter(blank).iter().all(|&value| value == 255));
        }
        assert_ne!(letter(3), letter(1));
        let mut small = Picture::filled(3, 3, 3, 255);
        write(&mut small, "MMM", 1, 1);
        assert_eq!(small.pixels[..9], [255; 9]);
    }

    #[test]
    fn long_text_is_shortened_and_lines_are_joined() {
        assert_eq!(shortened("Steps: 20", 9), "Steps: 20");
        assert_eq!(shortened("Steps: 20", 8), "Steps...");
        assert_eq!(shortened("a\nb", 5), "a b");
        assert_eq!(shortened("abc", 2), "..");
        assert_eq!(shortened("日本語の絵", 4), "日...");
    }
}
