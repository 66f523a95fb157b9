//! Images as arrays of numpy: an npz with images and labels, or an npy of images with the labels in
//! the npy beside it.

mod file;
mod header;
mod layout;
mod range;

use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

pub use file::is_npz;
use file::{names, with_array};
pub use header::MAGIC;
use header::{Header, Kind};
use layout::Layout;
use range::{Extremes, Scale};

use super::image_set::room_for;
use super::labels::Labels;
use super::{ImageSet, Told, natural};
use crate::{Error, Result};

/// Names that the images have in an npz, the likeliest first, and those of their labels.
const IMAGES: [&str; 7] = ["images", "x", "train_images", "x_train", "X", "data", "arr_0"];
const LABELS: [&str; 6] = ["labels", "y", "train_labels", "y_train", "label", "arr_1"];
/// The most numbers in one array.
const MAX_NUMBERS: usize = 8 << 30;
const CHUNK: usize = 64 << 10;

/// Whether a file of this name may be an array.
pub fn is_numpy_name(name: &str) -> bool {
    name.ends_with(".npz") || name.ends_with(".npy")
}

/// The file of images in a folder of arrays; npz before npy, those to train on first.
pub fn images_in(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && is_numpy_name(name))
        .collect();
    names.sort_by(|left, right| {
        let rank = |name: &str| (!name.ends_with(".npz"), !name.contains("train"), is_labels(name));
        rank(left).cmp(&rank(right)).then_with(|| natural::compare(left, right))
    });
    names.into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

fn is_labels(name: &str) -> bool {
    name.contains("label") || name.starts_with("y_") || name == "y.npy"
}

/// Reads the images and labels of a file. What numbers mean is told by [`Layout::of`] and
/// [`Scale::of`].
pub fn read(path: &Path) -> Result<ImageSet> {
    let names = names(path)?;
    let name = images_among(path, &names)?;
    let (layout, scale) = with_array(path, &name, |header, reader| {
        let layout = bounded(header)?;
        let mut found = Extremes::default();
        each_image(header, &layout, reader, |numbers| {
            numbers.for_each(|number| found.add(number));
        })?;
        Ok((layout, Scale::of(header.kind, found)?))
    })?;
    let mut pixels = room_for(layout.count, layout.image())?;
    pixels.clear();
    with_array(path, &name, |header, reader| {
        let mut image = Vec::with_capacity(layout.image());
        each_image(header, &layout, reader, |numbers| {
            image.clear();
            image.extend(numbers.map(|number| scale.byte(number)));
            layout.write_planes(&image, &mut pixels);
        })
    })?;
    let Labels { places, classes, .. } = labels(path, &names, layout.count)?;
    Ok(ImageSet {
        width: layout.width as u32,
        height: layout.height as u32,
        channels: layout.channels as u32,
        pixels,
        labels: places,
        classes,
    })
}

/// The labels, without the images.
pub fn labels_of(path: &Path) -> Result<Labels> {
    labels(path, &names(path)?, count(path)?)
}

/// How many images there are, by the header of their array.
pub fn count(path: &Path) -> Result<usize> {
    let name = images_among(path, &names(path)?)?;
    with_array(path, &name, |header, _| Ok(bounded(header)?.count))
}

/// The array of images: by its name, or else the only one that has the shape of images.
fn images_among(path: &Path, names: &[String]) -> Result<String> {
    if let [only] = names {
        return Ok(only.clone());
    }
    if let Some(known) = IMAGES.iter().find(|known| names.iter().any(|name| name == *known)) {
        return Ok((*known).to_owned());
    }
    let mut shaped = Vec::new();
    for name in names {
        if with_array(path, name, |header, _| Ok(Layout::of(header).is_ok()))? {
            shaped.push(name.clone());
        }
    }
    match shaped.as_slice() {
        [only] => Ok(only.clone()),
        _ => {
            let message = format!(
                "holds the arrays {}; call the one of the images `images`, that of the classes `labels`",
                names.join(", ")
            );
            Err(Error::file(path, message))
        }
    }
}

/// The layout of an array that fits into memory.
fn bounded(header: &Header) -> Told<Layout> {
    let layout = Layout::of(header)?;
    match header.numbers().is_some_and(|numbers| numbers <= MAX_NUMBERS) {
        true => Ok(layout),
        false => Err(format!("is {}, more than fits in memory", header.words())),
    }
}

/// Gives `take` the numbers of one image after another.
fn each_image(
    header: &Header,
    layout: &Layout,
    mut reader: &mut dyn Read,
    mut take: impl FnMut(&mut dyn Iterator<Item = f64>),
) -> Told<()> {
    let length = layout.image() * header.width;
    let mut bytes = Vec::with_capacity(CHUNK.min(length));
    for index in 0..layout.count {
        bytes.clear();
        // Grows with what is there, not with what the header tells.
        let read = (&mut reader).take(length as u64).read_to_end(&mut bytes);
        match read {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error.to_string()),
            _ if bytes.len() < length => {
                return Err(format!("is cut short: image {index} of {} is missing", layout.count));
            }
            _ => take(&mut bytes.chunks_exact(header.width).map(|one| header.number(one))),
        }
    }
    Ok(())
}

/// The labels in the same npz, or in the npy beside an npy.
fn labels(path: &Path, names: &[String], count: usize) -> Result<Labels> {
    if let Some(name) = LABELS.iter().find(|known| names.iter().any(|name| name == *known)) {
        return Ok(Labels::numbered(&numbers(path, name, count)?));
    }
    match labels_beside(path) {
        Some(beside) => Ok(Labels::numbered(&numbers(&beside, "", count)?)),
        None => Ok(Labels::none(count)),
    }
}

/// `labels.npy` for `images.npy`, `y_train.npy` for `x_train.npy`, if it is there.
fn labels_beside(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str().filter(|name| name.ends_with(".npy"))?;
    let by_letter = name.strip_prefix(['x', 'X']).filter(|rest| rest.starts_with(['_', '.']));
    let candidates = [
        name.contains("images").then(|| name.replace("images", "labels")),
        by_letter.map(|rest| format!("y{rest}")),
    ];
    let paths = candidates.into_iter().flatten().map(|name| path.with_file_name(name));
    paths.into_iter().find(|path| path.is_file())
}

/// `count` whole numbers; an axis of one behind them does no harm.
fn numbers(path: &Path, name: &str, count: usize) -> Result<Vec<i64>> {
    with_array(path, name, |header, reader| {
        let is_list = matches!(*header.shape.as_slice(), [found] | [found, 1] if found == count);
        if !is_list || header.kind == Kind::Float {
            let words = header.words();
            return Err(format!(
                "is {words}; expected one whole number for each of {count} images"
            ));
        }
        let mut bytes = Vec::new();
        let length = count * header.width;
        reader.take(length as u64).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        match bytes.len() == length {
            true => {
                let numbers = bytes.chunks_exact(header.width);
                Ok(numbers.map(|one| header.number(one) as i64).collect())
            }
            false => Err(format!("is cut short: found {} bytes of {length}", bytes.len())),
        }
    })
}
