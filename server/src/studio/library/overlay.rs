//! Changes to a data set whose labels stand in a file of arrays. They are kept in a file of this
//! program's own and laid over the set, whose files stay as they are; the last change can be taken
//! back, and so can all of them together. They go by the numbers of images, and so belong to the files
//! they were made over: others in their place are left as they come.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use engine::data::{Entry, NO_CLASS, Revision, Source};
use serde::{Deserialize, Serialize};

use super::editing::{Edits, all_but_all, checked_class, class_fault, images, known};
use super::fingerprint::Fingerprint;
use crate::studio::files::write_whole;
use crate::{Error, Result};

/// The images of a data set as they are now, and the file of its changes.
pub struct Overlay {
    path: PathBuf,
    entries: Vec<Entry>,
    files: Vec<PathBuf>,
    changes: Changes,
}

/// What the file holds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Changes {
    pub revision: Revision,
    last: Option<Change>,
    /// The files that they were made over; none in what older versions wrote.
    #[serde(default)]
    over: Option<Fingerprint>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Change {
    /// Such as `3 images taken out`.
    words: String,
    images: u64,
    before: Revision,
}

impl Changes {
    /// Reads the file at `path`; no file is no change.
    pub fn read(path: &Path) -> Result<Self> {
        let text = match fs::read(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Self::default()),
            read => read.map_err(Error::file("read", path))?,
        };
        serde_json::from_slice(&text).map_err(|error| {
            Error::Other(format!(
                "the changes of the data set in `{}` cannot be read: {error}; without that file the \
                 data set is as it came",
                path.display()
            ))
        })
    }

    /// Whether they were made over what the files of `source` hold now.
    pub fn fit(&self, source: &Source) -> Result<bool> {
        match &self.over {
            Some(over) if !self.revision.is_empty() => over.fits(&source.files()),
            _ => Ok(true),
        }
    }

    /// `source` as it is with them.
    pub fn laid_over(self, source: Source) -> Source {
        match self.revision.is_empty() {
            true => source,
            false => Source::Revised(Box::new(source), self.revision),
        }
    }

    /// What can be taken back, in words.
    pub fn undo(&self) -> Option<String> {
        Some(self.last.as_ref()?.words.clone())
    }

    fn write(&self, path: &Path) -> Result<()> {
        write_whole(path, &serde_json::to_vec(self)?)
    }
}

/// Takes the last change back, and says how many images it was about.
pub fn undo(path: &Path) -> Result<u64> {
    let Changes { last, over, .. } = Changes::read(path)?;
    let last =
        last.ok_or_else(|| Error::Conflict("there is no edit that could be taken back".into()))?;
    Changes { revision: last.before, last: None, over }.write(path)?;
    Ok(last.images)
}

impl Overlay {
    /// The images of `source` as they are now, with the changes in the file at `path` if those fit.
    pub fn open(path: PathBuf, source: Source) -> Result<Self> {
        let changes = Changes::read(&path)?;
        let files = source.files();
        let shown = match changes.fit(&source)? {
            true => changes.clone().laid_over(source),
            false => source,
        };
        Ok(Self { path, entries: shown.entries()?, files, changes })
    }

    fn change(&self, words: String, count: u64, revision: Revision) -> Result<u64> {
        let over = Fingerprint::of(&self.files)?;
        self.write(words, count, revision, Some(over))
    }

    fn write(
        &self,
        words: String,
        count: u64,
        revision: Revision,
        over: Option<Fingerprint>,
    ) -> Result<u64> {
        let last = Change { words, images: count, before: self.changes.revision.clone() };
        Changes { revision, last: Some(last), over }.write(&self.path)?;
        Ok(count)
    }

    /// The numbers of images that are called by them.
    fn numbers(&self, names: &[String]) -> Result<Vec<usize>> {
        let names = known(&self.entries, names)?;
        Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
    }

    fn count_in(&self, class: &str) -> u64 {
        self.entries.iter().filter(|entry| class_of(entry) == class).count() as u64
    }
}

fn class_of(entry: &Entry) -> &str {
    entry.class.as_deref().unwrap_or(NO_CLASS)
}

impl Edits for Overlay {
    fn names_at(&self, places: &[usize]) -> Vec<String> {
        places.iter().filter_map(|&at| Some(self.entries.get(at)?.name.clone())).collect()
    }

    fn delete(&self, names: &[String]) -> Result<u64> {
        let numbers = self.numbers(names)?;
        all_but_all(numbers.len(), self.entries.len())?;
        let mut revision = self.changes.revision.clone();
        revision.leave_out(numbers.iter().copied());
        let words = format!("{} taken out", images(numbers.len()));
        self.change(words, numbers.len() as u64, revision)
    }

