//! Changes to the images of an uploaded data set. Nothing is removed at once: an edit is a list of
//! files that were moved, written down before the first of them, and the next edit ends the chance
//! to take it back.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use app::api::SkippedFile;
use engine::data::{Entry, Folder, NO_CLASS};
use serde::{Deserialize, Serialize};

use crate::studio::files::{make_folder, remove_folder, write_whole};
use crate::{Error, Result};

/// Hidden, so that its files are no images of the data set.
const UNDO: &str = ".undo";

/// How the images of a data set are changed, whatever they are kept in. Each says how many images it
/// was about; errors name `images`, `class` and `to`.
pub trait Edits {
    /// The images at `places` of the listing.
    fn names_at(&self, places: &[usize]) -> Vec<String>;
    /// Takes images out of the data set.
    fn delete(&self, names: &[String]) -> Result<u64>;
    /// Gives images another class; [`NO_CLASS`] takes theirs away.
    fn move_to(&self, names: &[String], class: &str) -> Result<u64>;
    /// Calls the class `from` otherwise; where there is a class called `to`, the two become one.
    fn rename_class(&self, from: &str, to: &str) -> Result<u64>;
    /// Takes all changes back together.
    fn reset(&self) -> Result<u64>;
}

/// The images of an uploaded data set, on disk.
pub struct ImageFolder {
    /// What belongs to the data set.
    folder: PathBuf,
    /// Where the class folders lie.
    root: PathBuf,
    entries: Vec<Entry>,
}

/// One file that was moved; both paths are relative to the data set's folder.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Move {
    from: PathBuf,
    to: PathBuf,
}

/// What the last edit did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journal {
    /// Such as `3 images taken out`.
    pub words: String,
    moves: Vec<Move>,
}

impl Journal {
    pub fn images(&self) -> u64 {
        self.moves.len() as u64
    }

    /// What can be taken back in the data set at `folder`.
    pub fn read(folder: &Path) -> Option<Self> {
        serde_json::from_slice(&fs::read(journal(folder)).ok()?).ok()
    }
}

fn journal(folder: &Path) -> PathBuf {
    folder.join(UNDO).join("journal.json")
}

/// Puts every file of the last edit back where it was, and says how many came back.
pub fn undo(folder: &Path) -> Result<u64> {
    let journal = Journal::read(folder)
        .ok_or_else(|| Error::Conflict("there is no edit that could be taken back".into()))?;
    let mut images = 0;
    for Move { from, to } in journal.moves.iter().rev() {
        // An edit that was broken off moved only the first of them.
        if folder.join(to).is_file() {
            move_file(folder, to, from)?;
            images += 1;
        }
    }
    remove_folder(&folder.join(UNDO))?;
    Ok(images)
}

impl ImageFolder {
    pub fn open(folder: &Path) -> Result<Self> {
        let found = Folder::list(folder)?;
        let folder = folder.canonicalize().map_err(Error::file("open", folder))?;
        let root = found.root_of_images().unwrap_or(&folder).to_owned();
        Ok(Self { entries: found.entries(), folder, root })
    }
}

impl Edits for ImageFolder {
    fn names_at(&self, places: &[usize]) -> Vec<String> {
        places.iter().filter_map(|&at| Some(self.entries.get(at)?.name.clone())).collect()
    }

    fn delete(&self, names: &[String]) -> Result<u64> {
        let names = known(&self.entries, names)?;
        all_but_all(names.len(), self.entries.len())?;
        let trash = Path::new(UNDO).join("files");
        let moves = (names.iter().enumerate())
            .map(|(number, name)| Move {
                from: self.relative(name),
                to: trash.join(number.to_string()),
            })
            .collect();
        self.edit(format!("{} taken out", images(names.len())), moves)
    }

