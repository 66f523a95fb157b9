//! What a program that was killed left behind in the cache.

use std::fs::{self, DirEntry};
use std::path::Path;
use std::time::SystemTime;

use super::files::{remove_file, remove_folder};
use super::folders::Folders;

/// Removes uploads that no program takes any more, and what was half unpacked, as far as it was there
/// `before`: a program that begins meanwhile may write there again.
pub fn sweep(folders: &Folders, before: SystemTime) {
    sweep_folder(&folders.uploads(), before, |_| true);
    sweep_folder(&folders.unpacked(), before, is_unfinished);
}

/// A folder that is being filled is hidden, and has its name once it is whole.
fn is_unfinished(name: &str) -> bool {
    name.starts_with('.')
}

fn sweep_folder(folder: &Path, before: SystemTime, goes: impl Fn(&str) -> bool) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let is_old = |entry: &DirEntry| {
        entry.metadata().and_then(|metadata| metadata.modified()).is_ok_and(|time| time <= before)
    };
    let goes = |entry: &DirEntry| entry.file_name().to_str().is_some_and(&goes) && is_old(entry);
    entries.flatten().filter(goes).for_each(|entry| remove(&entry.path()));
}

fn remove(path: &Path) {
    match path.is_dir() {
        true => {
            if let Err(error) = remove_folder(path) {
                tracing::warn!("{error}");
            }
        }
        false => remove_file(path),
    }
}
