//! Image sets as Parquet, as on the Hugging Face hub: a column of image files and one of classes, in
//! one file or in several shards.

mod columns;
mod shard;
mod shard_file;

use std::path::{Path, PathBuf};

use ::parquet::data_type::ByteArray;
use rayon::prelude::*;
use shard::{Label, Shard};

use super::decode::decode_bytes;
use super::image_set::{gather, room_for};
use super::labels::Labels;
use super::source::no_such_image;
use super::survey::Seen;
use super::transform::prepare;
use super::{Entry, ImageSet, LoadOptions, NO_CLASS, Revision, Skipped, Survey, Told, natural};
use crate::grid::Picture;
use crate::{CancelToken, Error, Result};

pub const MAGIC: [u8; 4] = *b"PAR1";
/// Images that are in memory as files at once.
const BATCH: usize = 64;
/// More rows than this are no data set that fits anywhere.
const MAX_ROWS: usize = 2_000_000;
const MAX_SHARDS: usize = 10_000;
const MAX_DEPTH: usize = 4;

/// The shards of a data set, open.
pub struct Shards {
    /// What was named.
    path: PathBuf,
    shards: Vec<Shard>,
    /// Of the rows that are images of the data set.
    labels: Labels,
}

/// A group of rows: its shard, its place there, its rows, and the number of its first image.
struct Group {
    shard: usize,
    group: usize,
    rows: usize,
    first: usize,
}

/// Whether a file of this name may be a shard.
pub fn is_parquet_name(name: &str) -> bool {
    name.ends_with(".parquet")
}

/// The shards in a folder and the folders in it: those whose name tells of training if there are
/// any, else all.
pub fn shards_in(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    walk(folder, MAX_DEPTH, &mut found);
    found
        .sort_by(|left, right| natural::compare(&left.to_string_lossy(), &right.to_string_lossy()));
    let to_train = |path: &PathBuf| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        inside.to_string_lossy().contains("train")
    };
    match found.iter().any(to_train) {
        true => found.into_iter().filter(to_train).collect(),
        false => found,
    }
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.filter_map(|entry| entry.ok()) {
        let (name, Ok(kind)) = (entry.file_name(), entry.file_type()) else { continue };
        let name = name.to_string_lossy();
        if name.starts_with('.') || found.len() >= MAX_SHARDS {
            continue;
        }
        if kind.is_dir() && depth > 0 {
            walk(&entry.path(), depth - 1, found);
        } else if kind.is_file() && is_parquet_name(&name) {
            found.push(entry.path());
        }
    }
}

/// The shards of a folder, or the file at `path`.
pub fn files(path: &Path) -> Vec<PathBuf> {
    if path.is_dir() { shards_in(path) } else { vec![path.to_owned()] }
}

impl Shards {
    /// Opens a file, or the shards of a folder, and reads all labels.
    pub fn open(path: &Path) -> Result<Self> {
        let paths = files(path);
        let shards = paths.iter().map(|path| Shard::open(path)).collect::<Result<Vec<_>>>()?;
        let mut rows = shards.iter().flat_map(|shard| shard.groups().iter());
        let rows = rows.try_fold(0usize, |sum, &rows| sum.checked_add(rows));
        match rows {
            Some(0) => return Err(Error::file(path, "holds no images: it has no rows")),
            Some(rows) if rows <= MAX_ROWS => {}
            _ => return Err(Error::file(path, format!("tells of more than {MAX_ROWS} images"))),
        }
        let labels = labels(&shards)?;
        Ok(Self { path: path.to_owned(), shards, labels })
    }

    /// The images that are left, with the classes that they have now.
    pub fn revised(self, revision: &Revision) -> Self {
        Self { labels: revision.applied(&self.labels), ..self }
    }

    fn count(&self) -> usize {
        self.labels.places.len()
    }

    /// The images by number.
    pub fn entries(&self) -> Vec<Entry> {
        self.labels.entries()
    }

    pub fn into_labels(self) -> Labels {
        self.labels
    }

