//! The header of an npy file: what its numbers are and how they lie.
//!
//! Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use std::io::{self, Read};

use crate::data::Told;

pub const MAGIC: [u8; 6] = *b"\x93NUMPY";
/// numpy writes 128 bytes; what needs more is no plain array.
const MAX_HEADER_BYTES: usize = 64 << 10;
const MAX_AXES: usize = 8;

/// A number as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Unsigned,
    Signed,
    Float,
}

/// What an array says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    pub kind: Kind,
    /// Bytes of one number.
    pub width: usize,
    pub big_endian: bool,
    pub shape: Vec<usize>,
}

impl Header {
    /// Reads up to the first number. The error is the reason in words.
    pub fn read(reader: &mut impl Read) -> Told<Self> {
        let mut start = [0; 8];
        reader.read_exact(&mut start).map_err(|error| cut_short(&error))?;
        if start[..6] != MAGIC {
            return Err("is no npy array".into());
        }
        let length = match start[6] {
            1 => u32::from(u16::from_le_bytes(bytes(reader)?)),
            2 | 3 => u32::from_le_bytes(bytes(reader)?),
            version => return Err(format!("is of version {version} of npy, which is not known")),
        } as usize;
        if length > MAX_HEADER_BYTES {
            return Err(format!("tells of a header of {length} bytes, more than any array needs"));
        }
        let mut text = vec![0; length];
        reader.read_exact(&mut text).map_err(|error| cut_short(&error))?;
        Self::parse(&String::from_utf8_lossy(&text))
    }

    fn parse(text: &str) -> Told<Self> {
        let missing = |key: &str| format!("has a header without a readable `{key}`");
        let descr = value(text, "descr").and_then(quoted).ok_or_else(|| missing("descr"))?;
        let (kind, width, big_endian) = number(descr)?;
        let order = value(text, "fortran_order").ok_or_else(|| missing("fortran_order"))?;
        let shape = value(text, "shape").and_then(tuple).ok_or_else(|| missing("shape"))?;
        // Of one axis or none both orders are the same.
        if order.starts_with("True") && shape.len() > 1 {
            return Err("lies column by column: save np.ascontiguousarray of it".into());
        }
        Ok(Self { kind, width, big_endian, shape })
    }

    /// How many numbers there are; nothing if that is more than can be counted.
    pub fn numbers(&self) -> Option<usize> {
        self.shape.iter().try_fold(1usize, |product, &axis| product.checked_mul(axis))
    }

    /// Such as `float32 of 100x28x28`.
    pub fn words(&self) -> String {
        let kind = match self.kind {
            Kind::Unsigned => "uint",
            Kind::Signed => "int",
            Kind::Float => "float",
        };
        let axes: Vec<String> = self.shape.iter().map(usize::to_string).collect();
        format!("{kind}{} of {}", self.width * 8, axes.join("x"))
    }

    /// One number out of its bytes.
    pub fn number(&self, bytes: &[u8]) -> f64 {
        let mut little = [0; 8];
        little[..bytes.len()].copy_from_slice(bytes);
        if self.big_endian {
            little[..bytes.len()].reverse();
        }
        let raw = u64::from_le_bytes(little);
        match (self.kind, self.width) {
            (Kind::Float, 2) => half::f16::from_bits(raw as u16).to_f64(),
            (Kind::Float, 4) => f64::from(f32::from_bits(raw as u32)),
            (Kind::Float, _) => f64::from_bits(raw),
            (Kind::Unsigned, _) => raw as f64,
            (Kind::Signed, width) => {
                let unused = 64 - 8 * width as u32;
                (((raw << unused) as i64) >> unused) as f64
            }
        }
    }
}

fn cut_short(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => "is cut short: it ends inside its header".into(),
        _ => error.to_string(),
    }
}

fn bytes<const N: usize>(reader: &mut impl Read) -> Told<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes).map_err(|error| cut_short(&error))?;
    Ok(bytes)
}

/// What stands behind `'key':` in the text of a Python dictionary.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(&format!("'{key}'"))?;
    Some(rest.trim_start().strip_prefix(':')?.trim_start())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.split_once('\'').map(|(inner, _)| inner)
}

fn tuple(text: &str) -> Option<Vec<usize>> {
    let (inner, _) = text.strip_prefix('(')?.split_once(')')?;
    let axes = inner.split(',').map(str::trim).filter(|axis| !axis.is_empty());
    let shape: Vec<usize> = axes.map(|axis| axis.parse().ok()).collect::<Option<_>>()?;
    (shape.len() <= MAX_AXES).then_some(shape)
}

/// A type such as `<f4` or `|u1`: its kind, its bytes, and whether the first byte weighs most.
fn number(descr: &str) -> Told<(Kind, usize, bool)> {
    let unknown = || {
        format!("holds `{descr}`, which are no plain numbers: save it as uint8, float32 or int64")
    };
    let mut letters = descr.chars();
    let big_endian = match letters.next() {
        Some('>') => true,
        Some('<' | '|' | '=') => false,
        _ => return Err(unknown()),
    };
    let (kind, widths): (Kind, &[usize]) = match letters.next() {
        Some('u') => (Kind::Unsigned, &[1, 2, 4, 8]),
        Some('i') => (Kind::Signed, &[1, 2, 4, 8]),
        Some('f') => (Kind::Float, &[2, 4, 8]),
        _ => return Err(unknown()),
    };
    let width = letters.as_str().parse().ok().filter(|width| widths.contains(width));
    width.map(|width| (kind, width, big_endian)).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(text: &str) -> Told<Header> {
        Header::parse(text)
    }

    #[test]
    fn a_header_is_read_as_numpy_writes_it() {
        let found = header("{'descr': '>i2', 'fortran_order': False, 'shape': (3, 4), }  \n");
        let found = found.unwrap();
        assert_eq!(found.words(), "int16 of 3x4");
        assert_eq!((found.numbers(), found.number(&[0xff, 0xfe])), (Some(12), -2.0));
        let one = header("{'descr': '<f4', 'fortran_order': True, 'shape': (5,), }").unwrap();
        assert_eq!((one.shape.as_slice(), one.number(&1.5f32.to_le_bytes())), (&[5][..], 1.5));
    }

    #[test]
    fn what_is_no_plain_array_is_told() {
        let told = |text: &str| header(text).unwrap_err();
        let shape = "'shape': (3, 4)";
        assert!(told("{'descr': '|O', 'fortran_order': False}").contains("`|O`"));
        let fortran = format!("{{'descr': '<f4', 'fortran_order': True, {shape}}}");
        assert!(told(&fortran).contains("ascontiguousarray"));
        assert!(told("{'descr': '<f4', 'fortran_order': False}").contains("`shape`"));
        assert!(told("").contains("`descr`"));
        let huge = "{'descr': '|u1', 'fortran_order': False, 'shape': (9999999999, 9999999999, 3)}";
        assert_eq!(header(huge).unwrap().numbers(), None);
    }
}
