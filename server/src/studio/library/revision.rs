//! Data sets revised in the page: images taken out, classes changed, and what their pixels are like.

use std::path::Path;
use std::sync::Arc;

use app::api::{DatasetChange, DatasetEdit, DatasetStatistics};
use engine::config::parse_colour;
use engine::data::{Source, built_in};

use super::Datasets;
use super::datasets::PATIENCE;
use super::editing::{self, Edits, ImageFolder, Journal};
use super::overlay::{self, Changes, Overlay};
use super::survey::StoredSurvey;
use crate::studio::store::DatasetRow;
use crate::{Error, Result};

/// Sizes that are told one by one.
const SIZES: usize = 12;

/// What can be done with a data set.
#[derive(Default)]
pub(super) struct Editable {
    pub editable: bool,
    /// What can be taken back, in words.
    pub undo: Option<String>,
    /// Whether changes are laid over its own files, or were before others came in their place.
    pub revised: bool,
    /// Whether images can be added: it is a folder of ours.
    pub takes_images: bool,
    /// Why the changes are not laid over it, if they do not belong to it.
    pub note: Option<String>,
}

impl Datasets {
    /// Images of an uploaded folder are moved on disk; over those in arrays the changes are laid.
    pub(super) fn edits(&self, row: &DatasetRow) -> Result<Editable> {
        if in_arrays(row)? {
            let changes = Changes::read(&self.folders.changes(&row.name))?;
            let revised = !changes.revision.is_empty();
            // What cannot be opened says so elsewhere.
            let strays =
                revised && self.bare_source(row).is_ok_and(|source| !fits(&changes, &source));
            return Ok(Editable {
                editable: !strays,
                undo: changes.undo().filter(|_| !strays),
                revised,
                takes_images: false,
                note: strays.then(|| replaced(&row.name)),
            });
        }
        if !row.uploaded {
            return Ok(Editable::default());
        }
        let journal = Journal::read(&self.folders.dataset(&row.name));
        let undo = journal.map(|journal| journal.words);
        Ok(Editable { editable: true, undo, takes_images: true, ..Editable::default() })
    }

    fn open_to_edit(&self, row: &DatasetRow) -> Result<Box<dyn Edits>> {
        if !in_arrays(row)? {
            return Ok(Box::new(ImageFolder::open(&self.folders.dataset(&row.name))?));
        }
        let source = self.bare_source(row)?;
        Ok(Box::new(Overlay::open(self.folders.changes(&row.name), source)?))
    }

    /// Changes the images of a data set.
    pub fn edit(self: &Arc<Self>, name: &str, edit: &DatasetEdit) -> Result<DatasetChange> {
        // One edit at a time, and no run begins meanwhile.
        let lock = self.folders.lock_names()?;
        let row = self.editable(name)?;
        if !matches!(edit, DatasetEdit::Reset) {
            self.row_source(&row)?;
        }
        let set = self.open_to_edit(&row)?;
        let images = match edit {
            DatasetEdit::Delete { images } => set.delete(images)?,
            DatasetEdit::Move { images, class } => set.move_to(images, class)?,
            DatasetEdit::RenameClass { class, name } => set.rename_class(class, name)?,
            DatasetEdit::Reset => set.reset()?,
            DatasetEdit::DeleteDuplicates => {
                let twice = self.duplicates(name)?;
                if twice.is_empty() {
                    return Err(Error::Conflict("no two of its images are alike".into()));
                }
                set.delete(&set.names_at(&twice))?
            }
        };
        drop(lock);
        self.changed(row, images)
    }

    /// Adds the images of an archive, under `class` or, where that is empty, under the classes that
    /// they have there. Errors name `name`, `file` and `class`.
    pub fn add_images(
        self: &Arc<Self>,
        name: &str,
        class: &str,
        archive: &Path,
    ) -> Result<DatasetChange> {
        let staging = self.staging()?;
        let images = &staging.path().join("images");
        let skipped = self.unpack_into(images, archive).map_err(|error| error.at_field("file"))?;
        let lock = self.folders.lock_names()?;
        let row = self.editable(name).map_err(|error| error.at_field("name"))?;
        if !row.uploaded || in_arrays(&row)? {
            let message = format!(
                "images cannot be added to the files of {name}; upload it as images, or add them \
                 where it stands"
            );
            return Err(Error::field("name", message));
        }
        let set = ImageFolder::open(&self.folders.dataset(name))?;
        let added = set.add(images, class, &skipped)?;
        drop(lock);
        self.changed(row, added)
    }

