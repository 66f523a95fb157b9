//! Data sets as they are published elsewhere: CIFAR, numpy arrays and Parquet.

use std::path::Path;
use std::sync::Arc;

use engine::data::{Found, Limits, Revision, Source, detect, unpack};
use engine::{CancelToken, Result};
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;

use crate::archives::{tar_gz_of, zip_of};
use crate::files::*;

fn source_of(path: &Path) -> Source {
    match detect(path).unwrap() {
        Found::Source(source) => source,
        Found::Archive(path) => panic!("{} is no archive", path.display()),
    }
}

/// What opening the images at `path` says.
fn fault(path: &Path) -> String {
    let loaded = |source: Source| source.load(&options(None, 1), &CancelToken::new());
    let found: Result<_> = detect(path).and_then(|found| match found {
        Found::Source(source) => loaded(source),
        Found::Archive(path) => panic!("{} is no archive", path.display()),
    });
    message(found)
}

#[track_caller]
fn check_says(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
}

/// One record of CIFAR: labels, then a red, a green and a blue plane of one value each.
fn record(labels: &[u8], rgb: [u8; 3]) -> Vec<u8> {
    let planes = rgb.into_iter().flat_map(|value| [value; 1024]);
    labels.iter().copied().chain(planes).collect()
}

#[test]
fn cifar_10_is_read_from_its_tar_with_the_names_of_its_classes() {
    let root = folder();
    let batch = |label, value| record(&[label], [value, 2, 3]);
    let archive = put(
        root.path(),
        "cifar-10-binary.tar.gz",
        &tar_gz_of(&[
            ("cifar-10-batches-bin/readme.html", b"<html>".to_vec()),
            ("cifar-10-batches-bin/batches.meta.txt", b"airplane\nbird\n\n".to_vec()),
            ("cifar-10-batches-bin/data_batch_2.bin", batch(0, 30)),
            ("cifar-10-batches-bin/data_batch_1.bin", [batch(1, 10), batch(0, 20)].concat()),
            ("cifar-10-batches-bin/test_batch.bin", batch(1, 99)),
        ]),
    );
    let into = root.path().join("cifar");
    let skipped = unpack(&archive, &into, &Limits::default(), &CancelToken::new()).unwrap();
    assert_eq!(skipped.len(), 1, "{skipped:?}");
    let source = source_of(&into);
    assert_eq!(source, Source::Cifar(into));
    let set = load(&source, &options(None, 3));
    assert_eq!((set.len(), set.width, set.height, set.channels), (3, 32, 32, 3));
    assert_eq!(
        (set.classes.as_slice(), &set.labels[..]),
        (&["airplane".into(), "bird".into()][..], &[1, 0, 0][..])
    );
    let first: Vec<u8> = (0..3).map(|index| set.image(index)[0]).collect();
    assert_eq!((first, &set.image(0)[1024..1025]), (vec![10, 20, 30], &[2][..]));
    assert_eq!(source.picture(2, 32, [0; 3]).unwrap().pixels[..3], [30, 2, 3]);
    assert_eq!(source.entries().unwrap()[0].class.as_deref(), Some("bird"));
    let survey = source.survey(&CancelToken::new()).unwrap();
    assert_eq!((survey.count, survey.channels), (3, 3));
    assert_eq!(survey.classes, [("airplane".into(), 2), ("bird".into(), 1)]);
}

#[test]
fn cifar_100_goes_by_its_fine_labels_and_by_its_folder() {
    let root = folder();
    put(root.path(), "set/fine_label_names.txt", b"apple\nbear\n");
    put(root.path(), "set/train.bin", &record(&[0, 1], [7, 7, 7]));
    let source = source_of(root.path());
    let set = load(&source, &options(Some((8, 8)), 1));
    assert_eq!((&set.labels[..], set.image(0).len()), (&[1][..], 64), "{:?}", set.classes);
    assert_eq!(source.survey(&CancelToken::new()).unwrap().channels, 1);
}

