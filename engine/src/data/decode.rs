//! One image file to pixels, within bounds.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader};

use crate::grid::Picture;

/// Endings, in lower case, of the files taken for images. What they hold is told by their content.
pub const EXTENSIONS: [&str; 7] = ["png", "jpg", "jpeg", "jfif", "webp", "gif", "bmp"];
/// Larger images are refused before a pixel is read.
pub const MAX_PIXELS: u64 = 64 << 20;
/// A longer side is no photograph, whatever the number of pixels.
const MAX_SIDE: u32 = 1 << 16;
/// What one decoder may allocate: the largest image at 16 bits in four channels, and room to work.
const MAX_DECODER_BYTES: u64 = MAX_PIXELS * 8 + (64 << 20);
const MAX_FILE_BYTES: u64 = 512 << 20;

/// Whether a file of this name is taken for an image.
pub fn is_image_name(name: &str) -> bool {
    Path::new(name).extension().and_then(|extension| extension.to_str()).is_some_and(|extension| {
        EXTENSIONS.iter().any(|known| extension.eq_ignore_ascii_case(known))
    })
}

/// Reads an image, upright, transparency laid over `background`. One channel if the file is gray and
/// opaque, else three. The error is the reason in words.
pub fn decode(path: &Path, background: [u8; 3]) -> Result<Picture, String> {
    let file = File::open(path).map_err(|error| error.to_string())?;
    let bytes = file.metadata().map_err(|error| error.to_string())?.len();
    if bytes > MAX_FILE_BYTES {
        return Err(format!("a file of {bytes} bytes, more than the {MAX_FILE_BYTES} allowed"));
    }
    decode_from(BufReader::new(file), background)
}

/// As [`decode`], from the bytes of a file.
pub fn decode_bytes(bytes: &[u8], background: [u8; 3]) -> Result<Picture, String> {
    decode_from(Cursor::new(bytes), background)
}

fn decode_from(file: impl BufRead + Seek, background: [u8; 3]) -> Result<Picture, String> {
    let (mut image, orientation) = decode_stored(file)?;
    image.apply_orientation(orientation);
    Ok(flatten(image, background))
}

/// The image as the file holds it, and how it is to be turned.
fn decode_stored(file: impl BufRead + Seek) -> Result<(DynamicImage, Orientation), String> {
    let mut reader = ImageReader::new(file).with_guessed_format().map_err(|e| e.to_string())?;
    let mut limits = image::Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_DECODER_BYTES);
    reader.limits(limits);
    if reader.format().is_none() {
        return Err("not a PNG, JPEG, WebP, GIF or BMP image".into());
    }
    let mut decoder = reader.into_decoder().map_err(reason)?;
    check_size(decoder.dimensions())?;
    // An orientation that cannot be read is no reason to lose the image.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let image = DynamicImage::from_decoder(decoder).map_err(reason)?;
    Ok((image, orientation))
}

fn check_size((width, height): (u32, u32)) -> Result<(), String> {
    if width == 0 || height == 0 {
        return Err("an image without pixels".into());
    }
    let pixels = u64::from(width) * u64::from(height);
    if pixels > MAX_PIXELS {
        let most = MAX_PIXELS >> 20;
        return Err(format!("{width}x{height} is more than the {most} megapixels allowed"));
    }
    Ok(())
}

fn reason(error: ImageError) -> String {
    match error {
        ImageError::Limits(_) => "larger than an image may be".into(),
        ImageError::Unsupported(error) => format!("of a kind that is not supported ({error})"),
        ImageError::IoError(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            "cut short".into()
        }
        error => format!("broken ({error})"),
    }
}

/// Eight bits a channel, without transparency.
fn flatten(image: DynamicImage, background: [u8; 3]) -> Picture {
    let (width, height) = (image.width(), image.height());
    let color = image.color();
    let (channels, pixels) = match (color.has_alpha(), color.has_color()) {
        (true, _) => (3, over(image.into_rgba8().as_raw(), background)),
        (false, true) => (3, image.into_rgb8().into_raw()),
        (false, false) => (1, image.into_luma8().into_raw()),
    };
    Picture { width, height, channels, pixels }
}

/// Lays red, green, blue, alpha over a background.
fn over(rgba: &[u8], background: [u8; 3]) -> Vec<u8> {
    let mix = |front: u8, back: u8, alpha: u8| {
        let (front, back, alpha) = (u32::from(front), u32::from(back), u32::from(alpha));
        ((front * alpha + back * (255 - alpha) + 127) / 255) as u8
    };
    rgba.chunks_exact(4)
        .flat_map(|p| [0, 1, 2].map(|channel| mix(p[channel], background[channel], p[3])))
        .collect()
}
