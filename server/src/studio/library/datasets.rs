//! Data sets: the two that are drawn by the program, uploaded ones, and those named by path.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use app::api::{DatasetImage, DatasetInfo, DatasetPage, SkippedFile};
use engine::CancelToken;
use engine::config::{parse_colour, unknown_name};
use engine::data::{Album, Entry, Found, NO_CLASS, Source, Stamp, built_in, detect};
use engine::grid::Picture;

use super::archives::{source_at, unpacked_source};
use super::dataset_info::{info, info_of, with_survey};
use super::overlay::Changes;
use super::revision::{Editable, replaced};
use super::survey::{StoredSurvey, listing};
use crate::studio::files::{remove_file, remove_folder};
use crate::studio::folders::Folders;
use crate::studio::live::LiveJobs;
use crate::studio::store::{DatasetRow, Store};
use crate::{Error, Result};

/// The data sets that the program draws itself.
pub const BUILT_IN: &[&str] = &["digits", "textures"];

/// Images on one page of the browser.
const PAGE: u64 = 60;

/// Longer side of a thumbnail.
const THUMBNAIL: u32 = 128;

/// A request waits so long for a small data set to be read; a big one is read on behind it.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// Everything that knows data sets by name.
pub struct Datasets {
    pub(super) folders: Folders,
    pub(super) store: Arc<Store>,
    pub(super) live: Arc<LiveJobs>,
    built_in: Mutex<HashMap<String, StoredSurvey>>,
    /// The data set that was looked at last, open.
    album: Mutex<Option<(String, Arc<Album>)>>,
    pub(super) closing: CancelToken,
}

impl Datasets {
    pub fn new(folders: Folders, store: Arc<Store>, live: Arc<LiveJobs>) -> Self {
        Self {
            folders,
            store,
            live,
            built_in: Mutex::default(),
            album: Mutex::default(),
            closing: CancelToken::new(),
        }
    }

    /// Reads in the background what the last program did not get to read.
    pub fn read_unread(self: &Arc<Self>) -> Result<()> {
        for row in self.store.datasets()? {
            if row.survey.is_none() && row.fault.is_none() {
                self.read_behind(row);
            }
        }
        Ok(())
    }

    /// Ends all reading in the background.
    pub fn close(&self) {
        self.closing.cancel();
    }

    pub fn list(&self) -> Result<Vec<DatasetInfo>> {
        let drawn = BUILT_IN.iter().map(|name| self.built_in_info(name));
        let named = self.store.datasets()?.into_iter().map(|row| self.row_info(&row));
        drawn.chain(named).collect()
    }

    pub fn info(&self, name: &str) -> Result<DatasetInfo> {
        if built_in(name).is_some() {
            return self.built_in_info(name);
        }
        self.row_info(&self.row(name)?)
    }

    fn row_info(&self, row: &DatasetRow) -> Result<DatasetInfo> {
        let Editable { editable, undo, revised, takes_images, note } = self.edits(row)?;
        let info = info(row)?;
        let note = note.or(info.note);
        Ok(DatasetInfo { editable, undo, revised, takes_images, note, ..info })
    }

    /// One page of the images of `class`, or of all.
    pub fn page(
        self: &Arc<Self>,
        name: &str,
        class: Option<&str>,
        offset: u64,
    ) -> Result<DatasetPage> {
        self.notice_changes(name)?;
        let album = self.open_album(name)?;
        let info = self.info(name)?;
        let chosen: Vec<_> = album
            .entries()
            .into_iter()
            .enumerate()
            .filter(|(_, entry)| {
                class.is_none_or(|class| entry.class.as_deref().unwrap_or(NO_CLASS) == class)
            })
            .collect();
        let total = chosen.len() as u64;
        let images = chosen
            .into_iter()
            .skip(usize::try_from(offset).unwrap_or(usize::MAX))
            .take(PAGE as usize)
            .map(|(index, entry)| DatasetImage {
                url: format!("/files/datasets/{name}/{index}.png"),
                class: entry.class,
                name: entry.name,
            })
            .collect();
        Ok(DatasetPage { info, class: class.map(Into::into), offset, total, images })
    }

    pub fn thumbnail(&self, name: &str, index: usize) -> Result<Picture> {
        let background = match built_in(name) {
            Some(_) => None,
            None => parse_colour(&self.row(name)?.background),
        };
        let album = match self.album_in_hand(name) {
            Some(album) => album,
            None => self.open_album(name)?,
        };
        Ok(album.picture(index, THUMBNAIL, background.unwrap_or_default())?)
    }

    /// Opens the data set as it is now and keeps it in hand for its thumbnails.
    pub(super) fn open_album(&self, name: &str) -> Result<Arc<Album>> {
        let source = match built_in(name) {
            Some(source) => source,
            None => self.shown_source(&self.row(name)?)?,
        };
        let album = Arc::new(source.open()?);
        *self.lock_album() = Some((name.to_owned(), Arc::clone(&album)));
        Ok(album)
    }