#[test]
fn broken_cifar_files_are_named() {
    let root = folder();
    let path = put(root.path(), "data_batch_1.bin", &record(&[3], [1, 2, 3])[..3000]);
    check_says(&fault(root.path()), &["data_batch_1.bin", "3000 bytes", "CIFAR-10"]);
    std::fs::write(path, record(&[3], [1, 2, 3])).unwrap();
    assert_eq!(load(&source_of(root.path()), &options(None, 3)).classes, ["3"]);
    put(root.path(), "batches.meta.txt", b"one\ntwo\n");
    check_says(&fault(root.path()), &["batches.meta.txt", "2 classes", "class 3"]);
}

/// An npy file as numpy writes it.
fn npy(descr: &str, shape: &str, numbers: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), numbers].concat()
}

fn floats(numbers: &[f32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

fn longs(numbers: &[i64]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_le_bytes()).collect()
}

#[test]
fn an_npz_has_images_and_labels() {
    let root = folder();
    let pixels: Vec<u8> = (0..24).collect();
    let labels = npy("<i8", "2,", &longs(&[9, 4]));
    for (images, classes) in [("images", "labels"), ("x_train", "y_train"), ("arr_0", "arr_1")] {
        let arrays = [
            (format!("{classes}.npy"), labels.clone()),
            (format!("{images}.npy"), npy("|u1", "2, 2, 2, 3", &pixels)),
        ];
        let arrays = arrays.each_ref().map(|(name, bytes)| (name.as_str(), bytes.clone()));
        let path = put(root.path(), "set.npz", &zip_of(&arrays));
        let source = source_of(&path);
        assert_eq!(source, source_of(root.path()));
        let set = load(&source, &options(None, 3));
        assert_eq!((set.len(), set.channels, &set.labels[..]), (2, 3, &[1, 0][..]), "{images}");
        assert_eq!(set.pixels[..6], [0, 3, 6, 9, 1, 4], "channels lie in planes");
        assert_eq!(set.classes, ["4", "9"]);
        assert_eq!(source.picture(1, 9, [0; 3]).unwrap().pixels[..3], [12, 13, 14]);
    }
}

#[test]
fn an_npy_of_floats_is_scaled_by_its_range_whichever_way_its_axes_lie() {
    let root = folder();
    let path = root.path().join("images.npy");
    for (shape, channels) in
        [("1, 2, 2", 1), ("1, 2, 2, 1", 1), ("1, 1, 2, 2", 1), ("1, 3, 1, 2", 3)]
    {
        let count = if channels == 1 { 4 } else { 6 };
        let numbers = [-1.0, -0.5, 0.0, 1.0, 0.5, 0.0];
        std::fs::write(&path, npy("<f4", shape, &floats(&numbers[..count]))).unwrap();
        let set = load(&source_of(&path), &options(None, channels));
        assert_eq!(set.pixels[..4], [0, 64, 128, 255], "{shape}");
        assert_eq!((set.channels, set.len()), (channels, 1), "{shape}");
    }
    put(root.path(), "labels.npy", &npy("|u1", "1, 1", &[5]));
    assert_eq!(load(&source_of(&path), &options(None, 3)).classes, ["5"]);
}

#[test]
fn arrays_that_are_no_images_are_told_with_what_they_are() {
    let root = folder();
    let check = |bytes: &[u8], expected: &[&str]| {
        let path = put(root.path(), "x.npy", bytes);
        check_says(&fault(&path), &[&["x.npy"], expected].concat());
    };
    check(&npy("<f4", "10, 512", &[]), &["float32 of 10x512", "(images, height, width)"]);
    check(&npy("|u1", "2, 2, 2, 4", &[0; 32]), &["uint8 of 2x2x2x4"]);
    check(&npy("|u1", "2, 2, 2", &[0; 7]), &["cut short", "image 1 of 2"]);
    check(&npy("|u1", "99999999999, 4096, 4096", &[]), &["more than fits in memory"]);
    // Much is told and nothing is there: no memory is taken for it.
    check(&npy("|u1", "500, 4096, 4096", &[]), &["cut short", "image 0 of 500"]);
    check(&npy("<f4", "1, 1, 2", &floats(&[-9.0, 400.0])), &["from -9 to 400"]);
    check(&npy("<f4", "1, 1, 2", &floats(&[0.5, f32::NAN])), &["infinite"]);
    check(&npy("<U5", "1, 1, 2", &[]), &["`<U5`"]);
    check(b"\x93NUMPY\x01\x00\xff\xff{'descr'", &["cut short", "header"]);
    let two = npy("|u1", "2, 1, 1", &[1, 2]);
    let labels = npy("<i8", "3,", &longs(&[1, 2, 3]));
    let path = put(root.path(), "a.npz", &zip_of(&[("x.npy", two.clone()), ("y.npy", labels)]));
    check_says(&fault(&path), &["a.npz", "`y`", "int64 of 3", "2 images"]);
    let path = put(root.path(), "b.npz", &zip_of(&[("left.npy", two.clone()), ("right.npy", two)]));
    check_says(&fault(&path), &["b.npz", "left, right", "`images`"]);
}

/// What a Parquet file of the tests holds: image files and labels, row by row.
type Rows<'a> = &'a [(Option<Vec<u8>>, Option<i64>)];

const HUB: &str = r#"{"info": {"features": {"image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"}}}}"#;

/// A file as the hub has it: images as structures, in groups of two rows.
fn shard(rows: Rows, metadata: Option<&str>, compression: Compression) -> Vec<u8> {
    let schema = "message schema {
        optional group image { optional binary bytes; optional binary path (UTF8); }
        optional int64 label; }";
    let told = metadata.map(|text| vec![KeyValue::new("huggingface".into(), text.to_owned())]);
    let properties = WriterProperties::builder()
        .set_compression(compression)
        .set_key_value_metadata(told)
        .build();
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties)).unwrap();
    for rows in rows.chunks(2) {
        let mut group = writer.next_row_group().unwrap();
        let files: Vec<ByteArray> =
            rows.iter().filter_map(|row| row.0.clone()).map(ByteArray::from).collect();
        let levels: Vec<i16> = rows.iter().map(|row| if row.0.is_some() { 2 } else { 1 }).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&files, Some(&levels), None).unwrap();
        column.close().unwrap();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&[], Some(&vec![1; rows.len()]), None).unwrap();
        column.close().unwrap();
        let labels: Vec<i64> = rows.iter().filter_map(|row| row.1).collect();
        let levels: Vec<i16> = rows.iter().map(|row| i16::from(row.1.is_some())).collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&labels, Some(&levels), None).unwrap();
        column.close().unwrap();
        group.close().unwrap();
    }
    writer.close().unwrap();
    bytes
}

