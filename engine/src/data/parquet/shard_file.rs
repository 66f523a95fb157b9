//! A file as the parquet crate reads it, within bounds.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::Bytes;

/// The most bytes that a page may become when it is unpacked, whatever the size of its file.
const LARGEST_PAGE: u64 = 64 << 20;
/// Pages of a larger file may become this many times its size: images are packed already.
const MOST_GROWTH: u64 = 8;
/// The head of a field that holds an i32 and follows the one before it.
const NEXT_I32: u8 = 0x15;

/// Opened anew for each part that is read, so that threads do not share a position.
pub struct ShardFile {
    path: PathBuf,
    length: u64,
}

impl ShardFile {
    pub fn at(path: &Path) -> std::io::Result<Self> {
        Ok(Self { path: path.to_owned(), length: path.metadata()?.len() })
    }
}

impl Length for ShardFile {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for ShardFile {
    type T = BufReader<File>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(start))?;
        let mut reader = BufReader::new(file);
        let most = LARGEST_PAGE.max(self.length.saturating_mul(MOST_GROWTH));
        match unpacked_bytes(reader.fill_buf()?) {
            Some(bytes) if bytes > most => Err(ParquetError::General(format!(
                "a page at {start} would become {bytes} bytes, more than {most}"
            ))),
            _ => Ok(reader),
        }
    }

    /// No memory is taken for more than the file holds.
    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        if start.checked_add(length as u64).is_none_or(|end| end > self.length) {
            return Err(ParquetError::EOF(format!("it ends before {length} bytes at {start}")));
        }
        let mut bytes = vec![0; length];
        self.get_read(start)?.read_exact(&mut bytes)?;
        Ok(bytes.into())
    }
}

/// What the header of a page says it becomes, where `start` is one: its first two fields are its kind
/// and this, in Thrift's compact protocol. The crate takes that much memory before it unpacks.
fn unpacked_bytes(start: &[u8]) -> Option<u64> {
    let (_kind, rest) = varint(start.strip_prefix(&[NEXT_I32])?)?;
    let (zigzag, _) = varint(rest.strip_prefix(&[NEXT_I32])?)?;
    Some(zigzag >> 1).filter(|_| zigzag & 1 == 0)
}

/// Seven bits in each byte, the lowest first, and what follows the last.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let length = bytes.iter().take(5).position(|byte| byte & 0x80 == 0)? + 1;
    let (number, rest) = bytes.split_at(length);
    let add = |sum: u64, byte: &u8| sum << 7 | u64::from(byte & 0x7f);
    Some((number.iter().rev().fold(0, add), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of a data page that becomes `bytes`.
    fn header(bytes: u32) -> Vec<u8> {
        let mut header = vec![NEXT_I32, 0, NEXT_I32];
        let mut left = u64::from(bytes) << 1;
        while left >= 0x80 {
            header.push(left as u8 | 0x80);
            left >>= 7;
        }
        header.extend([left as u8, NEXT_I32, 2]);
        header
    }

    #[test]
    fn a_page_that_claims_too_much_is_refused_before_memory_is_taken() {
        for bytes in [0, 1, 63, 64, 300, 64 << 20, i32::MAX as u32] {
            assert_eq!(unpacked_bytes(&header(bytes)), Some(bytes.into()));
        }
        for start in [&b"PAR1"[..], &[NEXT_I32], &[NEXT_I32, 0, NEXT_I32, 0xff, 0xff]] {
            assert_eq!(unpacked_bytes(start), None);
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pages");
        std::fs::write(&path, [header(64 << 20), header(i32::MAX as u32)].concat()).unwrap();
        let file = ShardFile::at(&path).unwrap();
        assert!(file.get_read(0).is_ok());
        let second = header(64 << 20).len() as u64;
        let told = file.get_read(second).err().unwrap().to_string();
        assert!(told.contains("would become 2147483647 bytes"), "{told}");
    }
}