    /// The class of the image in a row, if it is one of the data set.
    fn label_of(&self, row: usize) -> Option<u32> {
        let at = self.labels.numbers.binary_search(&row).ok()?;
        Some(self.labels.places[at])
    }

    fn groups(&self) -> Vec<Group> {
        let mut groups = Vec::new();
        let mut first = 0;
        for (shard, file) in self.shards.iter().enumerate() {
            for (group, &rows) in file.groups().iter().enumerate() {
                groups.push(Group { shard, group, rows, first });
                first += rows;
            }
        }
        groups
    }

    /// Image `index`, reading no more than its group.
    pub fn picture(&self, index: usize, background: [u8; 3]) -> Result<Picture> {
        let nowhere = || no_such_image(index, self.count());
        let row = *self.labels.numbers.get(index).ok_or_else(nowhere)?;
        let groups = self.groups();
        let within = |group: &&Group| (group.first..group.first + group.rows).contains(&row);
        let group = groups.iter().find(within).ok_or_else(nowhere)?;
        let shard = &self.shards[group.shard];
        let files = shard.images(group.group, row - group.first)?.next(1)?;
        decoded(files[0].as_ref(), background)
            .map_err(|reason| Error::file(shard.path(), format!("image {row} is {reason}")))
    }

    /// Gives `take` the files of all rows, a batch at a time, with the number of the first.
    fn each_batch(
        &self,
        cancel: &CancelToken,
        mut take: impl FnMut(usize, &[Option<ByteArray>]) -> Result<()>,
    ) -> Result<()> {
        for group in self.groups() {
            let mut images = self.shards[group.shard].images(group.group, 0)?;
            for from in (0..group.rows).step_by(BATCH) {
                cancel.check()?;
                let files = images.next(BATCH.min(group.rows - from))?;
                take(group.first + from, &files)?;
            }
        }
        Ok(())
    }

    /// What `look` says of every image, in order; the reason where one cannot be read.
    pub fn each<T: Send>(
        &self,
        background: [u8; 3],
        cancel: &CancelToken,
        look: impl Fn(&Picture) -> T + Sync,
    ) -> Result<Vec<Told<T>>> {
        let mut looks = Vec::new();
        self.each_batch(cancel, |first, files| {
            let seen = |(at, file): (usize, &Option<ByteArray>)| {
                self.label_of(first + at)?;
                Some(decoded(file.as_ref(), background).map(|picture| look(&picture)))
            };
            let seen: Vec<_> = files.par_iter().enumerate().map(seen).collect();
            looks.extend(seen.into_iter().flatten());
            Ok(())
        })?;
        Ok(looks)
    }

    pub fn survey(&self, cancel: &CancelToken) -> Result<Survey> {
        let seen = self.each([0; 3], cancel, Seen::of)?;
        let mut survey = Survey::new(&self.labels.classes);
        for (index, seen) in seen.into_iter().enumerate() {
            match seen {
                Ok(seen) => survey.add(self.labels.places[index], &seen),
                Err(reason) => {
                    let number = self.labels.numbers[index].to_string();
                    survey.skipped.push(Skipped::new(number, reason));
                }
            }
        }
        match survey.count {
            0 => Err(self.all_broken(survey.skipped.first())),
            _ => Ok(survey),
        }
    }

    fn all_broken(&self, first: Option<&Skipped>) -> Error {
        let first = first.map(|first| format!("; image {}: {}", first.name, first.reason));
        let first = first.unwrap_or_default();
        Error::file(&self.path, format!("none of its images can be read{first}"))
    }

