//! The text chunks of a PNG from anywhere: tEXt, zTXt and iTXt, before and after the pixels.
//!
//! Chunks are walked without decoding pixels, so a file costs no more than its length, and what is
//! compressed is read up to a limit.

use std::io::Read;

use flate2::read::ZlibDecoder;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// Bytes that one compressed text may unpack to.
const MAX_TEXT: u64 = 1 << 20;

/// Texts of one file at most; more are no picture's.
const MAX_TEXTS: usize = 64;

/// Keyword and text of every chunk that can be read, in their order; none if `bytes` is no PNG.
pub fn texts(bytes: &[u8]) -> Option<Vec<(String, String)>> {
    let mut rest = bytes.strip_prefix(SIGNATURE)?;
    let mut found = Vec::new();
    while let Some((kind, data, after)) = chunk(rest) {
        found.extend(text(kind, data));
        if kind == *b"IEND" || found.len() >= MAX_TEXTS {
            break;
        }
        rest = after;
    }
    Some(found)
}

/// Kind and data of the first chunk, and what follows its checksum; nothing once the file breaks off.
fn chunk(bytes: &[u8]) -> Option<([u8; 4], &[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (kind, rest) = rest.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
    let (data, rest) = rest.split_at_checked(length)?;
    let (_checksum, rest) = rest.split_first_chunk::<4>()?;
    Some((*kind, data, rest))
}

fn text(kind: [u8; 4], data: &[u8]) -> Option<(String, String)> {
    let (keyword, rest) = until_zero(data)?;
    let text = match &kind {
        b"tEXt" => latin1(rest),
        b"zTXt" => latin1(&unpacked(rest.strip_prefix(&[0])?)?),
        b"iTXt" => international(rest)?,
        _ => return None,
    };
    Some((latin1(keyword), text))
}

/// Whether it is compressed and how, language, translated keyword, then the text in UTF-8.
fn international(data: &[u8]) -> Option<String> {
    let ([compressed, _method], rest) = data.split_first_chunk::<2>()?;
    let (_language, rest) = until_zero(rest)?;
    let (_translated, text) = until_zero(rest)?;
    let bytes = if *compressed == 1 { unpacked(text)? } else { text.to_vec() };
    String::from_utf8(bytes).ok()
}

fn until_zero(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let zero = data.iter().position(|&byte| byte == 0)?;
    Some((&data[..zero], &data[zero + 1..]))
}

fn unpacked(data: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    ZlibDecoder::new(data).take(MAX_TEXT).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| byte as char).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(change: impl FnOnce(&mut png::Encoder<'_, &mut Vec<u8>>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, 1, 1);
        change(&mut encoder);
        encoder.write_header().unwrap().write_image_data(&[0]).unwrap();
        bytes
    }

    #[test]
    fn all_three_kinds_of_text_are_read() {
        let bytes = png(|encoder| {
            encoder.add_text_chunk("parameters".into(), "café".into()).unwrap();
            encoder.add_ztxt_chunk("Comment".into(), "squeezed".into()).unwrap();
            encoder.add_itxt_chunk("Title".into(), "数字".into()).unwrap();
        });
        let mut found = texts(&bytes).unwrap();
        found.sort();
        let expected = [("Comment", "squeezed"), ("Title", "数字"), ("parameters", "café")];
        assert_eq!(found, expected.map(|(key, text)| (key.to_owned(), text.to_owned())));
    }

    #[test]
    fn a_broken_file_gives_what_comes_before_the_break() {
        let whole = png(|encoder| {
            encoder.add_text_chunk("parameters".into(), "Steps: 1".into()).unwrap();
        });
        assert_eq!(texts(&whole[..whole.len() - 7]).unwrap().len(), 1);
        for length in 0..whole.len() {
            let _ = texts(&whole[..length]);
        }
        assert_eq!(texts(b"GIF89a"), None);
        let endless = [SIGNATURE, &[0xff; 20]].concat();
        assert_eq!(texts(&endless), Some(vec![]));
    }
}