    fn move_to(&self, names: &[String], class: &str) -> Result<u64> {
        let class = checked_class(class, "class")?;
        let names = known(&self.entries, names)?;
        let elsewhere = |name: &&String| class_of(name) != class;
        let moves = self.moves_into(class, names.iter().filter(elsewhere));
        self.edit(format!("{} moved to {class}", images(moves.len())), moves)
    }

    fn rename_class(&self, from: &str, to: &str) -> Result<u64> {
        let to = checked_class(to, "to")?;
        let names: Vec<String> = self
            .entries
            .iter()
            .map(|e| e.name.clone())
            .filter(|name| class_of(name) == from)
            .collect();
        class_fault(from, to, names.is_empty())?;
        self.edit(format!("class {from} made {to}"), self.moves_into(to, names.iter()))
    }

    fn reset(&self) -> Result<u64> {
        Err(Error::Conflict(
            "its files are the data set; only the last change can be undone".into(),
        ))
    }
}

impl ImageFolder {
    /// Takes the images of the folder `other` in, under `class` or, where that is empty, under the
    /// classes that they have there. `skipped` is what came with them and was left out.
    pub fn add(&self, other: &Path, class: &str, skipped: &[SkippedFile]) -> Result<u64> {
        let class = match class.trim() {
            "" => None,
            class => Some(checked_class(class, "class")?),
        };
        let new = Self::open(other).ok().filter(|new| !new.entries.is_empty());
        let new = new.ok_or_else(|| Error::field("file", nothing_to_add(skipped)))?;
        self.forget_last_edit()?;
        let staged = |number: usize| Path::new(UNDO).join("files").join(number.to_string());
        make_folder(&self.folder.join(UNDO).join("files"))?;
        let mut taken = self.taken();
        let mut moves = Vec::new();
        for (number, Entry { name, .. }) in new.entries.iter().enumerate() {
            let (from, file) = (new.root.join(name), name.rsplit('/').next().unwrap_or(name));
            let to = free_name(class.unwrap_or_else(|| class_of(name)), file, &taken);
            fs::rename(&from, self.folder.join(staged(number)))
                .map_err(Error::file("move", &from))?;
            moves.push(Move { from: staged(number), to: self.relative(&to) });
            taken.insert(to);
        }
        let left_out = skipped.first().map(|file| left_out(file, skipped.len() - 1));
        let words = format!("{} added{}", images(moves.len()), left_out.unwrap_or_default());
        self.carry_out(words, moves)
    }

    fn taken(&self) -> HashSet<String> {
        self.entries.iter().map(|entry| entry.name.clone()).collect()
    }

    /// Where the image called `name` lies below the data set's folder.
    fn relative(&self, name: &str) -> PathBuf {
        let inner = self.root.strip_prefix(&self.folder).unwrap_or(Path::new(""));
        inner.join(name)
    }

    /// Moves into the folder of `class`, with numbers behind names that are taken there.
    fn moves_into<'a>(&self, class: &str, names: impl Iterator<Item = &'a String>) -> Vec<Move> {
        let mut taken = self.taken();
        names
            .map(|name| {
                let file = name.rsplit('/').next().unwrap_or(name);
                let to = free_name(class, file, &taken);
                taken.insert(to.clone());
                Move { from: self.relative(name), to: self.relative(&to) }
            })
            .collect()
    }

    fn edit(&self, words: String, moves: Vec<Move>) -> Result<u64> {
        self.forget_last_edit()?;
        self.carry_out(words, moves)
    }

    /// Ends the chance to take the last edit back.
    fn forget_last_edit(&self) -> Result<()> {
        remove_folder(&self.folder.join(UNDO))?;
        make_folder(&self.folder.join(UNDO))
    }

    fn carry_out(&self, words: String, moves: Vec<Move>) -> Result<u64> {
        let done = Journal { words, moves };
        write_whole(&journal(&self.folder), &serde_json::to_vec(&done)?)?;
        for Move { from, to } in &done.moves {
            move_file(&self.folder, from, to)?;
        }
        Ok(done.images())
    }
}

