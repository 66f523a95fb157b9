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

    /// Adds all files below `root` whose names there are `wanted`, by those names, in their order.
    pub fn add_all(&mut self, root: &Path, wanted: impl Fn(&str) -> bool) -> Result<()> {
        for path in files_below(root)? {
            let within = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            // A run that goes on removes old checkpoints meanwhile.
            if wanted(&within) && path.is_file() {
                self.add(&within, &path)?;
            }
        }
        Ok(())
    }

    /// The finished zip, to be read from its beginning.
    pub fn finish(self) -> Result<File> {
        let mut file = self.zip.finish().map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(Error::file("read a zip in", &self.folder))?;
        Ok(file)
    }
}

fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::file("read", &folder))?.flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => open.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Other(format!("no zip could be made: {error}"))
}