fn rows(values: &[(u8, i64)]) -> Vec<(Option<Vec<u8>>, Option<i64>)> {
    values.iter().map(|&(gray, label)| (Some(gray_png(gray)), Some(label))).collect()
}

#[test]
fn shards_of_the_hub_are_one_data_set() {
    let root = folder();
    let first = shard(&rows(&[(10, 1), (20, 0), (30, 1)]), Some(HUB), Compression::SNAPPY);
    let second = shard(&rows(&[(40, 0)]), Some(HUB), Compression::ZSTD(Default::default()));
    let test = shard(&rows(&[(50, 0)]), Some(HUB), Compression::UNCOMPRESSED);
    put(root.path(), "data/train-00000-of-00002.parquet", &first);
    put(root.path(), "data/train-00001-of-00002.parquet", &second);
    put(root.path(), "data/test-00000-of-00001.parquet", &test);
    put(root.path(), "README.md", b"# A data set");
    let source = source_of(root.path());
    let set = load(&source, &options(None, 1));
    assert_eq!(set.labels, [1, 0, 1, 0]);
    assert_eq!(set.classes, ["cat", "dog"]);
    let grays: Vec<u8> = (0..4).map(|index| set.image(index)[0]).collect();
    assert_eq!(grays, [10, 20, 30, 40]);
    for (index, gray) in [10, 20, 30, 40].into_iter().enumerate() {
        assert_eq!(source.picture(index, 8, [0; 3]).unwrap().pixels[0], gray);
    }
    assert!(message(source.picture(4, 8, [0; 3])).contains("no image 4"));
    let survey = source.survey(&CancelToken::new()).unwrap();
    assert_eq!((survey.count, survey.channels, survey.max_size), (4, 1, (8, 8)));
    let album = source.open().unwrap();
    let found = album.statistics([0; 3], &CancelToken::new()).unwrap();
    assert!((found.mean[0] - 25.0 / 255.0).abs() < 1e-9 && found.duplicates.is_empty());
}