fn nothing_to_add(skipped: &[SkippedFile]) -> String {
    let why = skipped.first().map(|file| left_out(file, skipped.len() - 1)).unwrap_or_default();
    format!("there are no images in it{why}; give images, or a zip or tar.gz of them")
}

/// `, one file left out: notes.txt: not an image`
fn left_out(SkippedFile { name, reason }: &SkippedFile, others: usize) -> String {
    let others = if others > 0 { format!(" and {others} more") } else { String::new() };
    format!(", left out: {name} ({reason}){others}")
}

/// Moves a file, and takes away the folder that it leaves empty.
fn move_file(folder: &Path, from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (folder.join(from), folder.join(to));
    make_folder(to.parent().unwrap_or(folder))?;
    fs::rename(&from, &to).map_err(Error::file("move", &from))?;
    // Fails where files are left, which is right.
    let _ = from.parent().map(fs::remove_dir);
    Ok(())
}

/// The names that were asked for, each once; errors name `images`.
pub fn known(entries: &[Entry], names: &[String]) -> Result<Vec<String>> {
    let known: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    if let Some(stranger) = names.iter().find(|name| !known.contains(name.as_str())) {
        let message = format!("there is no image `{stranger}` in it; load the page again");
        return Err(Error::field("images", message));
    }
    let mut once = HashSet::new();
    let names: Vec<String> = names.iter().filter(|name| once.insert(*name)).cloned().collect();
    match names.is_empty() {
        true => Err(Error::field("images", "choose at least one image")),
        false => Ok(names),
    }
}

/// Whether `count` of `all` images may be taken out.
pub fn all_but_all(count: usize, all: usize) -> Result<()> {
    if count < all {
        return Ok(());
    }
    Err(Error::field("images", "no image would be left; delete the data set instead"))
}

/// What keeps a class from getting another name.
pub fn class_fault(from: &str, to: &str, empty: bool) -> Result<()> {
    if empty {
        return Err(Error::field("class", format!("there is no class `{from}`")));
    }
    match from == to {
        true => Err(Error::field("to", format!("it is called `{to}` already"))),
        false => Ok(()),
    }
}

fn class_of(name: &str) -> &str {
    name.split_once('/').map_or(NO_CLASS, |(class, _)| class)
}

/// A class is the name of a folder.
pub fn checked_class<'a>(class: &'a str, field: &str) -> Result<&'a str> {
    let class = class.trim();
    let bad = class.is_empty()
        || class.len() > 100
        || class.starts_with('.')
        || class.contains(['/', '\\', ':', '*', '?', '"', '<', '>', '|'])
        || class.contains(char::is_control);
    match bad {
        true => Err(Error::field(
            field,
            format!("`{class}` will not do; give up to 100 letters, digits, spaces or dashes"),
        )),
        false => Ok(class),
    }
}

/// `file` in the folder of `class`, under a name that nothing there has.
fn free_name(class: &str, file: &str, taken: &HashSet<String>) -> String {
    let folder = if class == NO_CLASS { String::new() } else { format!("{class}/") };
    let (stem, ending) = file.rsplit_once('.').unwrap_or((file, ""));
    let numbered = (2..).map(|number| format!("{folder}{stem}-{number}.{ending}"));
    let mut names = std::iter::once(format!("{folder}{file}")).chain(numbered);
    names.find(|name| !taken.contains(name)).expect("there is no end of numbers")
}

