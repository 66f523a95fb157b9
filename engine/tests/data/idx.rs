//! IDX pairs, whole and broken.

use std::path::{Path, PathBuf};

use engine::CancelToken;
use engine::data::{Found, Source, detect};

use crate::files::*;

const IMAGES: &str = "train-images-idx3-ubyte";
const LABELS: &str = "train-labels-idx1-ubyte";

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

/// `count` images of 3 by 2 whose pixels count up.
fn images(count: u32) -> Vec<u8> {
    let pixels = (0..count * 6).map(|pixel| pixel as u8);
    words(&[0x803, count, 2, 3]).into_iter().chain(pixels).collect()
}

fn labels(labels: &[u8]) -> Vec<u8> {
    [&words(&[0x801, labels.len() as u32]), labels].concat()
}

fn source_of(path: &Path) -> Source {
    match detect(path).unwrap() {
        Found::Source(source) => source,
        Found::Archive(path) => panic!("{} is no archive", path.display()),
    }
}

#[test]
fn a_pair_is_read_plain_and_gzipped_by_file_and_by_folder() {
    let plain: fn(&[u8]) -> Vec<u8> = |bytes| bytes.to_vec();
    for (ending, pack) in [("", plain), (".gz", gzipped)] {
        let root = folder();
        let path = put(root.path(), &format!("{IMAGES}{ending}"), &pack(&images(3)));
        put(root.path(), &format!("{LABELS}{ending}"), &pack(&labels(&[7, 3, 7])));
        put(root.path(), "t10k-images-idx3-ubyte", &images(1));
        assert_eq!(source_of(root.path()), source_of(&path));
        let source = source_of(&path);
        let set = load(&source, &options(None, 1));
        assert_eq!((set.len(), set.width, set.height), (3, 3, 2));
        assert_eq!(set.pixels, (0..18).collect::<Vec<u8>>());
        assert_eq!((set.classes, set.labels), (vec!["3".into(), "7".into()], vec![1, 0, 1]));
        assert_eq!(source.picture(2, 28, [0; 3]).unwrap().pixels, (12..18).collect::<Vec<u8>>());
        assert_eq!(source.entries().unwrap()[1].class.as_deref(), Some("3"));
        let survey = source.survey(&CancelToken::new()).unwrap();
        assert_eq!((survey.count, survey.channels, survey.max_size), (3, 1, (3, 2)));
    }
}

#[test]
fn images_without_labels_have_no_classes() {
    let root = folder();
    put(root.path(), IMAGES, &images(2));
    let set = load(&source_of(root.path()), &options(Some((4, 4)), 3));
    assert_eq!((set.len(), set.channels, set.image(0).len()), (2, 3, 48));
    assert!(set.classes.is_empty() && set.labels == [0, 0]);
}

/// What loading says of these two files.
#[track_caller]
fn check_fault(images: &[u8], labels: &[u8], expected: &[&str]) {
    let root = folder();
    let path = put(root.path(), IMAGES, images);
    let labels = put(root.path(), LABELS, labels);
    let source = Source::Idx { images: path, labels: Some(labels) };
    let text = message(source.load(&options(None, 1), &CancelToken::new()));
    for part in expected {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    assert_eq!(message(source.survey(&CancelToken::new())), text);
}

#[test]
fn broken_files_are_named_with_what_was_expected_and_found() {
    let (good, two) = (images(2), labels(&[0, 1]));
    check_fault(&good[..20], &two, &[IMAGES, "cut short", "found 4 bytes", "expected 12"]);
    check_fault(&good[..9], &two, &[IMAGES, "ends inside its IDX header"]);
    check_fault(&gzipped(&good)[..20], &two, &[IMAGES]);
    check_fault(&[&good[..], &[0]].concat(), &two, &[IMAGES, "holds more than its header tells"]);
    check_fault(&good, &labels(&[1, 2, 3]), &[LABELS, "3 labels", "2 images"]);
    check_fault(&good, &two[..9], &[LABELS, "cut short", "found 1 bytes", "expected 2"]);
    check_fault(&two, &two, &[IMAGES, "0x00000803", "0x00000801"]);
    check_fault(&words(&[0x803, u32::MAX, u32::MAX, u32::MAX]), &two, &[IMAGES, "4294967295"]);
    check_fault(&words(&[0x803, 5, 0, 28]), &two, &[IMAGES, "28x0"]);
    check_fault(&words(&[0x803, 0, 28, 28]), &two, &[IMAGES, "holds no images"]);
    // Much is told and nothing is there: no memory is taken for it.
    check_fault(&words(&[0x803, 500, 4096, 4096]), &two, &[IMAGES, "cut short", "found 0 bytes"]);
}

#[test]
fn labels_alone_are_no_data_set() {
    let root = folder();
    let path = put(root.path(), LABELS, &labels(&[1]));
    assert!(message(detect(&path)).contains("name the file of images"));
}

/// The shared data of the makers' machines, where there is some.
fn shared() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared");
    let root = std::env::var_os("DARKROOM_SHARED").map_or(beside, PathBuf::from).join("data");
    root.is_dir().then_some(root)
}

#[test]
fn real_data_sets_are_read_where_they_are() {
    let Some(root) = shared() else { return };
    let mnist = load(&source_of(&root.join("mnist")), &options(None, 1));
    assert_eq!((mnist.len(), mnist.classes.len()), (60_000, 10));
    assert_eq!(mnist.labels.iter().filter(|&&label| label == 1).count(), 6742);
    let mean = mnist.pixels.iter().map(|&p| f64::from(p)).sum::<f64>() / mnist.pixels.len() as f64;
    assert!((mean / 255.0 - 0.1307).abs() < 1e-4, "{mean}");
    let crawl = source_of(&root.join("textures-crawl")).survey(&CancelToken::new()).unwrap();
    assert_eq!((crawl.count, crawl.min_size, crawl.max_size), (876, (32, 32), (32, 32)));
    let counts: Vec<u64> = crawl.classes.iter().map(|(_, count)| *count).collect();
    assert_eq!((counts, crawl.channels), (vec![371, 424, 81], 3));
    let archive = root.join("mnist/mnist-png-500-per-class.tar.gz");
    assert_eq!(detect(&archive).unwrap(), Found::Archive(archive));
}
