//! Folders of images, classes, and what is wrong with some.

use engine::data::{NO_CLASS, Source, detect};
use engine::{CancelToken, Error};
use image::{GrayImage, ImageFormat, Luma, RgbImage};

use crate::files::*;

#[test]
fn sub_folders_are_classes_in_natural_order() {
    let root = folder();
    for name in ["c10/b10.png", "c10/b9.PNG", "c9/x.png", "c9/deep/er/y.png", "loose.png"] {
        put(root.path(), name, &red_png());
    }
    for ignored in [".hidden.png", "__MACOSX/c9/x.png", ".git/x.png", "notes.txt", "c9/readme"] {
        put(root.path(), ignored, b"nothing to see");
    }
    let source = Source::Folder(root.path().to_owned());
    let entries = source.entries().unwrap();
    let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["c9/deep/er/y.png", "c9/x.png", "c10/b9.PNG", "c10/b10.png", "loose.png"]);
    assert_eq!(entries[0].class.as_deref(), Some("c9"));
    assert_eq!(entries[4].class, None);
    let set = load(&source, &options(None, 3));
    assert_eq!(set.classes, ["c9", "c10", NO_CLASS]);
    assert_eq!(set.labels, [0, 0, 1, 1, 2]);
    let survey = source.survey(&CancelToken::new()).unwrap();
    let expected = [("c9", 2), ("c10", 2), (NO_CLASS, 1)];
    assert_eq!(survey.classes, expected.map(|(class, count)| (class.to_owned(), count)));
    assert_eq!((survey.count, survey.channels, survey.skipped.len()), (5, 3, 0));
}

#[test]
fn folders_around_the_classes_are_stepped_through() {
    let root = folder();
    put(root.path(), "pets/train/cats/1.png", &red_png());
    put(root.path(), "pets/train/dogs/1.png", &red_png());
    assert_eq!(load_folder(root.path(), &options(None, 3)).classes, ["cats", "dogs"]);
    let root = folder();
    put(root.path(), "cats/1.png", &red_png());
    assert_eq!(load_folder(root.path(), &options(None, 3)).classes, ["cats"]);
}

#[test]
fn a_survey_tells_sizes_and_names_what_is_broken() {
    let root = folder();
    put(root.path(), "a/1.png", &gray_png(9));
    let tall = GrayImage::from_pixel(4, 20, Luma([1]));
    put(root.path(), "a/2.png", &encoded(tall, ImageFormat::Png));
    let whole = red_png();
    put(root.path(), "b/cut.png", &whole[..whole.len() / 2]);
    put(root.path(), "b/text.jpg", b"not an image at all");
    put(root.path(), "b/empty.gif", b"");
    let source = Source::Folder(root.path().to_owned());
    let survey = source.survey(&CancelToken::new()).unwrap();
    assert_eq!((survey.count, survey.channels), (2, 1));
    assert_eq!((survey.min_size, survey.max_size), ((4, 8), (8, 20)));
    assert_eq!(survey.classes, [("a".to_owned(), 2), ("b".to_owned(), 0)]);
    let skipped: Vec<&str> = survey.skipped.iter().map(|skipped| skipped.name.as_str()).collect();
    assert_eq!(skipped, ["b/cut.png", "b/empty.gif", "b/text.jpg"]);
    assert!(survey.skipped.iter().all(|skipped| !skipped.reason.is_empty()));
    assert_eq!(load(&source, &options(Some((8, 8)), 1)).labels, [0, 0]);
    let differing = message(source.load(&options(None, 1), &CancelToken::new()));
    assert!(differing.contains("4x20") && differing.contains("8x8"), "{differing}");
}

/// A PNG without pixels that says it is 60,000 pixels wide and high.
fn huge_png() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::new(&mut bytes, 60_000, 60_000).write_header().unwrap();
    writer.write_chunk(png::chunk::IDAT, &[0x78, 0x9c]).unwrap();
    drop(writer);
    bytes
}

#[test]
fn an_image_too_large_is_refused_before_it_is_decoded() {
    let root = folder();
    put(root.path(), "small.png", &red_png());
    put(root.path(), "huge.png", &huge_png());
    let survey = Source::Folder(root.path().to_owned()).survey(&CancelToken::new()).unwrap();
    assert_eq!(survey.skipped[0].name, "huge.png");
    assert!(survey.skipped[0].reason.contains("megapixels"), "{}", survey.skipped[0].reason);
}

#[test]
fn a_folder_without_usable_images_is_an_error() {
    let root = folder();
    assert!(message(detect(root.path())).contains("holds no PNG"));
    put(root.path(), "broken.png", b"no");
    let source = Source::Folder(root.path().to_owned());
    let text = message(source.survey(&CancelToken::new()));
    assert!(text.contains("none of its images can be read; broken.png"), "{text}");
    assert!(message(source.load(&options(Some((8, 8)), 1), &CancelToken::new())).contains("none"));
    assert!(message(detect(&root.path().join("gone"))).contains("no such file or folder"));
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_not_followed() {
    let outside = folder();
    let secret = put(outside.path(), "secret.png", &red_png());
    let root = folder();
    let inside = put(root.path(), "a.png", &red_png());
    std::os::unix::fs::symlink(&secret, root.path().join("out.png")).unwrap();
    std::os::unix::fs::symlink(&inside, root.path().join("in.png")).unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("dir")).unwrap();
    let survey = Source::Folder(root.path().to_owned()).survey(&CancelToken::new()).unwrap();
    assert_eq!(survey.count, 2);
    assert_eq!(survey.skipped[0].name, "out.png");
}

#[test]
fn one_picture_is_shrunk_and_never_enlarged() {
    let root = folder();
    let wide = RgbImage::from_pixel(100, 50, RED);
    put(root.path(), "wide.png", &encoded(wide, ImageFormat::Png));
    let source = Source::Folder(root.path().to_owned());
    let picture = source.picture(0, 20, [0; 3]).unwrap();
    assert_eq!((picture.width, picture.height, picture.channels), (20, 10, 3));
    assert_eq!(source.picture(0, 500, [0; 3]).unwrap().width, 100);
    assert!(message(source.picture(1, 20, [0; 3])).contains("holds 1"));
}

#[test]
fn loading_stops_when_cancelled() {
    let cancel = CancelToken::new();
    cancel.cancel();
    let root = folder();
    put(root.path(), "a.png", &red_png());
    for source in [Source::Digits, Source::Textures, Source::Folder(root.path().to_owned())] {
        let loaded = source.load(&options(Some((8, 8)), 1), &cancel);
        assert!(matches!(loaded, Err(Error::Cancelled)));
        assert!(matches!(source.survey(&cancel), Err(Error::Cancelled)));
    }
}