    pub fn load(&self, options: &LoadOptions, cancel: &CancelToken) -> Result<ImageSet> {
        let size = match options.size {
            Some(size) => size,
            None => self.first_size(cancel)?,
        };
        let mut pixels = room_for(self.count(), options.image_bytes(size))?;
        pixels.clear();
        let mut labels = Vec::with_capacity(self.count());
        self.each_batch(cancel, |first, files| {
            let write = |index: usize, planes: &mut [u8]| {
                if self.label_of(first + index).is_none() {
                    return Ok(false);
                }
                let Ok(picture) = decoded(files[index].as_ref(), options.background) else {
                    return Ok(false);
                };
                if options.size.is_none() && (picture.width, picture.height) != size {
                    return Err(self.differs(first + index, &picture, size));
                }
                prepare(picture, size, options.channels, planes);
                Ok(true)
            };
            let (batch, kept) = gather(files.len(), options.image_bytes(size), cancel, write)?;
            pixels.extend(batch);
            labels.extend(kept.into_iter().filter_map(|index| self.label_of(first + index)));
            Ok(())
        })?;
        if labels.is_empty() {
            return Err(self.all_broken(None));
        }
        let (width, height) = size;
        let classes = self.labels.classes.clone();
        Ok(ImageSet { width, height, channels: options.channels, pixels, labels, classes })
    }

    fn differs(&self, index: usize, picture: &Picture, (width, height): (u32, u32)) -> Error {
        let message = format!(
            "image {index} is {}x{}, but those before it are {width}x{height}: choose an image size \
             that all are brought to",
            picture.width, picture.height
        );
        Error::file(&self.path, message)
    }

    /// The size of the first image that can be read.
    fn first_size(&self, cancel: &CancelToken) -> Result<(u32, u32)> {
        for index in 0..self.count() {
            cancel.check()?;
            if let Ok(picture) = self.picture(index, [0; 3]) {
                return Ok((picture.width, picture.height));
            }
        }
        Err(self.all_broken(None))
    }
}

fn decoded(file: Option<&ByteArray>, background: [u8; 3]) -> Told<Picture> {
    let file = file.ok_or("missing: only its path is told, not its bytes")?;
    decode_bytes(file.data(), background)
}

/// The classes of all shards together. Numbers go by the names in the metadata where there are any.
fn labels(shards: &[Shard]) -> Result<Labels> {
    let mut labels = Vec::new();
    for shard in shards {
        let rows = shard.groups().iter().sum();
        labels.extend(shard.labels()?.unwrap_or_else(|| vec![Label::Missing; rows]));
    }
    if labels.iter().all(|label| *label == Label::Missing) {
        return Ok(Labels::none(labels.len()));
    }
    let numbers = numbers(&labels);
    let names = shards.iter().find_map(|shard| Some((shard, shard.class_names()?.to_vec())));
    match (numbers, names) {
        (Some(numbers), Some((shard, names))) => {
            let known = names.len();
            Labels::named(&numbers, names).map_err(|number| {
                let message = format!("names {known} classes, but has a row of class {number}");
                Error::file(shard.path(), message)
            })
        }
        (Some(numbers), None) if !numbers.contains(&-1) => Ok(Labels::numbered(&numbers)),
        _ => Ok(by_word(&labels)),
    }
}

/// The labels as numbers, -1 for none; nothing if one is a word.
fn numbers(labels: &[Label]) -> Option<Vec<i64>> {
    let number = |label: &Label| match label {
        Label::Number(number) => Some(*number),
        Label::Missing => Some(-1),
        Label::Name(_) => None,
    };
    labels.iter().map(number).collect()
}

/// Classes by what they are called, in the order of a person; none comes last.
fn by_word(labels: &[Label]) -> Labels {
    let word = |label: &Label| match label {
        Label::Name(name) => name.clone(),
        Label::Number(number) if *number != -1 => number.to_string(),
        _ => NO_CLASS.to_owned(),
    };
    let words: Vec<String> = labels.iter().map(word).collect();
    let mut classes = words.clone();
    classes.sort_by(|left, right| {
        (left == NO_CLASS).cmp(&(right == NO_CLASS)).then_with(|| natural::compare(left, right))
    });
    classes.dedup();
    let places: std::collections::HashMap<&str, u32> =
        classes.iter().map(String::as_str).zip(0..).collect();
    Labels::new(words.iter().map(|word| places[word.as_str()]).collect(), classes)
}
