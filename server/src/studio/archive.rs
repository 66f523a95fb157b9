//! A zip on its way to somebody: written to a nameless file, so that it need not fit in memory.

use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::{Path, PathBuf};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::{Error, Result};

pub struct Archive {
    zip: ZipWriter<File>,
    folder: PathBuf,
}

impl Archive {
    /// The nameless file lies in `folder`.
    pub fn begin(folder: &Path) -> Result<Self> {
        let file = tempfile::tempfile_in(folder).map_err(Error::file("write a zip in", folder))?;
        Ok(Self { zip: ZipWriter::new(file), folder: folder.to_owned() })
    }

    /// Adds the file at `path` as `name`. Pictures and weights are as small as they get already.
    pub fn add(&mut self, name: &str, path: &Path) -> Result<()> {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Stored)
            .large_file(true);
        let mut file = File::open(path).map_err(Error::file("read", path))?;
        self.zip.start_file(name, options).map_err(failed)?;
        std::io::copy(&mut file, &mut self.zip)
            .map_err(Error::file("write a zip in", &self.folder))?;
        Ok(())
    }

    /// The finished zip, to be read from its beginning.
    pub fn finish(self) -> Result<File> {
        let mut file = self.zip.finish().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(Error::file("read a zip in", &self.folder))?;
        Ok(file)
    }
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Other(format!("no zip could be made: {error}"))
}
