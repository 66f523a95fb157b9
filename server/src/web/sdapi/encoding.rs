//! How the pictures of an answer are written, which options of A1111 say.

use std::io::Cursor;

use engine::config::FieldError;
use engine::grid::Picture;
use exif::experimental::Writer;
use exif::{Field, In, Tag};
use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{ExtendedColorType, ImageEncoder};
use serde_json::Value;

use super::body::{Object, flag, number, text};
use crate::studio::image_texts::texts;
use crate::studio::parameters::Parameters;
use crate::{Error, Result};

/// The options that are read here.
pub const FORMAT: &str = "samples_format";
pub const QUALITY: &str = "jpeg_quality";
pub const WITH_TEXT: &str = "enable_pnginfo";
pub const WITH_HASH: &str = "add_model_hash_to_info";

/// The keyword of the settings in a PNG, and their key that an option leaves out.
const PARAMETERS: &str = "parameters";
const HASH: &str = "Model hash";

/// Bytes that the EXIF block of a JPEG holds at most.
const MAX_EXIF: usize = 65_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Png,
    /// With its quality, from 1 to 100.
    Jpeg(u8),
    /// Without loss.
    WebP,
}

/// What is wrong with the values that `options` have for an encoding.
pub fn faults(options: &Object) -> Vec<FieldError> {
    let format =
        options.get(FORMAT).and_then(Value::as_str).filter(|name| format(name, 80).is_none());
    let format = format.map(|name| {
        let shown = engine::config::shown(name);
        FieldError::new(FORMAT, format!("there is no format `{shown}`; give png, jpg or webp"))
    });
    let quality = options.get(QUALITY).and_then(Value::as_i64);
    let quality = quality.filter(|quality| !(1..=100).contains(quality)).map(|quality| {
        FieldError::new(QUALITY, format!("{quality} is out of range; give 1 to 100"))
    });
    format.into_iter().chain(quality).collect()
}

fn format(name: &str, quality: u8) -> Option<Format> {
    match name.to_ascii_lowercase().as_str() {
        "png" => Some(Format::Png),
        "jpg" | "jpeg" => Some(Format::Jpeg(quality)),
        "webp" => Some(Format::WebP),
        _ => None,
    }
}

/// How the pictures of one answer are written.
#[derive(Clone, Copy, Debug)]
pub struct Encoding {
    format: Format,
    with_text: bool,
    with_hash: bool,
}

impl Encoding {
    /// By options whose values were checked.
    pub fn of(options: &Object) -> Self {
        let quality = u8::try_from(number(options, QUALITY)).unwrap_or(100);
        Self {
            format: format(&text(options, FORMAT), quality).unwrap_or(Format::Png),
            with_text: flag(options, WITH_TEXT),
            with_hash: flag(options, WITH_HASH),
        }
    }

    /// The text of a picture as the answer tells it.
    pub fn told(self, infotext: &str) -> String {
        if self.with_hash {
            return infotext.to_owned();
        }
        let mut told = Parameters::read(infotext);
        told.settings.retain(|(key, _)| key != HASH);
        told.text()
    }

    /// The file `png` of the gallery as the answer brings it.
    pub fn encoded(self, png: Vec<u8>) -> Result<Vec<u8>> {
        if self.format == Format::Png && self.with_text && self.with_hash {
            return Ok(png);
        }
        let infotext = texts(&png).into_iter().find(|(key, _)| key == PARAMETERS);
        let infotext = infotext.filter(|_| self.with_text).map(|(_, text)| self.told(&text));
        let picture = Picture::from_png(&png)?;
        match self.format {
            Format::Png => {
                let text = infotext.as_deref().map(|text| (PARAMETERS, text));
                Ok(picture.to_png(text.as_slice()))
            }
            Format::Jpeg(quality) => {
                let mut bytes = Vec::new();
                let encoder = JpegEncoder::new_with_quality(&mut bytes, quality);
                // A longer one fits into no JPEG; the answer tells it beside the picture.
                let comment = infotext.map(|text| user_comment(&text)).transpose()?;
                write(encoder, &picture, comment.filter(|comment| comment.len() <= MAX_EXIF))?;
                Ok(bytes)
            }
            Format::WebP => {
                let mut bytes = Vec::new();
                let comment = infotext.map(|text| user_comment(&text)).transpose()?;
                write(WebPEncoder::new_lossless(&mut bytes), &picture, comment)?;
                Ok(bytes)
            }
        }
    }
}

