//! Data sets on their way in: uploaded, or named by path.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use app::api::{DatasetInfo, SkippedFile};
use engine::config::{name_fault, parse_colour};
use engine::data::{Found, Limits, Source, built_in, detect, unpack};
use tempfile::TempDir;

use super::archives::{source_at, unpacked_source};
use super::dataset_info::BEING_READ;
use super::datasets::{Datasets, PATIENCE, no_image_reads};
use super::survey::skipped_files;
use crate::studio::files::{make_folder, remove_file, remove_folder};
use crate::studio::store::DatasetRow;
use crate::{Error, Result};

/// A data set as it is to be added.
pub struct NewDataset<'a> {
    pub name: &'a str,
    pub background: &'a str,
}

impl NewDataset<'_> {
    fn check(&self) -> Result<()> {
        if let Some(fault) = name_fault(self.name) {
            return Err(Error::field("name", fault));
        }
        if parse_colour(self.background).is_none() {
            let message = format!("`{}` is not a colour; give one as #rrggbb", self.background);
            return Err(Error::field("background", message));
        }
        Ok(())
    }

    fn row(&self, path: &Path, uploaded: bool, skipped: &[SkippedFile]) -> Result<DatasetRow> {
        Ok(DatasetRow {
            name: self.name.into(),
            path: path.to_string_lossy().into_owned(),
            uploaded,
            background: self.background.into(),
            skipped: serde_json::to_string(skipped)?,
            survey: None,
            fault: None,
        })
    }
}

impl Datasets {
    /// Names a folder, archive or file of arrays that stays where it is.
    pub fn add_path(self: &Arc<Self>, new: &NewDataset<'_>, path: &str) -> Result<DatasetInfo> {
        new.check()?;
        self.check_free(new.name)?;
        let path = Path::new(path)
            .canonicalize()
            .map_err(|error| Error::file("open", Path::new(path))(error).at_field("path"))?;
        let source = source_at(&self.folders, &path, &self.closing);
        let filled = source.and_then(|source| not_empty(&source));
        filled.map_err(|error| error.at_field("path"))?;
        let row = new.row(&path, false, &[])?;
        let added = self.take_name(&row, None).and_then(|()| self.read_new(&row));
        added.map_err(|error| error.at_field("path"))
    }

    /// Takes over an uploaded archive or file of arrays; `archive` is consumed either way by the caller.
    pub fn add_upload(
        self: &Arc<Self>,
        new: &NewDataset<'_>,
        archive: &Path,
    ) -> Result<DatasetInfo> {
        new.check()?;
        self.check_free(new.name)?;
        self.unpack_upload(new, archive).map_err(|error| error.at_field("file"))
    }

    /// Unpacks into a folder of its own: somebody else may be doing the same under the same name.
    fn unpack_upload(
        self: &Arc<Self>,
        new: &NewDataset<'_>,
        archive: &Path,
    ) -> Result<DatasetInfo> {
        let own = self.staging()?;
        let images = &own.path().join("images");
        let skipped = self.unpack_into(images, archive)?;
        let source = unpacked_source(images).map_err(|error| error.unnamed(images));
        not_empty(&source.map_err(|error| no_images(error, &skipped))?)?;
        let row = new.row(&self.folders.dataset(new.name), true, &skipped)?;
        self.take_name(&row, Some(images))?;
        self.read_new(&row)
    }

    /// A folder that goes away with its owner.
    pub(super) fn staging(&self) -> Result<TempDir> {
        let uploads = self.folders.uploads();
        make_folder(&uploads)?;
        tempfile::tempdir_in(&uploads).map_err(Error::file("write in", &uploads))
    }

    /// Puts what an upload holds into `folder`, and says what it left out.
    pub(super) fn unpack_into(&self, folder: &Path, archive: &Path) -> Result<Vec<SkippedFile>> {
        let unnamed = |error: engine::Error| Error::from(error).unnamed(archive);
        match detect(archive).map_err(unnamed)? {
            Found::Archive(_) => {
                let skipped = unpack(archive, folder, &Limits::default(), &self.closing);
                Ok(skipped_files(skipped.map_err(unnamed)?))
            }
            Found::Source(source) => {
                // Read to its end: what is missing is told with no name of ours.
                source.open().map_err(unnamed)?;
                make_folder(folder)?;
                let kept = folder.join(source.file_name().unwrap_or("images"));
                fs::copy(archive, &kept).map_err(Error::file("write", &kept))?;
                Ok(Vec::new())
            }
        }
    }

    /// Writes the row, with the uploaded `images` in their place; the name is another's after an
    /// error.
    fn take_name(&self, row: &DatasetRow, images: Option<&Path>) -> Result<()> {
        let _lock = self.folders.lock_names()?;
        self.check_free(&row.name)?;
        // Left behind by a data set of this name that was forgotten.
        remove_file(&self.folders.changes(&row.name));
        if let Some(images) = images {
            let folder = self.folders.dataset(&row.name);
            remove_folder(&folder)?;
            make_folder(&self.folders.datasets())?;
            fs::rename(images, &folder).map_err(Error::file("make the folder", &folder))?;
        }
        let added = self.store.add_dataset(row);
        if row.uploaded && !matches!(added, Ok(true)) {
            remove_folder(&self.folders.dataset(&row.name))?;
        }
        if added? { Ok(()) } else { Err(taken(&row.name)) }
    }

    /// Reads the images of a data set that was just added, in the background if there are many. One
    /// without any is given up.
    fn read_new(self: &Arc<Self>, row: &DatasetRow) -> Result<DatasetInfo> {
        let read = self.read_behind(row.clone());
        // Nothing heard within this time means a big data set, which the page shows as being read.
        let _ = read.recv_timeout(PATIENCE);
        let info = self.info(&row.name)?;
        if info.count == 0 && info.note.as_deref() != Some(BEING_READ) {
            let _lock = self.folders.lock_names()?;
            self.give_up(row)?;
            return Err(Error::field(
                if row.uploaded { "file" } else { "path" },
                info.note.unwrap_or_else(|| no_image_reads(&info.skipped)),
            ));
        }
        self.live.library_changed();
        Ok(info)
    }

    fn check_free(&self, name: &str) -> Result<()> {
        match built_in(name).is_some() || self.store.dataset(name)?.is_some() {
            true => Err(taken(name)),
            false => Ok(()),
        }
    }
}

fn taken(name: &str) -> Error {
    Error::field("name", format!("`{name}` is taken; choose another name"))
}

fn not_empty(source: &Source) -> Result<()> {
    match source.entries()?.is_empty() {
        true => Err(Error::Other("there are no images in it".into())),
        false => Ok(()),
    }
}

/// An archive without images, told with the first file that was left out.
fn no_images(error: Error, skipped: &[SkippedFile]) -> Error {
    match skipped.is_empty() {
        true => error,
        false => Error::Other(no_image_reads(skipped)),
    }
}