    fn album_in_hand(&self, name: &str) -> Option<Arc<Album>> {
        let in_hand = self.lock_album();
        in_hand.as_ref().filter(|(of, _)| of == name).map(|(_, album)| Arc::clone(album))
    }

    pub(super) fn lock_album(&self) -> MutexGuard<'_, Option<(String, Arc<Album>)>> {
        self.album.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The images that a configuration calls `asked`: a data set's name, or else a path.
    pub fn resolve(&self, asked: &str, cancel: &CancelToken) -> Result<Source> {
        const FIELD: &str = "dataset_params.im_path";
        if let Some(source) = built_in(asked) {
            return Ok(source);
        }
        if self.store.dataset(asked)?.is_some() {
            return self.named_source(asked).map_err(|error| error.at_field(FIELD));
        }
        let path = Path::new(asked);
        if !path.exists() {
            return Err(self.unknown(FIELD, asked)?);
        }
        source_at(&self.folders, path, cancel).map_err(|error| match error {
            Error::Engine(engine::Error::Cancelled) => error,
            other => other.at_field(FIELD),
        })
    }

    /// Checks that `asked` is there without opening its images.
    pub fn check(&self, asked: &str) -> Result<()> {
        let known = built_in(asked).is_some() || self.store.dataset(asked)?.is_some();
        match known || Path::new(asked).exists() {
            true => Ok(()),
            false => Err(self.unknown("dataset_params.im_path", asked)?),
        }
    }

    /// The same, and what is known of it is that of its files as they are now.
    pub fn check_as_it_is(self: &Arc<Self>, asked: &str) -> Result<()> {
        self.check(asked)?;
        self.notice_changes(asked).map_err(|error| error.at_field("dataset_params.im_path"))
    }

    /// What there is to know of a data set, once it has been read; a path is not known.
    pub fn known(&self, asked: &str) -> Result<Option<DatasetInfo>> {
        let named = built_in(asked).is_some() || self.store.dataset(asked)?.is_some();
        if !named {
            return Ok(None);
        }
        let info = self.info(asked)?;
        Ok(Some(info).filter(|info| info.note.is_none()))
    }

    /// How many classes there are, where that is known without unpacking anything; images without a
    /// class count as one.
    pub fn known_classes(&self, asked: &str) -> Result<Option<usize>> {
        if let Some(source) = built_in(asked) {
            return Ok(Some(count_classes(&source.entries()?)));
        }
        if self.store.dataset(asked)?.is_some() {
            let info = self.info(asked)?;
            return Ok(info.note.is_none().then_some(info.classes.len()));
        }
        match detect(Path::new(asked)) {
            Ok(Found::Source(source)) => Ok(source.entries().ok().as_deref().map(count_classes)),
            // An archive is unpacked by the job; what cannot be read is told when it is opened.
            _ => Ok(None),
        }
    }

    /// How many images there are, without opening them; 0 while nobody knows.
    pub fn count(self: &Arc<Self>, asked: &str) -> Result<u64> {
        self.check_as_it_is(asked)?;
        if let Some(info) = self.known(asked)? {
            return Ok(info.count);
        }
        match detect(Path::new(asked)) {
            Ok(Found::Source(source)) => Ok(source.count()? as u64),
            // An archive is unpacked when the run begins, not for an estimate.
            _ => Ok(0),
        }
    }

    /// Surveys the data set on a thread of its own; the receiver hears when it is done.
    pub(super) fn read_behind(self: &Arc<Self>, row: DatasetRow) -> Receiver<()> {
        let (done, heard) = channel();
        let datasets = Arc::clone(self);
        std::thread::spawn(move || {
            if let Err(error) = datasets.read(&row) {
                tracing::warn!("the data set {} could not be read: {error}", row.name);
            }
            // The one who waited may have lost patience.
            let _ = done.send(());
            datasets.live.library_changed();
        });
        heard
    }

    fn read(&self, row: &DatasetRow) -> Result<()> {
        let read = self.listing(row).and_then(|listing| Ok((listing, self.shown_source(row)?)));
        let surveyed = read.and_then(|(listing, source)| {
            let arrays = source.has_label_file();
            let survey = StoredSurvey::from(source.survey(&self.closing)?);
            Ok(StoredSurvey { listing, arrays, ..survey })
        });
        match surveyed {
            Ok(survey) => {
                let fault = (survey.count == 0).then(|| no_image_reads(&survey.skipped));
                let text = serde_json::to_string(&survey)?;
                self.store.set_survey(&row.name, Some(&text), fault.as_deref())
            }
            // It is read again when the program starts the next time.
            Err(Error::Engine(engine::Error::Cancelled)) => Ok(()),
            Err(error) => self.store.set_survey(&row.name, None, Some(&error.to_string())),
        }
    }

