//! CIFAR-10 and CIFAR-100 in their binary form: 32x32 in colour, one record after another.
//!
//! A record is one label (CIFAR-10) or a coarse and a fine one (CIFAR-100), a byte each, then 1024
//! bytes of red, of green and of blue. Format: <https://www.cs.toronto.edu/~kriz/cifar.html>.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::image_set::room_for;
use super::labels::Labels;
use super::{ImageSet, natural};
use crate::{Error, Result};

const SIDE: u32 = 32;
const PIXELS: usize = 3 * 32 * 32;
/// More than this is no list of class names.
const MAX_NAMES_BYTES: u64 = 64 << 10;

/// One of the two data sets.
struct Kind {
    name: &'static str,
    /// Bytes before the pixels; the last of them is the label.
    label_bytes: usize,
    /// A file with one class name a line.
    names: &'static str,
}

const CIFAR_10: Kind = Kind { name: "CIFAR-10", label_bytes: 1, names: "batches.meta.txt" };
const CIFAR_100: Kind = Kind { name: "CIFAR-100", label_bytes: 2, names: "fine_label_names.txt" };

impl Kind {
    fn record(&self) -> usize {
        self.label_bytes + PIXELS
    }
}

/// Whether a file of this name belongs to one of the two.
pub fn is_cifar_name(name: &str) -> bool {
    let others = ["test_batch.bin", "train.bin", "test.bin", CIFAR_10.names, CIFAR_100.names];
    is_batch(name) || others.contains(&name)
}

fn is_batch(name: &str) -> bool {
    name.starts_with("data_batch_") && name.ends_with(".bin")
}

/// The files of images in a folder of CIFAR's, those to train on where there are any.
fn files_in(folder: &Path) -> Option<(Kind, Vec<PathBuf>)> {
    let entries = fs::read_dir(folder).ok()?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut batches: Vec<String> = names.filter(|name| is_batch(name)).collect();
    batches.sort_by(|left, right| natural::compare(left, right));
    let there = |name: &&str| folder.join(name).is_file();
    if batches.is_empty() {
        batches.extend(Some("test_batch.bin").filter(there).map(str::to_owned));
    }
    let kind = if batches.is_empty() { CIFAR_100 } else { CIFAR_10 };
    // Names as plain as `train.bin` are taken for images only beside the names of the classes.
    if batches.is_empty() && there(&kind.names) {
        batches.extend(["train.bin", "test.bin"].into_iter().find(there).map(str::to_owned));
    }
    let paths = batches.iter().map(|name| folder.join(name)).collect();
    (!batches.is_empty()).then_some((kind, paths))
}

/// The files of images, and that of the names of their classes.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let Some((kind, mut files)) = files_in(folder) else { return Vec::new() };
    files.extend(Some(folder.join(kind.names)).filter(|names| names.is_file()));
    files
}

/// Whether a folder holds one of the two.
pub fn is_in(folder: &Path) -> bool {
    files_in(folder).is_some()
}

/// Reads all images of a folder: those to train on, or where there are none those to test with.
pub fn read(folder: &Path) -> Result<ImageSet> {
    let (kind, files) = counted(folder)?;
    let count = files.iter().map(|(_, count)| count).sum();
    let mut pixels = room_for(count, PIXELS)?;
    pixels.clear();
    let mut numbers = Vec::with_capacity(count);
    for (path, count) in &files {
        read_records(&kind, path, *count, &mut pixels, &mut numbers)?;
    }
    let Labels { places, classes, .. } = labels(&kind, folder, &numbers)?;
    Ok(ImageSet { width: SIDE, height: SIDE, channels: 3, pixels, labels: places, classes })
}

/// The labels of all images of a folder, without their pixels.
pub fn labels_in(folder: &Path) -> Result<Labels> {
    let (kind, files) = counted(folder)?;
    let mut numbers = Vec::new();
    for (path, count) in &files {
        read_labels(&kind, path, *count, &mut numbers).map_err(|error| Error::file(path, error))?;
    }
    labels(&kind, folder, &numbers)
}

/// How many images a folder holds, by the lengths of its files.
pub fn count(folder: &Path) -> Result<usize> {
    Ok(counted(folder)?.1.iter().map(|(_, count)| count).sum())
}

/// The files of a folder and how many records each holds.
fn counted(folder: &Path) -> Result<(Kind, Vec<(PathBuf, usize)>)> {
    let Some((kind, files)) = files_in(folder) else {
        return Err(Error::file(folder, "holds no binary files of CIFAR-10 or CIFAR-100"));
    };
    let with_count = |path: PathBuf| count_in(&kind, &path).map(|count| (path, count));
    let files = files.into_iter().map(with_count).collect::<Result<_>>()?;
    Ok((kind, files))
}

/// How many records a file holds, by its length.
fn count_in(kind: &Kind, path: &Path) -> Result<usize> {
    let bytes = path.metadata().map_err(|error| Error::file(path, error))?.len();
    let record = kind.record() as u64;
    if bytes == 0 || !bytes.is_multiple_of(record) {
        let name = kind.name;
        let message =
            format!("its {bytes} bytes are no whole number of {name}'s {record} an image");
        return Err(Error::file(path, message));
    }
    usize::try_from(bytes / record).map_err(|error| Error::file(path, error))
}

fn read_labels(
    kind: &Kind,
    path: &Path,
    count: usize,
    numbers: &mut Vec<i64>,
) -> std::io::Result<()> {
    let mut file = fs::File::open(path)?;
    let mut label = [0];
    for index in 0..count {
        let place = index * kind.record() + kind.label_bytes - 1;
        file.seek(SeekFrom::Start(place as u64))?;
        file.read_exact(&mut label)?;
        numbers.push(i64::from(label[0]));
    }
    Ok(())
}

fn read_records(
    kind: &Kind,
    path: &Path,
    count: usize,
    pixels: &mut Vec<u8>,
    numbers: &mut Vec<i64>,
) -> Result<()> {
    let file = fs::File::open(path).map_err(|error| Error::file(path, error))?;
    let mut reader = std::io::BufReader::new(file);
    let mut record = vec![0; kind.record()];
    for index in 0..count {
        reader
            .read_exact(&mut record)
            .map_err(|error| Error::file(path, format!("image {index} is missing: {error}")))?;
        numbers.push(i64::from(record[kind.label_bytes - 1]));
        pixels.extend_from_slice(&record[kind.label_bytes..]);
    }
    Ok(())
}

/// Labels by the names that lie beside the images, or by number without those.
fn labels(kind: &Kind, folder: &Path, numbers: &[i64]) -> Result<Labels> {
    let path = folder.join(kind.names);
    if !path.is_file() {
        return Ok(Labels::numbered(numbers));
    }
    let mut text = String::new();
    fs::File::open(&path)
        .and_then(|file| file.take(MAX_NAMES_BYTES).read_to_string(&mut text))
        .map_err(|error| Error::file(&path, error))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let names: Vec<String> = lines.map(str::to_owned).collect();
    let known = names.len();
    Labels::named(numbers, names).map_err(|number| {
        Error::file(&path, format!("names {known} classes, but an image is of class {number}"))
    })
}
