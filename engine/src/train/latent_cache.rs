//! Latents of a run's images on disk, so that a run that goes on does not encode them again.
//!
//! The file holds a key of all that a latent depends on, the latents, and a checksum. One with another
//! key, or a damaged one, is as good as none: what it lacks is encoded.

use std::collections::HashMap;
use std::path::Path;

use candle_core::Device;
use sha2::{Digest, Sha256};

use crate::autoencoder::Latents;
use crate::config::Precision;
use crate::data::{ImageSet, Symmetry};
use crate::{Result, atomic_file};

const MAGIC: [u8; 8] = *b"latents1";
/// The most bytes of latents in a file.
const ROOM: usize = 256 << 20;
/// Magic, key and the length of a latent.
const HEAD: usize = MAGIC.len() + 32 + 4;
const CHECKSUM: usize = 32;
/// Before each latent: the number of its image, and how that is laid.
const LABEL: usize = 5;

/// Latents by image and how it is laid, plane after plane.
pub(super) type Seen = HashMap<(usize, Symmetry), Vec<f32>>;

/// Changes with whatever a latent depends on.
pub(super) type Key = [u8; 32];

/// The key of the latents that `latents` makes of the images of `data`.
pub(super) fn key(
    latents: &Latents,
    data: &ImageSet,
    precision: Precision,
    device: &Device,
) -> Result<Key> {
    let mut hash = Sha256::new();
    let place = device.location();
    let told = serde_json::to_string(&latents.told()).expect("plain data");
    hash.update(format!("{told} {precision:?} {place:?}"));
    for (name, weight) in latents.weights() {
        hash.update(format!(" {name} {:?} ", weight.dims()));
        let numbers = weight.flatten_all()?.to_vec1::<f32>()?;
        numbers.iter().for_each(|number| hash.update(number.to_le_bytes()));
    }
    hash.update(format!(" {}x{}x{} ", data.channels, data.height, data.width));
    hash.update(&data.pixels);
    Ok(hash.finalize().into())
}

/// What the file at `path` holds under `key`; nothing if it is of no use.
pub(super) fn read(path: &Path, key: &Key) -> Option<Seen> {
    let file_length = path.metadata().ok()?.len();
    if file_length > (HEAD + ROOM + CHECKSUM) as u64 {
        return None;
    }
    let bytes = std::fs::read(path).ok()?;
    let (content, checksum) = bytes.split_at_checked(bytes.len().checked_sub(CHECKSUM)?)?;
    let (head, body) = content.split_at_checked(HEAD)?;
    let told = head.strip_prefix(&MAGIC)?.strip_prefix(key)?;
    if Sha256::digest(content).as_slice() != checksum {
        return None;
    }
    let length = u32::from_le_bytes(told.try_into().ok()?) as usize;
    let entry = length.checked_mul(size_of::<f32>())?.checked_add(LABEL)?;
    body.len().is_multiple_of(entry).then(|| body.chunks_exact(entry).map(parsed).collect())
}

fn parsed(entry: &[u8]) -> ((usize, Symmetry), Vec<f32>) {
    let (label, numbers) = entry.split_at(LABEL);
    let image = u32::from_le_bytes([label[0], label[1], label[2], label[3]]) as usize;
    let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    ((image, laid(label[4])), numbers.chunks_exact(4).map(number).collect())
}

/// Writes `seen`, or as much of it as a file may hold, the first images first.
pub(super) fn write(path: &Path, key: &Key, seen: &Seen) -> Result<()> {
    let mut all: Vec<_> = seen.iter().collect();
    all.sort_unstable_by_key(|((image, symmetry), _)| (*image, code(*symmetry)));
    let length = all.first().map_or(0, |(_, latent)| latent.len());
    let entry = LABEL + length * size_of::<f32>();
    all.truncate(ROOM / entry);
    let mut bytes = Vec::with_capacity(HEAD + all.len() * entry + CHECKSUM);
    bytes.extend(MAGIC);
    bytes.extend(key);
    bytes.extend((length as u32).to_le_bytes());
    for ((image, symmetry), latent) in all {
        bytes.extend((*image as u32).to_le_bytes());
        bytes.push(code(*symmetry));
        bytes.extend(latent.iter().flat_map(|number| number.to_le_bytes()));
    }
    let checksum = Sha256::digest(&bytes);
    bytes.extend(checksum);
    atomic_file::write(path, &bytes)
}

fn code(Symmetry { mirror_x, mirror_y, transpose }: Symmetry) -> u8 {
    u8::from(mirror_x) | u8::from(mirror_y) << 1 | u8::from(transpose) << 2
}

fn laid(code: u8) -> Symmetry {
    let bit = |place: u8| code >> place & 1 == 1;
    Symmetry { mirror_x: bit(0), mirror_y: bit(1), transpose: bit(2) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn some() -> Seen {
        let turned = Symmetry { mirror_y: true, transpose: true, ..Symmetry::default() };
        let labels = [(7, Symmetry::default()), (7, turned), (70_000, turned)];
        labels.into_iter().zip([vec![1.0, -2.5], vec![0.0, 3.0], vec![f32::MIN, 4.0]]).collect()
    }

    #[test]
    fn what_was_written_is_read_under_the_same_key_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latents");
        let key = [3; 32];
        assert_eq!(read(&path, &key), None);
        write(&path, &key, &some()).unwrap();
        assert_eq!(read(&path, &key), Some(some()));
        assert_eq!(read(&path, &[4; 32]), None);
        let bytes = std::fs::read(&path).unwrap();
        write(&path, &key, &some()).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        write(&path, &key, &Seen::new()).unwrap();
        assert_eq!(read(&path, &key), Some(Seen::new()));
    }

    #[test]
    fn a_damaged_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("latents");
        let key = [3; 32];
        write(&path, &key, &some()).unwrap();
        let good = std::fs::read(&path).unwrap();
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read(&path, &key), None, "byte {at}");
            std::fs::write(&path, &good[..at]).unwrap();
            assert_eq!(read(&path, &key), None, "cut at {at}");
        }
    }
}