#[test]
fn rows_without_an_image_or_a_class_are_told_and_kept_apart() {
    let root = folder();
    let rows = [
        (None, Some(0)),
        (Some(gray_png(9)), None),
        (Some(b"no picture".to_vec()), Some(0)),
        (Some(gray_png(7)), Some(1)),
    ];
    let path = put(root.path(), "one.parquet", &shard(&rows, None, Compression::SNAPPY));
    let source = source_of(&path);
    let survey = source.survey(&CancelToken::new()).unwrap();
    let skipped: Vec<&str> = survey.skipped.iter().map(|file| file.name.as_str()).collect();
    assert_eq!((survey.count, skipped), (2, vec!["0", "2"]), "{:?}", survey.skipped);
    assert!(survey.skipped[0].reason.contains("only its path"), "{:?}", survey.skipped);
    let set = load(&source, &options(None, 1));
    assert_eq!((set.image(0)[0], set.image(1)[0]), (9, 7));
    let classes: Vec<&str> =
        set.labels.iter().map(|&label| set.classes[label as usize].as_str()).collect();
    assert_eq!(classes, ["(none)", "1"]);
}

#[test]
fn broken_parquet_files_are_named_and_end_nothing_else() {
    let root = folder();
    let good = shard(&rows(&[(10, 1), (20, 0), (30, 1)]), Some(HUB), Compression::SNAPPY);
    for length in [4, 12, good.len() / 2, good.len() - 9, good.len() - 1] {
        let path = put(root.path(), "cut.parquet", &good[..length]);
        check_says(&fault(&path), &["cut.parquet"]);
    }
    // A flipped byte anywhere gives images or an error, never a panic, and not the program's end.
    for at in (4..good.len()).step_by(7) {
        let mut bytes = good.clone();
        bytes[at] ^= 0x55;
        let path = put(root.path(), "flipped.parquet", &bytes);
        let Ok(Found::Source(source)) = detect(&path) else { continue };
        let loaded = source.load(&options(Some((8, 8)), 1), &CancelToken::new());
        assert!(loaded.is_ok_and(|set| set.len() <= 3) || fault(&path).contains("flipped.parquet"));
    }
    let stranger = rows(&[(1, 7)]);
    let path = put(root.path(), "named.parquet", &shard(&stranger, Some(HUB), Compression::SNAPPY));
    check_says(&fault(&path), &["named.parquet", "2 classes", "class 7"]);
}

#[test]
fn images_go_before_arrays_that_lie_beside_them() {
    let root = folder();
    let archive = zip_of(&[("cats/1.png", gray_png(1)), ("stats.npz", b"PK".to_vec())]);
    let archive = put(root.path(), "mixed.zip", &archive);
    let into = root.path().join("mixed");
    let skipped = unpack(&archive, &into, &Limits::default(), &CancelToken::new()).unwrap();
    assert_eq!(skipped[0].name, "stats.npz");
    assert_eq!(source_of(&into), Source::Folder(into.clone()));
    assert_eq!(std::fs::read_dir(into).unwrap().count(), 1);
}

