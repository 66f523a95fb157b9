//! Which axis of an array of images is which.

use super::header::Header;
use crate::data::Told;

const MAX_SIDE: usize = 4096;

/// Where images, rows, columns and channels lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub count: usize,
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub channels_last: bool,
}

impl Layout {
    /// (images, height, width), (images, height, width, channels) or (images, channels, height,
    /// width) with 1 or 3 channels; where both would do, channels are last.
    pub fn of(header: &Header) -> Told<Self> {
        let (count, height, width, channels, channels_last) = match *header.shape.as_slice() {
            [count, height, width] => (count, height, width, 1, true),
            [count, height, width, channels @ (1 | 3)] => (count, height, width, channels, true),
            [count, channels @ (1 | 3), height, width] => (count, height, width, channels, false),
            _ => return Err(no_images(header)),
        };
        let sides = 1..=MAX_SIDE;
        if count == 0 || !sides.contains(&height) || !sides.contains(&width) {
            return Err(no_images(header));
        }
        Ok(Self { count, channels, height, width, channels_last })
    }

    /// Numbers of one image.
    pub fn image(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Writes one image in its planes: (channel, row, column).
    pub fn write_planes(&self, image: &[u8], planes: &mut Vec<u8>) {
        match self.channels_last {
            true => {
                for channel in 0..self.channels {
                    planes.extend(image[channel..].iter().step_by(self.channels));
                }
            }
            false => planes.extend_from_slice(image),
        }
    }
}

fn no_images(header: &Header) -> String {
    format!(
        "is {}, no array of images: expected (images, height, width), with 1 or 3 channels behind \
         it or before the height, and sides of 1 to {MAX_SIDE}",
        header.words()
    )
}
