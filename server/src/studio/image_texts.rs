//! The texts within an image file of any kind, by keyword.

use std::io::Cursor;

use exif::{In, Reader, Tag, Value};

use super::parameters::Parameters;
use super::{gif_text, png_text};

/// Under which A1111 keeps settings in a PNG; in other files they stand in a comment without a name.
const PARAMETERS: &str = "parameters";
const COMMENT: &str = "Comment";

/// What the file says of itself: the text chunks of a PNG, the user comment of a JPEG or WebP, the
/// comments of a GIF.
pub fn texts(bytes: &[u8]) -> Vec<(String, String)> {
    if let Some(comments) = gif_text::comments(bytes) {
        return comments.into_iter().map(named).collect();
    }
    let mut found = png_text::texts(bytes).unwrap_or_default();
    if !found.iter().any(|(key, _)| key == PARAMETERS)
        && let Some(comment) = user_comment(bytes)
    {
        found.push((PARAMETERS.into(), comment));
    }
    found
}

/// Programs that draw nothing leave their names in a GIF.
fn named(comment: String) -> (String, String) {
    let holds_settings = !Parameters::read(&comment).settings.is_empty();
    (if holds_settings { PARAMETERS } else { COMMENT }.into(), comment)
}

fn user_comment(bytes: &[u8]) -> Option<String> {
    // piexif, by which A1111 writes, leaves out where the next directory is.
    let read = Reader::new().continue_on_error(true).read_from_container(&mut Cursor::new(bytes));
    let exif = read.or_else(|error| error.distill_partial_result(|_| ())).ok()?;
    let field = exif.get_field(Tag::UserComment, In::PRIMARY)?;
    // Some write it as plain bytes, which the standard does not know.
    let (Value::Undefined(data, _) | Value::Byte(data)) = &field.value else { return None };
    let (code, text) = data.split_first_chunk::<8>()?;
    let comment = match code {
        b"UNICODE\0" => utf16(text),
        _ => String::from_utf8_lossy(text).into_owned(),
    };
    let comment = comment.trim_matches(['\0', ' ']).to_owned();
    (!comment.is_empty()).then_some(comment)
}

/// The standard leaves the order of the bytes open: the zeros of Latin letters tell it.
fn utf16(bytes: &[u8]) -> String {
    let zeros = |first: usize| bytes.iter().skip(first).step_by(2).filter(|&&b| b == 0).count();
    let big_endian = zeros(0) >= zeros(1);
    let unit = |pair: &[u8]| match big_endian {
        true => u16::from_be_bytes([pair[0], pair[1]]),
        false => u16::from_le_bytes([pair[0], pair[1]]),
    };
    String::from_utf16_lossy(&bytes.chunks_exact(2).map(unit).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest TIFF block that holds a user comment of this type, and a JPEG around it.
    fn jpeg(kind: u8, comment: &[u8]) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08".to_vec();
        // One entry: the Exif block stands at 26.
        tiff.extend(b"\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0");
        tiff.extend(b"\0\x01\x92\x86\0");
        tiff.push(kind);
        tiff.extend((comment.len() as u32).to_be_bytes());
        tiff.extend(b"\0\0\0\x2c\0\0\0\0");
        tiff.extend(comment);
        around(&tiff)
    }

    fn around(tiff: &[u8]) -> Vec<u8> {
        let mut bytes = b"\xff\xd8\xff\xe1".to_vec();
        bytes.extend((tiff.len() as u16 + 8).to_be_bytes());
        bytes.extend(b"Exif\0\0");
        bytes.extend(tiff);
        bytes.extend(b"\xff\xd9");
        bytes
    }

    fn comment(code: &[u8; 8], text: &[u8]) -> Option<String> {
        // Of undefined bytes, as the standard says, and of plain ones, as Pillow writes.
        let [undefined, plain] = [7, 1].map(|kind| {
            let found = texts(&jpeg(kind, &[&code[..], text].concat()));
            found.into_iter().next().map(|(_, text)| text)
        });
        assert_eq!(undefined, plain);
        undefined
    }

    #[test]
    fn comments_of_either_byte_order_are_read() {
        let big: Vec<u8> = "Steps: 5, ü".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let little: Vec<u8> = "Steps: 5, ü".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for text in [big, little] {
            assert_eq!(comment(b"UNICODE\0", &text).as_deref(), Some("Steps: 5, ü"));
        }
        assert_eq!(comment(b"ASCII\0\0\0", b"Steps: 5").as_deref(), Some("Steps: 5"));
        assert_eq!(comment(b"ASCII\0\0\0", b"\0\0"), None);
    }

    #[test]
    fn a_comment_that_piexif_wrote_is_read() {
        // What `piexif.dump` gives: behind the entry of the second directory stands its value.
        let tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x87\x69\0\x04\0\0\0\x01\0\0\0\x1a\0\0\0\0\
            \0\x01\x92\x86\0\x07\0\0\0\x1c\0\0\0\x28UNICODE\0\x007\x00\n\0S\0t\0e\0p\0s\0:\0 \x005";
        let found = texts(&around(tiff));
        assert_eq!(found, [(PARAMETERS.to_owned(), "7\nSteps: 5".to_owned())]);
    }

    #[test]
    fn a_file_that_breaks_off_has_no_texts() {
        let whole = jpeg(7, b"ASCII\0\0\0Steps: 5");
        for length in 0..whole.len() - 2 {
            let _ = texts(&whole[..length]);
        }
        assert_eq!(texts(b"no image"), []);
    }
}
