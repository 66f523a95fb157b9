//! Files that are whole or not there at all.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use crate::{Error, Result};

/// Makes `folder` and all above it.
pub fn make_folder(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).map_err(Error::file("make the folder", folder))
}

/// Waits until no other thread and no other program holds `path`, and holds it until dropped.
pub fn lock(path: &Path) -> Result<File> {
    make_folder(path.parent().unwrap_or(Path::new(".")))?;
    let file = File::create(path).map_err(Error::file("write", path))?;
    file.lock().map_err(Error::file("lock", path))?;
    Ok(file)
}

/// Writes beside the name, then renames: nobody ever sees half a file.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    make_folder(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(Error::file("write", path))?;
    draft.write_all(bytes).map_err(Error::file("write", path))?;
    draft.persist(path).map_err(|failed| Error::file("write", path)(failed.error))?;
    readable_by_others(path)
}

/// Copies what `content` holds beside the name, then renames.
pub fn copy_whole(path: &Path, content: &mut File) -> Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    make_folder(folder)?;
    let mut draft = tempfile::NamedTempFile::new_in(folder).map_err(Error::file("write", path))?;
    std::io::copy(content, &mut draft).map_err(Error::file("write", path))?;
    draft.persist(path).map_err(|failed| Error::file("write", path)(failed.error))?;
    readable_by_others(path)
}

/// Temporary files are private to their owner; pictures and configurations need not be.
#[cfg(unix)]
fn readable_by_others(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).map_err(Error::file("write", path))
}

#[cfg(not(unix))]
fn readable_by_others(_path: &Path) -> Result<()> {
    Ok(())
}

/// Removes `folder` with all in it; one that is not there is fine.
pub fn remove_folder(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::file("remove", folder)(error))
        }
        _ => Ok(()),
    }
}

/// Removes a file that nothing points to any more; one that stays behind does no harm.
pub fn remove_file(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!("{} stays behind: {error}", path.display());
    }
}

/// The number after the highest that a name in `folder` has behind `prefix`.
pub fn next_number(folder: &Path, prefix: &str) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let number = |name: &str| -> Option<u64> {
        let digits: String =
            name.strip_prefix(prefix)?.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    };
    let highest = entries.flatten().filter_map(|entry| number(entry.file_name().to_str()?)).max();
    highest.map_or(0, |highest| highest + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_after_the_highest() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(next_number(folder.path(), ""), 0);
        for name in ["00003-7.png", "00012-8.png", "grid-0004.png", "notes.txt"] {
            write_whole(&folder.path().join(name), b"x").unwrap();
        }
        assert_eq!(next_number(folder.path(), ""), 13);
        assert_eq!(next_number(folder.path(), "grid-"), 5);
    }

    #[test]
    fn a_file_is_replaced_whole_and_no_draft_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b.txt");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
