//! Finished pictures: eight bits a channel, alone, in a grid, in a strip, as PNG.

use std::io::{BufRead, Cursor, Seek};

use crate::{Error, Result};

const WRITABLE: &str = "a picture has as many bytes as its size says, and memory does not fail";

/// An image as a screen shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    pub width: u32,
    pub height: u32,
    /// 1 for gray, 3 for red, green, blue.
    pub channels: u8,
    /// Row by row, the channels of a pixel together.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// A picture of one brightness.
    pub fn filled(width: u32, height: u32, channels: u8, value: u8) -> Self {
        let pixels = vec![value; width as usize * height as usize * channels as usize];
        Self { width, height, channels, pixels }
    }

    /// The planes (channel, row, column), as tensors hold images.
    pub fn planes(&self) -> Vec<u8> {
        let channels = usize::from(self.channels);
        let plane = |at| self.pixels.iter().skip(at).step_by(channels).copied();
        (0..channels).flat_map(plane).collect()
    }

    /// From planes (channel, row, column), as tensors hold images.
    pub fn from_planes(width: u32, height: u32, channels: u8, planes: &[u8]) -> Self {
        let area = width as usize * height as usize;
        let pixels = (0..area)
            .flat_map(|at| (0..channels as usize).map(move |channel| planes[channel * area + at]))
            .collect();
        Self { width, height, channels, pixels }
    }

    fn row(&self, y: u32) -> &[u8] {
        let length = self.width as usize * self.channels as usize;
        &self.pixels[y as usize * length..][..length]
    }

    /// Copies `other` to `(left, top)`; it must fit and have the same channels.
    pub(crate) fn place(&mut self, other: &Picture, left: u32, top: u32) {
        let channels = self.channels as usize;
        for y in 0..other.height {
            let start = ((top + y) as usize * self.width as usize + left as usize) * channels;
            let row = other.row(y);
            self.pixels[start..start + row.len()].copy_from_slice(row);
        }
    }

    /// As PNG with text chunks: tEXt where Latin-1 can hold the text, else iTXt in UTF-8.
    pub fn to_png(&self, text: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.encoder(&mut bytes, text)
            .write_header()
            .and_then(|mut writer| writer.write_image_data(&self.pixels))
            .expect(WRITABLE);
        bytes
    }

    /// An encoder for pictures of this size and kind, which has the text already.
    fn encoder<'a>(
        &self,
        bytes: &'a mut Vec<u8>,
        text: &[(&str, &str)],
    ) -> png::Encoder<'a, &'a mut Vec<u8>> {
        let mut encoder = png::Encoder::new(bytes, self.width, self.height);
        encoder.set_color(match self.channels {
            1 => png::ColorType::Grayscale,
            _ => png::ColorType::Rgb,
        });
        for (keyword, value) in text {
            let latin1 = value.chars().all(|c| (c as u32) < 256);
            let added = match latin1 {
                true => encoder.add_text_chunk((*keyword).into(), (*value).into()),
                false => encoder.add_itxt_chunk((*keyword).into(), (*value).into()),
            };
            added.expect("keywords are ours and short");
        }
        encoder
    }

    /// Reads any picture file as gray or colour, as it is stored.
    pub fn from_png(bytes: &[u8]) -> Result<Self> {
        let mut reader =
            image::ImageReader::with_format(Cursor::new(bytes), image::ImageFormat::Png);
        reader.limits(image::Limits::default());
        let decoded =
            reader.decode().map_err(|error| Error::Data(format!("not a PNG: {error}")))?;
        let (width, height) = (decoded.width(), decoded.height());
        Ok(if decoded.color().has_color() {
            Self { width, height, channels: 3, pixels: decoded.into_rgb8().into_raw() }
        } else {
            Self { width, height, channels: 1, pixels: decoded.into_luma8().into_raw() }
        })
    }
}

