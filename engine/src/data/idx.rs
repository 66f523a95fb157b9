//! IDX files as MNIST comes: a big-endian header, then bytes; plain or gzip.

use std::fs::File;
use std::io::{self, BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::ImageSet;
use super::labels::Labels;
use super::source::no_such_image;
use crate::grid::Picture;
use crate::{Error, Result};

/// Unsigned bytes in three dimensions: images.
pub const IMAGES_MAGIC: u32 = 0x803;
/// Unsigned bytes in one dimension: labels.
pub const LABELS_MAGIC: u32 = 0x801;
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const MAX_SIDE: u32 = 4096;
/// The most pixels a file may hold; what is read is bounded by what is there, too.
const MAX_BYTES: u64 = 8 << 30;

/// What an IDX file of images says of itself.
#[derive(Clone, Copy)]
struct Header {
    count: u64,
    width: u32,
    height: u32,
}

impl Header {
    fn image_bytes(&self) -> u64 {
        u64::from(self.width) * u64::from(self.height)
    }

    fn read(path: &Path, reader: &mut impl Read) -> Result<Self> {
        check_magic(path, read_word(path, reader)?, IMAGES_MAGIC, "images")?;
        let count = u64::from(read_word(path, reader)?);
        let (height, width) = (read_word(path, reader)?, read_word(path, reader)?);
        let header = Self { count, width, height };
        if count == 0 {
            return Err(Error::file(path, "holds no images"));
        }
        let sides = 1..=MAX_SIDE;
        let total = header.image_bytes().checked_mul(count);
        if !sides.contains(&width)
            || !sides.contains(&height)
            || total.is_none_or(|total| total > MAX_BYTES)
        {
            let message = format!(
                "its header tells of {count} images of {width}x{height} pixels; expected sides of 1 \
                 to {MAX_SIDE} and at most {} GiB in all",
                MAX_BYTES >> 30
            );
            return Err(Error::file(path, message));
        }
        Ok(header)
    }
}

/// Reads both files whole and checks that they belong together. Without `labels` the file that
/// MNIST's naming puts beside `images` is used if it is there.
pub fn read(images: &Path, labels: Option<&Path>) -> Result<ImageSet> {
    let mut reader = open(images)?;
    let header = Header::read(images, &mut reader)?;
    let expected = header.count * header.image_bytes();
    let what = format!("{} images of {}x{}", header.count, header.width, header.height);
    let pixels = read_body(images, reader, expected, &what)?;
    let Labels { places, classes, .. } = read_labels(images, labels, header.count)?;
    let Header { width, height, .. } = header;
    Ok(ImageSet { width, height, channels: 1, pixels, labels: places, classes })
}

/// The labels, from the headers and their file alone.
pub fn labels(images: &Path, labels: Option<&Path>) -> Result<Labels> {
    let header = Header::read(images, &mut open(images)?)?;
    read_labels(images, labels, header.count)
}

/// How many images there are, by the header.
pub fn count(images: &Path) -> Result<usize> {
    Ok(Header::read(images, &mut open(images)?)?.count as usize)
}

/// One image, reading no further than it.
pub fn picture(images: &Path, index: usize) -> Result<Picture> {
    let mut reader = open(images)?;
    let header = Header::read(images, &mut reader)?;
    if index as u64 >= header.count {
        return Err(no_such_image(index, header.count as usize));
    }
    let before = header.image_bytes() * index as u64;
    let mut pixels = vec![0; header.image_bytes() as usize];
    io::copy(&mut reader.by_ref().take(before), &mut io::sink())
        .and_then(|_| reader.read_exact(&mut pixels))
        .map_err(|error| Error::file(images, format!("image {index} is missing: {error}")))?;
    Ok(Picture { width: header.width, height: header.height, channels: 1, pixels })
}

/// Reads `labels`, or the file that MNIST's naming puts beside `images`; no classes without either.
fn read_labels(images: &Path, labels: Option<&Path>, count: u64) -> Result<Labels> {
    let Some(path) = labels.map(Path::to_owned).or_else(|| labels_beside(images)) else {
        return Ok(Labels::none(count as usize));
    };
    let mut reader = open(&path)?;
    check_magic(&path, read_word(&path, &mut reader)?, LABELS_MAGIC, "labels")?;
    let found = u64::from(read_word(&path, &mut reader)?);
    if found != count {
        let images = images.display();
        let message = format!("holds {found} labels, but {images} holds {count} images");
        return Err(Error::file(&path, message));
    }
    let bytes = read_body(&path, reader, found, &format!("{found} labels"))?;
    let numbers: Vec<i64> = bytes.into_iter().map(i64::from).collect();
    Ok(Labels::numbered(&numbers))
}

/// Whether a file of this name is one of IDX.
pub fn is_idx_name(name: &str) -> bool {
    name.contains("idx3") || name.contains("idx1")
}

/// `train-labels-idx1-ubyte` for `train-images-idx3-ubyte`, with or without `.gz`, if it is there.
pub fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let sibling = name.replace("images", "labels").replace("idx3", "idx1");
    let other = match sibling.strip_suffix(".gz") {
        Some(plain) => plain.to_owned(),
        None => format!("{sibling}.gz"),
    };
    let paths = [sibling, other].map(|name| images.with_file_name(name));
    paths.into_iter().find(|path| path.as_path() != images && path.is_file())
}