    /// Takes the last edit back.
    pub fn undo(self: &Arc<Self>, name: &str) -> Result<DatasetChange> {
        let lock = self.folders.lock_names()?;
        let row = self.editable(name)?;
        let images = match in_arrays(&row)? {
            true => overlay::undo(&self.folders.changes(name))?,
            false => editing::undo(&self.folders.dataset(name))?,
        };
        drop(lock);
        self.changed(row, images)
    }

    pub fn statistics(&self, name: &str) -> Result<DatasetStatistics> {
        let found = self.look_at_all(name)?;
        let rounded = |numbers: &[f64]| numbers.iter().map(|&number| number as f32).collect();
        let others = found.sizes.iter().skip(SIZES);
        Ok(DatasetStatistics {
            mean: rounded(&found.mean),
            std: rounded(&found.std),
            other_sizes: others.map(|(_, count)| count).sum(),
            sizes: found.sizes.iter().take(SIZES).map(|&((w, h), count)| (w, h, count)).collect(),
            duplicates: found.duplicates.len() as u64,
        })
    }

    /// Counts a data set anew whose files were changed outside since it was counted.
    pub(super) fn notice_changes(self: &Arc<Self>, name: &str) -> Result<()> {
        let Some(row) = self.store.dataset(name)? else { return Ok(()) };
        match &row.survey {
            Some(survey) => {
                let known: StoredSurvey = serde_json::from_str(survey)?;
                if known.listing == self.listing(&row)? {
                    return Ok(());
                }
            }
            // It is being read now.
            None if row.fault.is_none() => return Ok(()),
            // What could not be read may have been mended.
            None => {}
        }
        self.store.set_survey(name, None, None)?;
        // A big one is read on behind whoever asked, who finds that it is not known yet.
        let _ = self.read_behind(row).recv_timeout(PATIENCE);
        Ok(())
    }

    fn duplicates(&self, name: &str) -> Result<Vec<usize>> {
        Ok(self.look_at_all(name)?.duplicates)
    }

    fn look_at_all(&self, name: &str) -> Result<engine::data::Statistics> {
        let background = match built_in(name) {
            Some(_) => None,
            None => parse_colour(&self.row(name)?.background),
        };
        let album = self.open_album(name)?;
        Ok(album.statistics(background.unwrap_or_default(), &self.closing)?)
    }

    /// The row of a data set that may be changed now.
    fn editable(&self, name: &str) -> Result<DatasetRow> {
        if built_in(name).is_some() {
            return Err(Error::Conflict(format!("{name} is drawn by Darkroom and stays as it is")));
        }
        let row = self.row(name)?;
        if !row.uploaded && !in_arrays(&row)? {
            let message = format!("{name} stands outside Darkroom; change its files there");
            return Err(Error::Conflict(message));
        }
        match self.user_of(name)? {
            Some(run) => Err(Error::Conflict(format!("the run {run} uses {name}; stop it first"))),
            None => Ok(row),
        }
    }

    /// Counts anew what is there now.
    fn changed(self: &Arc<Self>, row: DatasetRow, images: u64) -> Result<DatasetChange> {
        let name = row.name.clone();
        *self.lock_album() = None;
        self.store.set_survey(&name, None, None)?;
        // Nothing heard within this time means a big data set, which the page shows as being read.
        let _ = self.read_behind(row).recv_timeout(PATIENCE);
        self.live.library_changed();
        Ok(DatasetChange { info: self.info(&name)?, images })
    }
}

/// Files that cannot be read fit nothing that was made over them.
fn fits(changes: &Changes, source: &Source) -> bool {
    changes.fit(source).unwrap_or(false)
}

/// What is said of a data set whose changes belong to other files.
pub(super) fn replaced(name: &str) -> String {
    format!(
        "the files of {name} were replaced after it was changed here, and the changes belong to the \
         images that were in them: they are not laid over the new ones. Take all changes back to use \
         it as it is, or bring the former files back"
    )
}

/// Whether its images stand in arrays rather than in a file each, as far as it was read.
fn in_arrays(row: &DatasetRow) -> Result<bool> {
    let survey = row.survey.as_deref().map(serde_json::from_str::<StoredSurvey>).transpose()?;
    Ok(survey.is_some_and(|survey| survey.arrays))
}