impl Picture {
    /// Width and height of a PNG file, of which only the head is read.
    pub fn png_size(file: impl BufRead + Seek) -> Result<(u32, u32)> {
        let reader = image::ImageReader::with_format(file, image::ImageFormat::Png);
        reader.into_dimensions().map_err(|error| Error::Data(format!("not a PNG: {error}")))
    }
}

/// Columns of a nearly square grid, as A1111 lays it: 4 gives 2, 5 gives 3, 10 gives 4.
pub fn columns_for(count: usize) -> usize {
    let rows = ((count as f64).sqrt().round() as usize).max(1);
    count.div_ceil(rows).max(1)
}

/// Pictures of one size in rows, `gap` black pixels between them.
pub fn grid(pictures: &[Picture], columns: usize, gap: u32) -> Picture {
    let columns = columns.clamp(1, pictures.len().max(1));
    rows(pictures, &vec![columns; pictures.len().div_ceil(columns)], gap)
}

/// The pictures of `cell` (width, height) in the grid that [`grid`] made of them with `gap`, and what
/// stayed black after the last.
pub fn cells(sheet: &Picture, cell: (u32, u32), gap: u32) -> Vec<Picture> {
    let channels = usize::from(sheet.channels);
    let starts =
        |whole: u32, side: u32| (0..=whole.saturating_sub(side)).step_by((side + gap) as usize);
    let cut = |left: u32, top: u32| {
        let line = |y: u32| {
            let start = (y * sheet.width + left) as usize * channels;
            &sheet.pixels[start..start + cell.0 as usize * channels]
        };
        let pixels = (top..top + cell.1).flat_map(line).copied().collect();
        Picture { width: cell.0, height: cell.1, channels: sheet.channels, pixels }
    };
    if sheet.width < cell.0 || sheet.height < cell.1 {
        return Vec::new();
    }
    let tops = starts(sheet.height, cell.1);
    tops.flat_map(|top| starts(sheet.width, cell.0).map(move |left| (left, top)))
        .map(|(left, top)| cut(left, top))
        .collect()
}

/// Pictures of one size, so many in each row as `lengths` says, `gap` black pixels between them. What
/// the last rows lack stays black.
pub fn rows(pictures: &[Picture], lengths: &[usize], gap: u32) -> Picture {
    let Some(first) = pictures.first() else {
        return Picture::filled(1, 1, 1, 0);
    };
    let columns = lengths.iter().copied().max().unwrap_or(1).max(1);
    let (width, height) = sheet_size(columns, lengths.len(), (first.width, first.height), gap);
    let mut sheet = Picture::filled(width, height, first.channels, 0);
    let mut left = pictures.iter();
    for (row, &length) in lengths.iter().enumerate() {
        for (column, picture) in left.by_ref().take(length).enumerate() {
            let (x, y) = (column as u32 * (first.width + gap), row as u32 * (first.height + gap));
            sheet.place(picture, x, y);
        }
    }
    sheet
}

/// Width and height of so many `columns` and `rows` of pictures of one size, `gap` pixels between them.
fn sheet_size(columns: usize, rows: usize, (width, height): (u32, u32), gap: u32) -> (u32, u32) {
    let side = |count: usize, side: u32| count as u32 * side + count.saturating_sub(1) as u32 * gap;
    (side(columns, width), side(rows, height))
}

/// Width and height of what [`grid`] makes of `count` pictures of `size` in `columns`.
pub fn grid_size(count: usize, columns: usize, size: (u32, u32), gap: u32) -> (u32, u32) {
    let columns = columns.clamp(1, count.max(1));
    sheet_size(columns, count.div_ceil(columns), size, gap)
}