pub fn images(count: usize) -> String {
    format!("{count} image{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::grid::Picture;

    /// Two cats and a dog, and what they are called then.
    fn pets() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, gray) in [("pets/cats/1.png", 1), ("pets/cats/2.png", 2), ("pets/dogs/1.png", 3)]
        {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, Picture::filled(2, 2, 1, gray).to_png(&[])).unwrap();
        }
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        ImageFolder::open(folder).unwrap().entries.into_iter().map(|entry| entry.name).collect()
    }

    fn given(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn images_are_added_beside_those_there_and_taken_back() {
        let folder = pets();
        let before = names(folder.path());
        let open = || ImageFolder::open(folder.path()).unwrap();
        let added = open().add(pets().path(), "", &[]).unwrap();
        assert_eq!(added, 3);
        let after = [
            "cats/1-2.png",
            "cats/1.png",
            "cats/2-2.png",
            "cats/2.png",
            "dogs/1-2.png",
            "dogs/1.png",
        ];
        assert_eq!(names(folder.path()), after);
        assert_eq!(undo(folder.path()).unwrap(), 3);
        assert_eq!(names(folder.path()), before);

        let skipped = SkippedFile { name: "notes.txt".into(), reason: "no image".into() };
        open().add(pets().path(), " wolves ", std::slice::from_ref(&skipped)).unwrap();
        assert_eq!(names(folder.path())[3..], ["wolves/1-2.png", "wolves/1.png", "wolves/2.png"]);
        let words = Journal::read(folder.path()).unwrap().words;
        assert_eq!(words, "3 images added, left out: notes.txt (no image)");

        // What is refused leaves the last edit to be taken back.
        let empty = tempfile::tempdir().unwrap();
        for (other, class, field) in [(empty.path(), "", "file"), (pets().path(), "a/b", "class")] {
            let error = open().add(other, class, std::slice::from_ref(&skipped)).unwrap_err();
            assert!(error.to_string().contains(field), "{error}");
        }
        assert_eq!(undo(folder.path()).unwrap(), 3);
        assert_eq!(names(folder.path()), before);
    }

    #[test]
    fn an_edit_is_done_and_taken_back() {
        let folder = pets();
        let before = names(folder.path());
        assert_eq!(before, ["cats/1.png", "cats/2.png", "dogs/1.png"]);
        let open = || ImageFolder::open(folder.path()).unwrap();

        assert_eq!(open().delete(&given(&["cats/2.png", "cats/2.png"])).unwrap(), 1);
        assert_eq!(names(folder.path()), ["cats/1.png", "dogs/1.png"]);
        assert_eq!(Journal::read(folder.path()).unwrap().words, "1 image taken out");
        assert_eq!(undo(folder.path()).unwrap(), 1);
        assert_eq!(names(folder.path()), before);
        assert!(undo(folder.path()).is_err());

        assert_eq!(open().move_to(&given(&["dogs/1.png"]), "cats").unwrap(), 1);
        assert_eq!(names(folder.path()), ["cats/1-2.png", "cats/1.png", "cats/2.png"]);
        undo(folder.path()).unwrap();
        assert_eq!(names(folder.path()), before);

        assert_eq!(open().rename_class("cats", "dogs").unwrap(), 2);
        undo(folder.path()).unwrap();
        assert_eq!(open().rename_class("dogs", "wolves").unwrap(), 1);
        assert_eq!(names(folder.path()), ["cats/1.png", "cats/2.png", "wolves/1.png"]);
    }

    #[test]
    fn what_cannot_be_done_is_told_by_field_and_changes_nothing() {
        let folder = pets();
        let open = ImageFolder::open(folder.path()).unwrap();
        let before = names(folder.path());
        let told = |result: Result<u64>| match result.unwrap_err() {
            Error::Config(error) => error.0[0].field.clone(),
            other => panic!("{other}"),
        };
        assert_eq!(told(open.delete(&given(&["../../etc/passwd"]))), "images");
        assert_eq!(told(open.delete(&[])), "images");
        assert_eq!(told(open.delete(&before)), "images");
        assert_eq!(told(open.move_to(&given(&["cats/1.png"]), "../out")), "class");
        assert_eq!(told(open.rename_class("fish", "birds")), "class");
        assert_eq!(told(open.rename_class("cats", " ")), "to");
        assert_eq!(names(folder.path()), before);
        assert_eq!(Journal::read(folder.path()), None);
    }
}
