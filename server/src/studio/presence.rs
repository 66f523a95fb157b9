//! Which Darkroom programs are alive, told by file locks, which the system drops when a program ends.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::files::make_folder;
use crate::{Error, Result};

/// The mark of this program among those that share the data folder.
pub struct Presence {
    name: String,
    path: PathBuf,
    /// Locked for as long as the program lives.
    _lock: File,
}

impl Presence {
    pub fn announce(folder: &Path) -> Result<Self> {
        make_folder(folder)?;
        let name = format!("{}-{:08x}", std::process::id(), rand::random::<u32>());
        let path = folder.join(format!("{name}.lock"));
        loop {
            let lock = File::create(&path).map_err(Error::file("write", &path))?;
            lock.lock().map_err(Error::file("lock", &path))?;
            // Another program may have swept it away before it was locked.
            if path.exists() {
                return Ok(Self { name, path, _lock: lock });
            }
        }
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether no other program shares the data folder right now.
    pub fn is_alone(&self, folder: &Path) -> bool {
        let Ok(entries) = fs::read_dir(folder) else { return false };
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.all(|file| {
            let name = file.to_str().and_then(|name| name.strip_suffix(".lock"));
            name.is_none_or(|name| name == self.name || !Self::is_alive(folder, name))
        })
    }

    /// Removes the marks of programs that are gone.
    pub fn sweep(folder: &Path) {
        let Ok(entries) = fs::read_dir(folder) else { return };
        for entry in entries.flatten() {
            if let Some(name) =
                entry.file_name().to_str().and_then(|name| name.strip_suffix(".lock"))
            {
                Self::is_alive(folder, name);
            }
        }
    }

    /// Whether the program that called itself `name` still runs.
    pub fn is_alive(folder: &Path, name: &str) -> bool {
        let path = folder.join(format!("{name}.lock"));
        let Ok(file) = File::open(&path) else { return false };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => true,
            _ => {
                // Its owner is gone; a mark that stays behind would do no harm either.
                let _ = fs::remove_file(&path);
                false
            }
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_alive_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let presence = Presence::announce(folder.path()).unwrap();
        let name = presence.name().to_owned();
        assert!(Presence::is_alive(folder.path(), &name));
        drop(presence);
        assert!(!Presence::is_alive(folder.path(), &name));
        assert!(!Presence::is_alive(folder.path(), "1-00000000"));
    }

    #[test]
    fn a_lock_file_left_by_a_killed_program_means_nothing() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1-0000abcd.lock"), "").unwrap();
        let me = Presence::announce(folder.path()).unwrap();
        Presence::sweep(folder.path());
        assert!(!folder.path().join("1-0000abcd.lock").exists());
        assert!(Presence::is_alive(folder.path(), me.name()));
    }

    #[test]
    fn a_program_is_alone_beside_those_that_are_gone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1-0000abcd.lock"), "").unwrap();
        let me = Presence::announce(folder.path()).unwrap();
        assert!(me.is_alone(folder.path()));
        let other = Presence::announce(folder.path()).unwrap();
        assert!(!me.is_alone(folder.path()) && !other.is_alone(folder.path()));
        drop(other);
        assert!(me.is_alone(folder.path()));
    }
}