/// Frames of one size one after another, as an animated PNG that begins again at its end. It shows
/// its first frame where only PNG is understood. `frames_per_second` is 1 to 65,535.
pub fn animation(frames: &[&Picture], frames_per_second: u16, text: &[(&str, &str)]) -> Vec<u8> {
    let Some(first) = frames.first() else {
        return Picture::filled(1, 1, 1, 0).to_png(text);
    };
    let mut bytes = Vec::new();
    let mut encoder = first.encoder(&mut bytes, text);
    let forever = 0;
    encoder
        .set_animated(frames.len() as u32, forever)
        .and_then(|()| encoder.set_frame_delay(1, frames_per_second.max(1)))
        .and_then(|()| encoder.write_header())
        .and_then(|mut writer| {
            frames.iter().try_for_each(|frame| writer.write_image_data(&frame.pixels))?;
            writer.finish()
        })
        .expect(WRITABLE);
    bytes
}

/// Frames of one size side by side.
pub fn strip(frames: &[Picture]) -> Picture {
    grid(frames, frames.len(), 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_places_every_picture() {
        let pictures: Vec<_> = (1..=5).map(|value| Picture::filled(2, 2, 1, value)).collect();
        let sheet = grid(&pictures, columns_for(5), 1);
        assert_eq!((sheet.width, sheet.height), (8, 5));
        assert_eq!(grid_size(5, columns_for(5), (2, 2), 1), (8, 5));
        assert_eq!(sheet.row(0), [1, 1, 0, 2, 2, 0, 3, 3]);
        assert_eq!(sheet.row(4), [4, 4, 0, 5, 5, 0, 0, 0]);
    }

    #[test]
    fn a_grid_comes_apart_again() {
        let picture = |value| Picture {
            pixels: (value..value + 18).collect(),
            ..Picture::filled(2, 3, 3, 0)
        };
        let pictures: Vec<_> = (0..5).map(|at| picture(at * 20)).collect();
        let mut apart = cells(&grid(&pictures, 3, 2), (2, 3), 2);
        assert_eq!(apart.pop(), Some(Picture::filled(2, 3, 3, 0)));
        assert_eq!(apart, pictures);
        assert_eq!(cells(&pictures[0], (4, 4), 2), []);
    }

    #[test]
    fn columns_are_nearly_square() {
        for (count, columns) in [(1, 1), (4, 2), (5, 3), (8, 3), (10, 4), (16, 4), (64, 8)] {
            assert_eq!(columns_for(count), columns, "{count}");
        }
    }

    #[test]
    fn png_round_trips_pixels_and_text() {
        let planes: Vec<u8> = (0..12).collect();
        let picture = Picture::from_planes(2, 2, 3, &planes);
        assert_eq!(picture.planes(), planes);
        assert_eq!(&picture.pixels[..3], [0, 4, 8]);
        let bytes = picture.to_png(&[("parameters", "Steps: 5, naïve"), ("note", "日本")]);
        assert_eq!(Picture::from_png(&bytes).unwrap(), picture);
        let info = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap().info().clone();
        assert_eq!(info.uncompressed_latin1_text[0].text, "Steps: 5, naïve");
        assert_eq!(info.utf8_text[0].get_text().unwrap(), "日本");
    }

    #[test]
    fn an_animation_holds_every_frame_and_loops() {
        let frames = [9, 90, 200].map(|value| Picture::filled(4, 2, 3, value));
        let bytes = animation(&frames.each_ref(), 12, &[("parameters", "Steps: 5")]);
        assert_eq!(Picture::from_png(&bytes).unwrap(), frames[0]);
        let mut reader = png::Decoder::new(Cursor::new(&bytes)).read_info().unwrap();
        let control = *reader.info().animation_control().unwrap();
        assert_eq!((control.num_frames, control.num_plays), (3, 0));
        for frame in &frames {
            let mut pixels = vec![0; frame.pixels.len()];
            reader.next_frame(&mut pixels).unwrap();
            assert_eq!(&pixels, &frame.pixels);
            let timing = reader.info().frame_control().unwrap();
            assert_eq!((timing.delay_num, timing.delay_den), (1, 12));
        }
        assert_eq!(reader.info().uncompressed_latin1_text[0].text, "Steps: 5");
        assert!(Picture::from_png(&animation(&[], 1, &[])).is_ok());
    }
}
