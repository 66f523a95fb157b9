//! From pictures of any size and kind to planes of one size and channel count.

use image::imageops::{self, FilterType};
use image::{ImageBuffer, Luma, Pixel, Rgb};

use crate::grid::Picture;

/// From this reduction on, blocks of pixels are averaged first: a photograph shrunk to a thumbnail
/// comes out the same and many times sooner.
const AVERAGE_FROM: u32 = 8;
/// How much larger than the wanted size the averaged picture still is.
const AVERAGE_LEAVES: u32 = 4;

/// Writes a picture at `size` with `channels` into `planes`: (channel, row, column).
pub fn prepare(picture: Picture, size: (u32, u32), channels: u32, planes: &mut [u8]) {
    // Fewer channels first, more channels last: scaling is what takes time.
    let picture = match channels {
        1 => crop_to(with_channels(picture, 1), size),
        _ => with_channels(crop_to(picture, size), channels),
    };
    write_planes(&picture, planes);
}

/// Scales until the shorter side fits and crops the longer one to the centre. A picture that has the
/// size already stays as it is, byte for byte.
pub(crate) fn crop_to(picture: Picture, (width, height): (u32, u32)) -> Picture {
    if (picture.width, picture.height) == (width, height) {
        return picture;
    }
    let window = centre_window((picture.width, picture.height), (width, height));
    scaled(picture, &window, (width, height))
}

/// The largest part of the middle that has the proportions of `size`.
pub(crate) fn cut_to(picture: &Picture, size: (u32, u32)) -> Picture {
    let Window { left, top, width, height } = centre_window((picture.width, picture.height), size);
    let channels = usize::from(picture.channels);
    let columns = left as usize * channels..(left + width) as usize * channels;
    let rows = picture.pixels.chunks_exact(picture.width as usize * channels);
    let kept = rows.skip(top as usize).take(height as usize);
    let pixels = kept.flat_map(|row| &row[columns.clone()]).copied().collect();
    Picture { width, height, pixels, ..*picture }
}

/// Stretches to the size. A picture that has it already stays as it is, byte for byte.
pub(crate) fn stretched(picture: Picture, size: (u32, u32)) -> Picture {
    let (width, height) = (picture.width, picture.height);
    if (width, height) == size {
        return picture;
    }
    scaled(picture, &Window { left: 0, top: 0, width, height }, size)
}

/// Scales until the picture just fits within the size, in its own proportions.
pub(crate) fn within(picture: Picture, (width, height): (u32, u32)) -> Picture {
    let part = |side: u32, of: u32, to: u32| {
        let scaled = (u64::from(side) * u64::from(to) + u64::from(of) / 2) / u64::from(of);
        u32::try_from(scaled).unwrap_or(u32::MAX).max(1)
    };
    let wide =
        u64::from(picture.width) * u64::from(height) > u64::from(picture.height) * u64::from(width);
    let size = match wide {
        true => (width, part(picture.height, picture.width, width).min(height)),
        false => (part(picture.width, picture.height, height).min(width), height),
    };
    stretched(picture, size)
}

/// Shrinks until the longer side is at most `max_side`; never enlarges.
pub fn fit_within(picture: Picture, max_side: u32) -> Picture {
    let longest = picture.width.max(picture.height);
    if longest <= max_side {
        return picture;
    }
    let shrink = |side: u32| {
        let scaled = u64::from(side) * u64::from(max_side) / u64::from(longest);
        u32::try_from(scaled).unwrap_or(max_side).max(1)
    };
    let size = (shrink(picture.width), shrink(picture.height));
    stretched(picture, size)
}

/// Gray to colour by repeating, colour to gray by the weights of ITU-R BT.601, which add up to one:
/// a gray that went through colour comes back exactly.
pub(crate) fn with_channels(picture: Picture, channels: u32) -> Picture {
    let pixels = match (picture.channels, channels) {
        (1, 3) => picture.pixels.iter().flat_map(|&gray| [gray; 3]).collect(),
        (3, 1) => picture.pixels.chunks_exact(3).map(luma).collect(),
        _ => return picture,
    };
    Picture { channels: channels as u8, pixels, ..picture }
}

fn luma(rgb: &[u8]) -> u8 {
    let [red, green, blue] = [rgb[0], rgb[1], rgb[2]].map(u32::from);
    ((299 * red + 587 * green + 114 * blue + 500) / 1000) as u8
}

fn write_planes(picture: &Picture, planes: &mut [u8]) {
    let channels = picture.channels as usize;
    let area = picture.pixels.len() / channels;
    for (channel, plane) in planes.chunks_exact_mut(area).enumerate() {
        let values = picture.pixels.iter().skip(channel).step_by(channels);
        plane.iter_mut().zip(values).for_each(|(to, from)| *to = *from);
    }
}

struct Window {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

/// The largest part of the middle of `from` that has the proportions of `to`.
fn centre_window(from: (u32, u32), to: (u32, u32)) -> Window {
    let part = |side: u32, other: u32, of: u32, to: u32| {
        let wanted = (u64::from(other) * u64::from(of) + u64::from(to) / 2) / u64::from(to);
        u32::try_from(wanted).unwrap_or(side).clamp(1, side)
    };
    let wide = u64::from(from.0) * u64::from(to.1) > u64::from(from.1) * u64::from(to.0);
    let (width, height) = match wide {
        true => (part(from.0, from.1, to.0, to.1), from.1),
        false => (from.0, part(from.1, from.0, to.1, to.0)),
    };
    Window { left: (from.0 - width) / 2, top: (from.1 - height) / 2, width, height }
}

fn scaled(picture: Picture, window: &Window, size: (u32, u32)) -> Picture {
    match picture.channels {
        1 => scaled_as::<Luma<u8>>(picture, window, size),
        _ => scaled_as::<Rgb<u8>>(picture, window, size),
    }
}

fn scaled_as<P: Pixel<Subpixel = u8> + 'static>(
    picture: Picture,
    window: &Window,
    (width, height): (u32, u32),
) -> Picture {
    let channels = picture.channels;
    let image = ImageBuffer::<P, _>::from_raw(picture.width, picture.height, picture.pixels)
        .expect("a picture has as many bytes as its size says");
    let part = imageops::crop_imm(&image, window.left, window.top, window.width, window.height);
    let filter = match width > window.width || height > window.height {
        true => FilterType::CatmullRom,
        false => FilterType::Lanczos3,
    };
    let steep = |from: u32, to: u32| from / to >= AVERAGE_FROM;
    let scaled = if steep(window.width, width) && steep(window.height, height) {
        let averaged = imageops::thumbnail(&*part, width * AVERAGE_LEAVES, height * AVERAGE_LEAVES);
        imageops::resize(&averaged, width, height, filter)
    } else {
        imageops::resize(&*part, width, height, filter)
    };
    Picture { width, height, channels, pixels: scaled.into_raw() }
}
