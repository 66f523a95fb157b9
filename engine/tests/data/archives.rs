//! Archives: what comes out, what stays out, and what is refused.

use std::fs;
use std::io::Write;
use std::path::Path;

use engine::data::{Found, Limits, Skipped, detect, unpack};
use engine::{CancelToken, Result};
use image::{ImageFormat, RgbImage};
use tar::{EntryType, Header};
use zip::write::SimpleFileOptions;

use crate::files::*;

pub type Files<'a> = &'a [(&'a str, Vec<u8>)];
type Packer = fn(Files) -> Vec<u8>;

pub fn zip_of(files: Files) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The name goes into the header as it is: the tar crate would refuse `..`.
fn append(writer: &mut tar::Builder<Vec<u8>>, name: &str, kind: EntryType, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    writer.append(&header, bytes).unwrap();
}

fn tar_of(files: Files) -> Vec<u8> {
    let mut writer = tar::Builder::new(Vec::new());
    for (name, bytes) in files {
        append(&mut writer, name, EntryType::Regular, bytes);
    }
    writer.into_inner().unwrap()
}

pub fn tar_gz_of(files: Files) -> Vec<u8> {
    gzipped(&tar_of(files))
}

const PACKERS: [(&str, Packer); 3] =
    [("set.zip", zip_of), ("set.tar", tar_of), ("set.tgz", tar_gz_of)];

/// Unpacks into `sets/mine` below `root`.
fn unpack_bytes(root: &Path, name: &str, bytes: &[u8], limits: &Limits) -> Result<Vec<Skipped>> {
    let archive = put(root, name, bytes);
    unpack(&archive, &root.join("sets/mine"), limits, &CancelToken::new())
}

/// Names below a folder, sorted.
fn names_in(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut names = Vec::new();
    for entry in entries.map(|entry| entry.unwrap()) {
        let name = entry.file_name().into_string().unwrap();
        match entry.path().is_dir() {
            true => names.extend(names_in(&entry.path()).iter().map(|n| format!("{name}/{n}"))),
            false => names.push(name),
        }
    }
    names.sort();
    names
}

#[track_caller]
fn check_refused(name: &str, bytes: &[u8], limits: &Limits, expected: &str) {
    let root = folder();
    let text = message(unpack_bytes(root.path(), name, bytes, limits));
    assert!(text.contains(name) && text.contains(expected), "{text:?} does not say {expected:?}");
    let left = fs::read_dir(root.path().join("sets")).map(|left| left.count()).unwrap_or(0);
    assert_eq!(left, 0, "something is left of {name}");
}

#[test]
fn images_come_out_with_their_classes_and_nothing_else_does() {
    let files = [
        ("pets/cats/1.png", red_png()),
        ("pets/cats/2.PNG", red_png()),
        ("pets/dogs/1.jpg", encoded(RgbImage::from_pixel(8, 8, RED), ImageFormat::Jpeg)),
        ("pets/readme.md", b"hello".to_vec()),
        ("__MACOSX/pets/cats/._1.png", b"junk".to_vec()),
        ("pets/.DS_Store", b"junk".to_vec()),
    ];
    for (name, pack) in PACKERS {
        let root = folder();
        let archive = put(root.path(), name, &pack(&files));
        assert_eq!(detect(&archive).unwrap(), Found::Archive(archive.clone()), "{name}");
        let into = root.path().join("sets/mine");
        let skipped = unpack(&archive, &into, &Limits::default(), &CancelToken::new()).unwrap();
        assert_eq!(skipped.len(), 1, "{name}: {skipped:?}");
        assert_eq!(skipped[0].name, "pets/readme.md");
        assert_eq!(
            names_in(&root.path().join("sets")),
            ["cats/1.png", "cats/2.PNG", "dogs/1.jpg"].map(|name| format!("mine/{name}"))
        );
        let set = load_folder(&into, &options(Some((8, 8)), 3));
        assert_eq!((set.classes, set.labels), (vec!["cats".into(), "dogs".into()], vec![0, 0, 1]));
        let again = unpack(&archive, &into, &Limits::default(), &CancelToken::new());
        assert!(message(again).contains("is there already"));
    }
}

#[test]
fn names_that_lead_out_are_skipped() {
    let files = [
        ("../out.png", red_png()),
        ("a/../../out.png", red_png()),
        ("/tmp/darkroom-out.png", red_png()),
        ("..\\out.png", red_png()),
        ("a/in.png", red_png()),
    ];
    for (name, pack) in PACKERS {
        let root = folder();
        let skipped = unpack_bytes(root.path(), name, &pack(&files), &Limits::default()).unwrap();
        let reasons: Vec<&str> = skipped.iter().map(|skipped| skipped.reason.as_str()).collect();
        assert_eq!(reasons, ["its path leads out of the folder"; 4], "{name}");
        assert_eq!(names_in(root.path()), [name, "sets/mine/a/in.png"]);
        assert!(!Path::new("/tmp/darkroom-out.png").exists());
    }
}

#[test]
fn links_and_doubles_are_skipped() {
    let mut writer = tar::Builder::new(Vec::new());
    let mut link = Header::new_gnu();
    link.set_entry_type(EntryType::Symlink);
    link.set_size(0);
    writer.append_link(&mut link, "link.png", "/etc/passwd").unwrap();
    link.set_entry_type(EntryType::Link);
    writer.append_link(&mut link, "hard.png", "/etc/passwd").unwrap();
    append(&mut writer, "a.png", EntryType::Regular, &red_png());
    append(&mut writer, "a.png", EntryType::Regular, b"another");
    append(&mut writer, "a.png/b.png", EntryType::Regular, b"below a file");
    let root = folder();
    let bytes = writer.into_inner().unwrap();
    let skipped = unpack_bytes(root.path(), "set.tar", &bytes, &Limits::default()).unwrap();
    let names: Vec<&str> = skipped.iter().map(|skipped| skipped.name.as_str()).collect();
    assert_eq!(names, ["link.png", "hard.png", "a.png", "a.png/b.png"]);
    assert_eq!(fs::read(root.path().join("sets/mine/a.png")).unwrap(), red_png());

    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    writer.add_symlink("link.png", "/etc/passwd", SimpleFileOptions::default()).unwrap();
    writer.start_file("a.png", SimpleFileOptions::default()).unwrap();
    writer.write_all(&red_png()).unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    let root = folder();
    let skipped = unpack_bytes(root.path(), "set.zip", &bytes, &Limits::default()).unwrap();
    assert_eq!((skipped.len(), skipped[0].name.as_str()), (1, "link.png"));
    assert_eq!(names_in(&root.path().join("sets")), ["mine/a.png"]);
}

#[test]
fn long_names_in_tar_are_read() {
    let name = format!("{}/{}.png", "class".repeat(15), "name".repeat(40));
    let mut writer = tar::Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_size(red_png().len() as u64);
    header.set_mode(0o644);
    writer.append_data(&mut header, &name, &red_png()[..]).unwrap();
    let pax_name = format!("pax/{}.png", "n".repeat(150));
    writer.append_pax_extensions([("path", pax_name.as_bytes())]).unwrap();
    append(&mut writer, "short.png", EntryType::Regular, &red_png());
    append(&mut writer, "last/x.png", EntryType::Regular, &red_png());
    let root = folder();
    let bytes = writer.into_inner().unwrap();
    assert_eq!(unpack_bytes(root.path(), "set.tar", &bytes, &Limits::default()).unwrap(), []);
    let mut expected = [name, pax_name, "last/x.png".into()];
    expected.sort();
    assert_eq!(names_in(&root.path().join("sets/mine")), expected);
}

#[test]
fn a_bomb_is_refused_by_what_really_comes_out() {
    let zeros = vec![0; 3 << 20];
    let files = [("a.png", zeros.clone()), ("b.png", zeros.clone()), ("c.png", zeros)];
    for (name, pack) in PACKERS {
        let bytes = pack(&files);
        let limits = Limits { bytes: 5 << 20, ..Limits::default() };
        check_refused(name, &bytes, &limits, "more than 5242880 bytes");
        check_refused(name, &bytes, &Limits { files: 2, ..Limits::default() }, "more than 2 files");
    }
    // What is not wanted must be unpacked to be passed over, and counts too.
    let unwanted = tar_gz_of(&[("a.png", red_png()), ("b.bin", vec![0; 9 << 20])]);
    let limits = Limits { bytes: 1 << 20, files: 10, ..Limits::default() };
    check_refused("set.tgz", &unwanted, &limits, "more than is allowed");
}

#[test]
fn a_zip_that_lies_about_its_sizes_is_still_bounded() {
    let mut bytes = zip_of(&[("a.png", vec![0; 3 << 20])]);
    // The unpacked size, in the entry's own header and in the directory at the end.
    let size = (3u32 << 20).to_le_bytes();
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|&i| bytes[i..i + 4] == size).collect();
    assert!(!places.is_empty());
    for place in places {
        bytes[place..place + 4].copy_from_slice(&10u32.to_le_bytes());
    }
    let root = folder();
    let limits = Limits { bytes: 1 << 20, ..Limits::default() };
    let unpacked = unpack_bytes(root.path(), "set.zip", &bytes, &limits);
    assert!(unpacked.is_err(), "{unpacked:?}");
    assert_eq!(names_in(root.path()), ["set.zip"]);
}

#[test]
fn a_file_too_large_is_left_out() {
    for (name, pack) in PACKERS {
        let bytes = pack(&[("big.png", vec![0; 2 << 20]), ("a.png", red_png())]);
        let limits = Limits { file_bytes: 1 << 20, ..Limits::default() };
        let root = folder();
        let skipped = unpack_bytes(root.path(), name, &bytes, &limits).unwrap();
        assert_eq!((skipped.len(), skipped[0].name.as_str()), (1, "big.png"), "{name}");
        assert_eq!(names_in(&root.path().join("sets")), ["mine/a.png"], "{name}");
    }
}

#[test]
fn broken_archives_leave_nothing() {
    let noise: Vec<u8> =
        (0..200_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let files = [("a.png", red_png()), ("b.png", noise)];
    for (name, pack) in PACKERS {
        let bytes = pack(&files);
        let half = &bytes[..bytes.len() / 2];
        check_refused(name, half, &Limits::default(), "cannot be unpacked");
        let empty = pack(&[("notes.txt", b"no image".to_vec())]);
        check_refused(name, &empty, &Limits::default(), "holds no PNG");
    }
    let mut flipped = zip_of(&files);
    flipped[60] ^= 0xff;
    check_refused("flipped.zip", &flipped, &Limits::default(), "cannot be unpacked");
    let plain = b"just text";
    check_refused("text.zip", plain, &Limits::default(), "is not a zip, tar or tar.gz archive");
}

#[test]
fn cancelling_leaves_nothing() {
    let root = folder();
    let archive = put(root.path(), "set.zip", &zip_of(&[("a.png", red_png())]));
    let cancel = CancelToken::new();
    cancel.cancel();
    let stopped = unpack(&archive, &root.path().join("sets/mine"), &Limits::default(), &cancel);
    assert!(matches!(stopped, Err(engine::Error::Cancelled)));
    assert_eq!(names_in(root.path()), ["set.zip"]);
}
