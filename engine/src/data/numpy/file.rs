//! Arrays by name: those in an npz, which is a zip of npy files, or the one of an npy file.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;

use super::header::{Header, MAGIC};
use crate::data::Told;
use crate::{Error, Result};

const ENDING: &str = ".npy";
/// More arrays than this are no data set.
const MAX_ARRAYS: usize = 1000;

/// Whether a zip holds npy files and nothing else.
pub fn is_npz(path: &Path) -> bool {
    File::open(path).ok().and_then(|file| ZipArchive::new(BufReader::new(file)).ok()).is_some_and(
        |archive| {
            let is_array = |name: &str| name.ends_with(ENDING) && !name.contains('/');
            !archive.is_empty()
                && archive.file_names().all(|name| name.is_ok_and(|name| is_array(&name)))
        },
    )
}

/// The arrays of a file by name, in its order; an npy file has one without a name.
pub fn names(path: &Path) -> Result<Vec<String>> {
    let Some(archive) = zip_at(path)? else { return Ok(vec![String::new()]) };
    if archive.len() > MAX_ARRAYS {
        return Err(Error::file(path, format!("holds more than {MAX_ARRAYS} arrays")));
    }
    let names = archive.file_names().filter_map(|name| name.ok());
    Ok(names.filter_map(|name| Some(name.strip_suffix(ENDING)?.to_owned())).collect())
}

/// Reads the header of the array `name` and then gives `take` the header and the numbers behind it.
pub fn with_array<T>(
    path: &Path,
    name: &str,
    take: impl FnOnce(&Header, &mut dyn Read) -> Told<T>,
) -> Result<T> {
    let told = |reason: String| match name {
        "" => Error::file(path, reason),
        name => Error::file(path, format!("its array `{name}` {reason}")),
    };
    let read = |mut reader: &mut dyn Read| {
        let header = Header::read(&mut reader)?;
        take(&header, reader)
    };
    match zip_at(path)? {
        None => {
            let file = File::open(path).map_err(|error| Error::file(path, error))?;
            read(&mut BufReader::new(file)).map_err(told)
        }
        Some(mut archive) => {
            let entry = archive.by_name(&format!("{name}{ENDING}"));
            let entry = entry.map_err(|error| told(format!("cannot be read: {error}")))?;
            read(&mut BufReader::new(entry)).map_err(told)
        }
    }
}

/// The zip at `path`; nothing if the file is an npy.
fn zip_at(path: &Path) -> Result<Option<ZipArchive<BufReader<File>>>> {
    let fail = |error: std::io::Error| Error::file(path, error);
    let mut start = Vec::new();
    File::open(path).map_err(fail)?.take(6).read_to_end(&mut start).map_err(fail)?;
    if start == MAGIC {
        return Ok(None);
    }
    let archive = ZipArchive::new(BufReader::new(File::open(path).map_err(fail)?));
    archive.map(Some).map_err(|error| Error::file(path, format!("is no npz: {error}")))
}
