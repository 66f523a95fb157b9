//! Files to read, and how they are read.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use engine::data::{ImageSet, LoadOptions, Source};
use engine::{CancelToken, Error};
use flate2::Compression;
use flate2::write::GzEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, Luma, Rgb, RgbImage};
use tempfile::TempDir;

pub const RED: Rgb<u8> = Rgb([200, 30, 40]);

pub fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

pub fn put(root: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("a file lies in a folder")).unwrap();
    fs::write(&path, bytes).unwrap();
    path
}

pub fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn red_png() -> Vec<u8> {
    encoded(RgbImage::from_pixel(8, 8, RED), ImageFormat::Png)
}

pub fn gray_png(value: u8) -> Vec<u8> {
    encoded(GrayImage::from_pixel(8, 8, Luma([value])), ImageFormat::Png)
}

pub fn options(size: Option<(u32, u32)>, channels: u32) -> LoadOptions {
    LoadOptions { size, channels, background: [0, 0, 0] }
}

pub fn load(source: &Source, options: &LoadOptions) -> ImageSet {
    source.load(options, &CancelToken::new()).unwrap()
}

pub fn load_folder(root: &Path, options: &LoadOptions) -> ImageSet {
    load(&Source::Folder(root.to_owned()), options)
}

pub fn message<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    result.expect_err("this must not work").to_string()
}

#[track_caller]
pub fn check_close(found: &[u8], expected: &[u8], tolerance: u8) {
    assert_eq!(found.len(), expected.len());
    let off = found.iter().zip(expected).all(|(a, b)| a.abs_diff(*b) <= tolerance);
    assert!(off, "{found:?} is not {expected:?}");
}

pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
