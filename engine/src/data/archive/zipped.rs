//! Zip archives.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use zip::ZipArchive;
use zip::read::ZipFile;
use zip::result::ZipError;

use super::staging::Staging;
use crate::{Error, Result};

pub fn unpack(path: &Path, staging: &mut Staging<'_>) -> Result<()> {
    let file = File::open(path).map_err(|error| Error::file(path, error))?;
    let mut archive =
        ZipArchive::new(BufReader::new(file)).map_err(|error| staging.broken(error))?;
    for index in 0..archive.len() {
        staging.count_entry()?;
        let unreadable = match archive.by_index(index) {
            Ok(mut entry) => {
                unpack_entry(&mut entry, staging)?;
                continue;
            }
            Err(ZipError::UnsupportedArchive(reason)) => reason,
            Err(ZipError::CompressionMethodNotSupported(_)) => {
                "compressed in a way that is not supported"
            }
            Err(error) => return Err(staging.broken(error)),
        };
        let name = archive.name_for_index(index).and_then(|name| name.ok());
        let name = name.map_or_else(|| format!("entry {index}"), |name| name.into_owned());
        staging.skip(name, unreadable);
    }
    Ok(())
}

fn unpack_entry<R: Read>(entry: &mut ZipFile<'_, R>, staging: &mut Staging<'_>) -> Result<()> {
    let name = match entry.name() {
        Ok(name) => name.into_owned(),
        Err(_) => String::from_utf8_lossy(entry.name_raw()).into_owned(),
    };
    if entry.is_dir() {
        return Ok(());
    }
    if entry.is_symlink() {
        staging.skip(name, "a link");
        return Ok(());
    }
    if let Some(place) = staging.place_for(&name) {
        staging.write(&name, &place, entry)?;
    }
    Ok(())
}
