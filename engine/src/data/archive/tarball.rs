//! Tar archives, gzip or not.
//!
//! Entries are read raw: the tar crate would hold the long names of GNU and PAX archives in memory
//! whatever their size. They are read here, within bounds.

use std::io::{self, Read};
use std::path::Path;

use tar::{Archive, Entry, EntryType, PaxExtensions};

use super::staging::Staging;
use crate::Result;
use crate::data::idx::open;

/// The most that one entry says about the next.
const MAX_EXTENSION_BYTES: u64 = 64 << 10;
/// Header, extension and padding of one entry, generously; they count too.
const MAX_ENTRY_OVERHEAD: u64 = 4 << 10;
const OVER_LIMIT: &str = "unpacks to more than is allowed";

pub fn unpack(path: &Path, staging: &mut Staging<'_>) -> Result<()> {
    let limits = staging.limits();
    let overhead = limits.files.saturating_mul(MAX_ENTRY_OVERHEAD);
    let most = limits.bytes.saturating_add(overhead);
    let mut archive = Archive::new(Bounded { reader: open(path)?, left: most });
    let entries = archive.entries().map_err(|error| staging.broken(error))?;
    let mut long_name = None;
    for entry in entries.raw(true) {
        let mut entry = entry.map_err(|error| staging.broken(error))?;
        match entry.header().entry_type() {
            EntryType::GNULongName => long_name = Some(gnu_name(&mut entry, staging)?),
            EntryType::XHeader => long_name = pax_name(&mut entry, staging)?.or(long_name),
            EntryType::GNULongLink | EntryType::XGlobalHeader => {}
            kind => {
                staging.count_entry()?;
                let own_name = || String::from_utf8_lossy(&entry.path_bytes()).into_owned();
                let name = long_name.take().unwrap_or_else(own_name);
                unpack_entry(&mut entry, kind, &name, staging)?;
            }
        }
    }
    // Only at its end does gzip tell whether everything before was right.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| staging.broken(error))?;
    Ok(())
}

fn unpack_entry<R: Read>(
    entry: &mut Entry<'_, R>,
    kind: EntryType,
    name: &str,
    staging: &mut Staging<'_>,
) -> Result<()> {
    match kind {
        EntryType::Regular | EntryType::Continuous => {
            let Some(place) = staging.place_for(name) else { return Ok(()) };
            let size = entry.size();
            let read = staging.write(name, &place, entry)?;
            if read < size && read <= staging.most(name) {
                let message = format!("{name} has {read} of its {size} bytes");
                return Err(staging.broken(message));
            }
        }
        EntryType::Directory => {}
        EntryType::Symlink | EntryType::Link => staging.skip(name, "a link"),
        _ => staging.skip(name, "not a regular file"),
    }
    Ok(())
}

fn gnu_name<R: Read>(entry: &mut Entry<'_, R>, staging: &Staging<'_>) -> Result<String> {
    let bytes = extension(entry, staging)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\0').to_owned())
}

/// The path of the next entry, if the extension tells one.
fn pax_name<R: Read>(entry: &mut Entry<'_, R>, staging: &Staging<'_>) -> Result<Option<String>> {
    let bytes = extension(entry, staging)?;
    let mut path = None;
    for extension in PaxExtensions::new(&bytes) {
        let extension = extension.map_err(|error| staging.broken(error))?;
        match extension.key_bytes() {
            b"path" => path = Some(String::from_utf8_lossy(extension.value_bytes()).into_owned()),
            // It would override the size in the header: only files of 8 GiB and more need that.
            b"size" => return Err(staging.broken("it holds files of 8 GiB or more")),
            _ => {}
        }
    }
    Ok(path)
}

fn extension<R: Read>(entry: &mut Entry<'_, R>, staging: &Staging<'_>) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry
        .take(MAX_EXTENSION_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| staging.broken(error))?;
    match bytes.len() as u64 > MAX_EXTENSION_BYTES {
        true => Err(staging.broken("an entry's name is longer than any name")),
        false => Ok(bytes),
    }
}

/// Fails rather than read more than it may: what is skipped must be unpacked as well.
struct Bounded<R> {
    reader: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.left =
            self.left.checked_sub(count as u64).ok_or_else(|| io::Error::other(OVER_LIMIT))?;
        Ok(count)
    }
}
