//! The comments of a GIF from anywhere.
//!
//! Blocks are walked without decoding pixels, so a file costs no more than its length.

const EXTENSION: u8 = 0x21;
const COMMENT: u8 = 0xfe;
const IMAGE: u8 = 0x2c;

/// Comments of one file at most; more are no picture's.
const MAX_COMMENTS: usize = 64;

/// The comments that can be read, in their order; none if `bytes` is no GIF.
pub fn comments(bytes: &[u8]) -> Option<Vec<String>> {
    let rest = bytes.strip_prefix(b"GIF87a").or_else(|| bytes.strip_prefix(b"GIF89a"))?;
    let mut found = Vec::new();
    let mut rest = behind_head(rest, 7, 4).unwrap_or_default();
    while let Some((comment, after)) = block(rest) {
        found.extend(comment.filter(|comment| !comment.is_empty()));
        if found.len() >= MAX_COMMENTS {
            break;
        }
        rest = after;
    }
    Some(found)
}

/// What follows a head of so many bytes and its colours, of which the byte at `place` tells.
fn behind_head(bytes: &[u8], length: usize, place: usize) -> Option<&[u8]> {
    let (head, rest) = bytes.split_at_checked(length)?;
    rest.get(table_bytes(head[place])..)
}

/// Colours of a table, as the bits that tell of it say, take three bytes each.
fn table_bytes(bits: u8) -> usize {
    if bits & 0x80 == 0 { 0 } else { 3 << ((bits & 7) + 1) }
}

/// The comment in the first block, if it is one, and what follows; nothing once the file ends or breaks
/// off.
fn block(bytes: &[u8]) -> Option<(Option<String>, &[u8])> {
    let (kind, rest) = bytes.split_first()?;
    match *kind {
        EXTENSION => {
            let (label, rest) = rest.split_first()?;
            let (data, rest) = parts(rest)?;
            Some(((*label == COMMENT).then(|| text(&data)), rest))
        }
        IMAGE => {
            let (_code_size, rest) = behind_head(rest, 9, 8)?.split_first()?;
            Some((None, parts(rest)?.1))
        }
        _ => None,
    }
}

/// The data of a block, which comes in parts of up to 255 bytes, and what follows.
fn parts(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (mut data, mut rest) = (Vec::new(), bytes);
    loop {
        let (length, after) = rest.split_first()?;
        let (part, after) = after.split_at_checked(usize::from(*length))?;
        if part.is_empty() {
            return Some((data, after));
        }
        data.extend_from_slice(part);
        rest = after;
    }
}

/// Pillow, by which A1111 writes, has UTF-8; older programs have Latin-1.
fn text(bytes: &[u8]) -> String {
    let latin1 = || bytes.iter().map(|&byte| byte as char).collect();
    let text = std::str::from_utf8(bytes).map_or_else(|_| latin1(), str::to_owned);
    text.trim_matches(['\0', ' ', '\n']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A GIF of one pixel with these comments before it.
    fn gif(comments: &[&[u8]]) -> Vec<u8> {
        let mut bytes = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff".to_vec();
        for comment in comments {
            bytes.extend([EXTENSION, COMMENT]);
            for part in comment.chunks(255) {
                bytes.push(part.len() as u8);
                bytes.extend(part);
            }
            bytes.push(0);
        }
        bytes.extend(b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0\x3b");
        bytes
    }

    #[test]
    fn comments_of_any_length_are_read() {
        let long = "ü, 7 ".repeat(200);
        let bytes = gif(&[b"", long.as_bytes(), b"caf\xe9"]);
        assert_eq!(comments(&bytes).unwrap(), [long.trim(), "café"]);
        assert_eq!(comments(&gif(&[])), Some(vec![]));
        assert_eq!(comments(b"\x89PNG"), None);
    }

    #[test]
    fn a_comment_behind_the_pixels_is_read() {
        let mut bytes = gif(&[]);
        bytes.pop();
        bytes.extend(b"\x21\xfe\x03end\0\x3b\x21\xfe\x05after\0");
        assert_eq!(comments(&bytes).unwrap(), ["end"]);
    }

    #[test]
    fn a_file_that_breaks_off_has_no_more_comments() {
        let whole = gif(&[b"Steps: 1"]);
        for length in 0..whole.len() {
            let _ = comments(&whole[..length]);
        }
        assert_eq!(comments(&whole[..whole.len() - 9]).unwrap(), ["Steps: 1"]);
    }
}