/// The file of images in a folder of IDX files; the training half is preferred.
pub fn images_in(folder: &Path) -> Option<PathBuf> {
    let is_images = |name: &str| name.contains("images") && name.contains("idx3");
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| !name.starts_with('.') && is_images(name))
        .collect();
    names.sort_by_key(|name| (!name.starts_with("train"), name.clone()));
    names.into_iter().map(|name| folder.join(name)).find(|path| path.is_file())
}

/// Opens a file, through gzip if its content says so.
pub fn open(path: &Path) -> Result<Box<dyn Read>> {
    let fail = |error: io::Error| Error::file(path, error);
    let mut reader = BufReader::new(File::open(path).map_err(fail)?);
    let start = io::BufRead::fill_buf(&mut reader).map_err(fail)?;
    Ok(match start.starts_with(&GZIP_MAGIC) {
        true => Box::new(MultiGzDecoder::new(reader)),
        false => Box::new(reader),
    })
}

fn read_word(path: &Path, reader: &mut impl Read) -> Result<u32> {
    let mut word = [0; 4];
    match reader.read_exact(&mut word) {
        Ok(()) => Ok(u32::from_be_bytes(word)),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            Err(Error::file(path, "is cut short: it ends inside its IDX header"))
        }
        Err(error) => Err(Error::file(path, error)),
    }
}

fn check_magic(path: &Path, found: u32, expected: u32, what: &str) -> Result<()> {
    if found == expected {
        return Ok(());
    }
    let message =
        format!("is no IDX file of {what}: expected magic {expected:#010x}, found {found:#010x}");
    Err(Error::file(path, message))
}

/// Reads `expected` bytes, no more and no less.
fn read_body(path: &Path, reader: impl Read, expected: u64, what: &str) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let read = reader.take(expected + 1).read_to_end(&mut bytes);
    match read {
        // What was there before the end is in `bytes`, whose length is told below.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
        Err(error) => return Err(Error::file(path, error)),
        Ok(_) => {}
    }
    let found = bytes.len() as u64;
    let fault = match found.cmp(&expected) {
        std::cmp::Ordering::Equal => return Ok(bytes),
        std::cmp::Ordering::Less => format!("is cut short: found {found} bytes"),
        std::cmp::Ordering::Greater => "holds more than its header tells".to_owned(),
    };
    Err(Error::file(path, format!("{fault}, expected {expected} for {what}")))
}