/// Leaves image 0 out, calls the class of image 1 `one`, and gives image 2 a class of its own.
fn revised(source: &Source) -> Source {
    let class = source.entries().unwrap()[1].class.clone().unwrap();
    let mut revision = Revision::default();
    revision.leave_out([0]);
    revision.rename(&class, "one");
    revision.move_to([2], "two");
    Source::Revised(Box::new(source.clone()), revision)
}

#[test]
fn a_revision_shows_wherever_images_are_looked_at() {
    let root = folder();
    let batch = [record(&[0], [10; 3]), record(&[1], [20; 3]), record(&[1], [30; 3])].concat();
    put(root.path(), "cifar/data_batch_1.bin", &batch);
    let pixels = [10, 20, 30].map(|gray| [gray; 64]).concat();
    let arrays = [
        ("images.npy", npy("|u1", "3, 8, 8", &pixels)),
        ("labels.npy", npy("<i8", "3,", &longs(&[0, 1, 1]))),
    ];
    put(root.path(), "numpy/set.npz", &zip_of(&arrays));
    let rows = rows(&[(10, 0), (20, 1), (30, 1)]);
    put(root.path(), "parquet/train.parquet", &shard(&rows, Some(HUB), Compression::SNAPPY));
    let idx = [[0u8, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 8, 0, 0, 0, 8].as_slice(), &pixels].concat();
    put(root.path(), "idx/train-images-idx3-ubyte", &idx);
    put(root.path(), "idx/train-labels-idx1-ubyte", &[0, 0, 8, 1, 0, 0, 0, 3, 0, 1, 1]);
    for kind in ["cifar", "numpy", "parquet", "idx"] {
        let source = source_of(&root.path().join(kind));
        assert_eq!(source.count().unwrap(), 3, "{kind}");
        let source = revised(&source);
        let names: Vec<String> = source.entries().unwrap().into_iter().map(|e| e.name).collect();
        assert_eq!((names, source.count().unwrap()), (vec!["1".into(), "2".into()], 2), "{kind}");
        let set = load(&source, &options(None, 1));
        assert_eq!((set.image(0)[0], set.image(1)[0], set.len()), (20, 30, 2), "{kind}");
        assert_eq!((set.classes, set.labels), (vec!["one".into(), "two".into()], vec![0, 1]));
        let survey = source.survey(&CancelToken::new()).unwrap();
        assert_eq!(survey.classes, [("one".into(), 1), ("two".into(), 1)], "{kind}");
        let album = source.open().unwrap();
        assert_eq!(album.entries(), source.entries().unwrap(), "{kind}");
        assert_eq!(album.picture(1, 8, [0; 3]).unwrap().pixels[0], 30, "{kind}");
        assert!(message(album.picture(2, 8, [0; 3])).contains("no image 2"), "{kind}");
        let found = album.statistics([0; 3], &CancelToken::new()).unwrap();
        assert!((found.mean[0] - 25.0 / 255.0).abs() < 1e-9, "{kind}: {found:?}");
    }
}

#[test]
fn counting_reads_no_pixels() {
    let root = folder();
    // Twice as many images as there are bytes for: opening it fails, counting does not.
    let path = put(root.path(), "images.npy", &npy("|u1", "4, 8, 8", &[0; 128]));
    assert_eq!(source_of(&path).count().unwrap(), 4);
    check_says(&fault(&path), &["cut short"]);
    put(root.path(), "labels.npy", &npy("|u1", "4,", &[1, 2, 1, 2]));
    assert_eq!(source_of(&path).entries().unwrap()[3].class.as_deref(), Some("2"));
}
