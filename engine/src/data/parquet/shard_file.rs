//! A file as the parquet crate reads it, within bounds.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use ::parquet::errors::{ParquetError, Result};
use ::parquet::file::reader::{ChunkReader, Length};
use bytes::Bytes;

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
        Ok(BufReader::new(file))
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