    /// Forgets a data set; the images of an uploaded one are removed.
    pub fn delete(&self, name: &str) -> Result<()> {
        if built_in(name).is_some() {
            return Err(Error::Conflict(format!("{name} is built in and stays")));
        }
        let _lock = self.folders.lock_names()?;
        let row = self.row(name)?;
        if let Some(job) = self.user_of(name)? {
            return Err(Error::Conflict(format!("the run {job} uses {name}; stop it first")));
        }
        *self.lock_album() = None;
        self.give_up(&row)?;
        self.live.library_changed();
        Ok(())
    }

    /// Removes the row with what is ours of the data set. The lock on names is held.
    pub(super) fn give_up(&self, row: &DatasetRow) -> Result<()> {
        self.store.delete_dataset(&row.name)?;
        if row.uploaded {
            remove_folder(&self.folders.dataset(&row.name))?;
        }
        remove_file(&self.folders.changes(&row.name));
        Ok(())
    }

    /// The open training that reads this data set.
    pub(super) fn user_of(&self, name: &str) -> Result<Option<String>> {
        let jobs = self.store.open_jobs()?;
        let uses = |request: &str| {
            crate::studio::runs::RunRequest::read(request)
                .is_ok_and(|run| run.config.dataset_params.im_path == name)
        };
        Ok(jobs.into_iter().find(|job| uses(&job.request)).map(|job| job.title))
    }

    fn named_source(&self, name: &str) -> Result<Source> {
        match built_in(name) {
            Some(source) => Ok(source),
            None => self.row_source(&self.row(name)?),
        }
    }

    /// With what was changed laid over it; an error if its files were replaced since.
    pub(super) fn row_source(&self, row: &DatasetRow) -> Result<Source> {
        let source = self.bare_source(row)?;
        let changes = self.changes(row, &source)?;
        match changes.fit(&source)? {
            true => Ok(changes.laid_over(source)),
            false => Err(Error::Conflict(replaced(&row.name))),
        }
    }

    /// The same to be looked at: as it comes if its files were replaced.
    fn shown_source(&self, row: &DatasetRow) -> Result<Source> {
        let source = self.bare_source(row)?;
        let changes = self.changes(row, &source)?;
        Ok(if changes.fit(&source)? { changes.laid_over(source) } else { source })
    }

    /// What tells one state of the files from another, without opening one: nothing is unpacked.
    pub(super) fn listing(&self, row: &DatasetRow) -> Result<String> {
        let found = match row.uploaded {
            true => detect(&self.folders.dataset(&row.name))?,
            false => detect(Path::new(&row.path))?,
        };
        Ok(listing(&match found {
            Found::Source(source) => source.stamps()?,
            Found::Archive(archive) => vec![Stamp::of(&archive)?],
        }))
    }

    /// As its files have it.
    pub(super) fn bare_source(&self, row: &DatasetRow) -> Result<Source> {
        match row.uploaded {
            // By name, not by the path of the day it was uploaded: the data folder may have moved.
            true => unpacked_source(&self.folders.dataset(&row.name)),
            false => source_at(&self.folders, &PathBuf::from(&row.path), &self.closing),
        }
    }

    fn changes(&self, row: &DatasetRow, source: &Source) -> Result<Changes> {
        match source.has_label_file() {
            true => Changes::read(&self.folders.changes(&row.name)),
            false => Ok(Changes::default()),
        }
    }

    pub(super) fn row(&self, name: &str) -> Result<DatasetRow> {
        self.store
            .dataset(name)?
            .ok_or_else(|| Error::NotFound(format!("there is no data set called {name}")))
    }

    fn unknown(&self, field: &str, asked: &str) -> Result<Error> {
        let named = self.store.datasets()?;
        let names = BUILT_IN.iter().copied().chain(named.iter().map(|row| row.name.as_str()));
        Ok(Error::Config(unknown_name(field, asked, names)))
    }

    fn built_in_info(&self, name: &str) -> Result<DatasetInfo> {
        let source = built_in(name)
            .ok_or_else(|| Error::NotFound(format!("there is no data set called {name}")))?;
        let mut known = self.built_in.lock().unwrap_or_else(PoisonError::into_inner);
        let survey = match known.get(name) {
            Some(survey) => survey.clone(),
            None => {
                let survey = StoredSurvey::from(source.survey(&CancelToken::new())?);
                known.insert(name.into(), survey.clone());
                survey
            }
        };
        let empty = info_of(name, true, "drawn by Darkroom");
        Ok(with_survey(empty, survey))
    }
}

fn count_classes(entries: &[Entry]) -> usize {
    entries.iter().map(|entry| entry.class.as_deref()).collect::<HashSet<_>>().len()
}

pub(super) fn no_image_reads(skipped: &[SkippedFile]) -> String {
    match skipped.first() {
        Some(first) => format!("no image in it can be read; {}: {}", first.name, first.reason),
        None => "there are no images in it".into(),
    }
}