    fn move_to(&self, names: &[String], class: &str) -> Result<u64> {
        let class = checked_class(class, "class")?;
        let mut numbers = self.numbers(names)?;
        let there = |entry: &&Entry| class_of(entry) == class;
        let there: Vec<&str> = self.entries.iter().filter(there).map(|e| e.name.as_str()).collect();
        let there: std::collections::HashSet<usize> =
            there.into_iter().filter_map(|name| name.parse().ok()).collect();
        numbers.retain(|number| !there.contains(number));
        let mut revision = self.changes.revision.clone();
        revision.move_to(numbers.iter().copied(), class);
        let words = format!("{} moved to {class}", images(numbers.len()));
        self.change(words, numbers.len() as u64, revision)
    }

    fn rename_class(&self, from: &str, to: &str) -> Result<u64> {
        let to = checked_class(to, "to")?;
        let count = self.count_in(from);
        class_fault(from, to, count == 0)?;
        let mut revision = self.changes.revision.clone();
        revision.rename(from, to);
        self.change(format!("class {from} made {to}"), count, revision)
    }

    fn reset(&self) -> Result<u64> {
        if self.changes.revision.is_empty() {
            return Err(Error::Conflict("nothing in it was changed".into()));
        }
        let count = self.entries.len() as u64;
        // They can be brought back, and then belong to the files that they were made over.
        let over = self.changes.over.clone();
        self.write("all changes taken back".into(), count, Revision::default(), over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::data::Source;

    /// Four images of two classes as an IDX file, and where its changes are.
    struct Set {
        folder: tempfile::TempDir,
        source: Source,
    }

    fn set() -> Set {
        let folder = tempfile::tempdir().unwrap();
        let word = |word: u32| word.to_be_bytes();
        let header = [0x803, 4, 1, 1].map(word).concat();
        let images = folder.path().join("images");
        fs::write(&images, [header, vec![10, 20, 30, 40]].concat()).unwrap();
        let labels = folder.path().join("labels");
        fs::write(&labels, [[0x801, 4].map(word).concat(), vec![7, 8, 7, 8]].concat()).unwrap();
        Set { folder, source: Source::Idx { images, labels: Some(labels) } }
    }

    impl Set {
        fn path(&self) -> PathBuf {
            self.folder.path().join("changes.json")
        }

        fn now(&self) -> Source {
            Changes::read(&self.path()).unwrap().laid_over(self.source.clone())
        }

        fn open(&self) -> Overlay {
            Overlay::open(self.path(), self.source.clone()).unwrap()
        }

        /// Each image with its class, such as `0:7`.
        fn told(&self) -> Vec<String> {
            let told = |entry: Entry| format!("{}:{}", entry.name, entry.class.unwrap_or_default());
            self.now().entries().unwrap().into_iter().map(told).collect()
        }
    }

    fn given(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn changes_are_laid_over_and_taken_back() {
        let set = set();
        let before = set.told();
        assert_eq!(before, ["0:7", "1:8", "2:7", "3:8"]);
        assert_eq!(set.open().delete(&given(&["1", "1"])).unwrap(), 1);
        assert_eq!(set.open().move_to(&given(&["0", "3"]), "seven").unwrap(), 2);
        assert_eq!(set.told(), ["0:seven", "2:7", "3:seven"]);
        assert_eq!(Changes::read(&set.path()).unwrap().undo().unwrap(), "2 images moved to seven");
        assert_eq!(undo(&set.path()).unwrap(), 2);
        assert_eq!(set.told(), ["0:7", "2:7", "3:8"]);
        assert!(undo(&set.path()).is_err());
        assert_eq!(set.open().rename_class("8", "7").unwrap(), 1);
        assert_eq!(set.told(), ["0:7", "2:7", "3:7"]);
        assert_eq!(set.open().reset().unwrap(), 3);
        assert_eq!(set.told(), before);
        undo(&set.path()).unwrap();
        assert_eq!(set.told(), ["0:7", "2:7", "3:7"]);
    }

    #[test]
    fn what_cannot_be_done_is_told_by_field_and_changes_nothing() {
        let set = set();
        let told = |result: Result<u64>| match result.unwrap_err() {
            Error::Config(error) => error.0[0].field.clone(),
            other => panic!("{other}"),
        };
        assert_eq!(told(set.open().delete(&given(&["4"]))), "images");
        assert_eq!(told(set.open().delete(&given(&["0", "1", "2", "3"]))), "images");
        assert_eq!(told(set.open().move_to(&given(&["0"]), "a/b")), "class");
        assert_eq!(told(set.open().rename_class("9", "nine")), "class");
        assert_eq!(told(set.open().rename_class("7", "7")), "to");
        assert!(matches!(set.open().reset().unwrap_err(), Error::Conflict(_)));
        assert!(!set.path().exists());
        fs::write(set.path(), b"{").unwrap();
        let fault = Changes::read(&set.path()).unwrap_err().to_string();
        assert!(fault.contains("changes.json"), "{fault}");
    }
}