fn write(mut encoder: impl ImageEncoder, picture: &Picture, exif: Option<Vec<u8>>) -> Result<()> {
    let failed = |error: &dyn std::fmt::Display| Error::Other(format!("no such file: {error}"));
    if let Some(exif) = exif {
        encoder.set_exif_metadata(exif).map_err(|error| failed(&error))?;
    }
    let colours = match picture.channels {
        1 => ExtendedColorType::L8,
        _ => ExtendedColorType::Rgb8,
    };
    encoder
        .write_image(&picture.pixels, picture.width, picture.height, colours)
        .map_err(|error| failed(&error))
}

/// EXIF that holds `text` as A1111 writes it: a user comment in UTF-16, its high bytes first.
fn user_comment(text: &str) -> Result<Vec<u8>> {
    let letters = text.encode_utf16().flat_map(u16::to_be_bytes);
    let data = b"UNICODE\0".iter().copied().chain(letters).collect();
    let field = Field {
        tag: Tag::UserComment,
        ifd_num: In::PRIMARY,
        value: exif::Value::Undefined(data, 0),
    };
    let (mut writer, mut bytes) = (Writer::new(), Cursor::new(Vec::new()));
    writer.push_field(&field);
    let failed = |error| Error::Other(format!("no EXIF can be written: {error}"));
    writer.write(&mut bytes, false).map_err(failed)?;
    Ok(bytes.into_inner())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const TEXT: &str = "ü, 数字\nSteps: 5, Seed: 7, Model hash: 0123456789, Model: digits";

    fn written(options: &Value) -> (Vec<u8>, Vec<(String, String)>) {
        let mut all = json!({ FORMAT: "png", QUALITY: 80, WITH_TEXT: true, WITH_HASH: true });
        all.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let png = Picture::filled(9, 5, 3, 90).to_png(&[(PARAMETERS, TEXT)]);
        let bytes = Encoding::of(all.as_object().unwrap()).encoded(png).unwrap();
        let found = texts(&bytes);
        (bytes, found)
    }

    #[test]
    fn every_format_brings_the_text_that_is_wanted() {
        let bare = TEXT.replace("Model hash: 0123456789, ", "");
        for name in ["png", "PNG", "jpg", "jpeg", "webp"] {
            let (bytes, found) = written(&json!({ FORMAT: name }));
            assert_eq!(found, [(PARAMETERS.to_owned(), TEXT.to_owned())], "{name}");
            let decoded = crate::studio::decoded(&bytes, "image").unwrap();
            assert_eq!((decoded.width, decoded.height), (9, 5), "{name}");
            assert!(decoded.pixels.iter().all(|pixel| pixel.abs_diff(90) < 4), "{name}");
            let (_, found) = written(&json!({ FORMAT: name, WITH_HASH: false }));
            assert_eq!(found, [(PARAMETERS.to_owned(), bare.clone())], "{name}");
            let (_, found) = written(&json!({ FORMAT: name, WITH_TEXT: false }));
            assert_eq!(found, [], "{name}");
        }
        let is_a = |name: &str, head: &[u8]| {
            assert!(written(&json!({ FORMAT: name })).0.starts_with(head), "{name}");
        };
        is_a("png", b"\x89PNG");
        is_a("jpeg", b"\xff\xd8\xff");
        is_a("webp", b"RIFF");
    }

    #[test]
    fn a_text_that_fits_into_no_jpeg_is_left_out_of_it() {
        let long = format!("{}\nSteps: 5, Seed: 7, Model: digits", "word ".repeat(20_000));
        let png = Picture::filled(2, 2, 1, 0).to_png(&[(PARAMETERS, &long)]);
        let encoded = |format| {
            let encoding = Encoding { format, with_text: true, with_hash: true };
            texts(&encoding.encoded(png.clone()).unwrap())
        };
        assert_eq!(encoded(Format::Jpeg(80)), []);
        assert_eq!(encoded(Format::WebP)[0].1, long);
    }
}
