//! The files that a form brings, as one archive.

use std::collections::HashSet;
use std::fs::File;
use std::io::copy;
use std::path::{Path, PathBuf};

use axum::extract::multipart::Field;
use engine::data::is_image_name;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::answer::Fault;
use super::{TemporaryFile, Web, field_fault, new_file, to_disk, too_large, write_fault};

/// What was picked or dropped: an archive, a file of arrays, or images one by one.
#[derive(Default)]
pub struct Files(Vec<Named>);

struct Named {
    name: String,
    file: TemporaryFile,
}

impl Files {
    /// Takes one more; all of them together must be within the limit of an upload.
    pub async fn take(&mut self, web: &Web, field: Field<'_>) -> Result<(), Fault> {
        let name = base_name(field.file_name().unwrap_or_default()).to_owned();
        let file = to_disk(web, field).await?;
        if file.bytes > 0 {
            self.0.push(Named { name, file });
        }
        let sum: u64 = self.0.iter().map(|named| named.file.bytes).sum();
        if sum > web.max_upload { Err(too_large(web.max_upload)) } else { Ok(()) }
    }

    /// One file as it came; several, or an image by itself, as a zip of them.
    pub fn archive(mut self, folder: &Path) -> Result<TemporaryFile, Fault> {
        let is_one = self.0.len() == 1 && !is_image_name(&self.0[0].name);
        match self.0.pop() {
            None => Err(field_fault(
                "file",
                "choose images, a zip or tar.gz of them, or a file of arrays",
            )),
            Some(one) if is_one => Ok(one.file),
            Some(last) => {
                self.0.push(last);
                self.packed(folder)
            }
        }
    }

    fn packed(self, folder: &Path) -> Result<TemporaryFile, Fault> {
        let (path, file) = new_file(folder, ".zip")?;
        let packed = TemporaryFile { path, bytes: 0 };
        let at_path = |error: zip::result::ZipError| write_fault(&packed.path, error.into());
        let mut zip = ZipWriter::new(file);
        // They hardly shrink.
        let stored = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored)
            .large_file(true);
        for (name, file) in self.named() {
            zip.start_file(name, stored).map_err(at_path)?;
            let mut image = File::open(&file).map_err(|error| write_fault(&file, error))?;
            copy(&mut image, &mut zip).map_err(|error| write_fault(&packed.path, error))?;
        }
        zip.finish().map_err(at_path)?;
        Ok(packed)
    }

    /// Every file under a name that no other has.
    fn named(&self) -> impl Iterator<Item = (String, PathBuf)> {
        let mut taken = HashSet::new();
        self.0.iter().map(move |Named { name, file }| {
            let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
            let numbered = (2..).map(|number| format!("{stem}-{number}.{ending}"));
            let mut names = std::iter::once(name.clone()).chain(numbered);
            let free = names.find(|name| taken.insert(name.clone()));
            (free.expect("there is no end of numbers"), file.path.clone())
        })
    }
}

/// What stands behind the last slash of either kind.
fn base_name(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}
