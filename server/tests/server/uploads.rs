//! Archives from the page.

use std::io::Write;

use app::api::{DatasetInfo, Studio};
use axum::body::Body;
use axum::http::{StatusCode, header};

use crate::support::{Answer, Setup, Site, darkroom, multipart, multipart_of, open, png, post};

pub fn zip_of(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        zip.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub fn form(name: &str, file: &[u8]) -> Vec<u8> {
    multipart(&[("name", name), ("background", "#ffffff")], ("../../a.zip", file))
}

async fn upload(site: &Site, accept: &str, body: Vec<u8>) -> Answer {
    site.upload("/upload/dataset", accept, body).await
}

fn cats_and_dogs() -> Vec<u8> {
    zip_of(&[
        ("cats/1.png", png(1)),
        ("cats/2.png", png(2)),
        ("dogs/1.png", png(3)),
        ("dogs/broken.png", b"not a picture".to_vec()),
    ])
}

#[tokio::test]
async fn an_uploaded_zip_becomes_a_data_set() {
    let setup = Setup::idle();
    let site = setup.site();
    let answer = upload(&site, "application/json", form("pets", &cats_and_dogs())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let info: DatasetInfo = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!((info.count, info.channels, info.max_size), (3, 1, (8, 8)));
    let classes: Vec<_> =
        info.classes.iter().map(|class| (class.name.as_str(), class.count)).collect();
    assert_eq!(classes, [("cats", 2), ("dogs", 1)]);
    assert!(info.skipped[0].name.contains("broken.png"), "{:?}", info.skipped);
    let page = setup.studio.dataset("pets", Some("dogs"), 0).await.unwrap();
    let shown = site.get(&page.images[0].url).await;
    assert!(engine::grid::Picture::from_png(&shown.bytes).is_ok(), "{}", shown.text());
    assert_eq!(std::fs::read_dir(darkroom(&setup).folders.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn images_sent_one_by_one_become_a_data_set_and_join_one() {
    let setup = Setup::idle();
    let site = setup.site();
    let pictures = [1, 2, 3].map(png);
    let files = [
        ("C:\\scans\\a.png", &pictures[0][..]),
        ("b.png", &pictures[1]),
        ("b.png", &pictures[2]),
        ("notes.txt", b"no picture"),
    ];
    let body = multipart_of(&[("name", "scans"), ("background", "#ffffff")], &files);
    let answer = upload(&site, "application/json", body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let names = async |name: &str| -> Vec<String> {
        let page = setup.studio.dataset(name, None, 0).await.unwrap();
        page.images.into_iter().map(|image| image.name).collect()
    };
    assert_eq!(names("scans").await, ["a.png", "b-2.png", "b.png"]);
    let info = setup.studio.dataset("scans", None, 0).await.unwrap().info;
    assert!(info.takes_images && info.skipped[0].name == "notes.txt", "{info:?}");

    let join = async |name: &str, class: &str, files: &[(&str, &[u8])]| {
        let body = multipart_of(&[("name", name), ("class", class)], files);
        site.upload("/upload/images", "application/json", body).await
    };
    let joined = join("scans", "", &[("a.png", &png(4))]).await;
    assert_eq!(joined.status, StatusCode::OK, "{}", joined.text());
    assert_eq!(joined.json()["images"], 1);
    let joined = join("scans", "pets", &[("pets.zip", &cats_and_dogs())]).await;
    assert_eq!(joined.json()["info"]["count"], 7, "{}", joined.text());
    assert_eq!(names("scans").await.len(), 8, "with the one that cannot be read");
    setup.studio.undo_dataset_edit("scans").await.unwrap();
    assert_eq!(names("scans").await, ["a-2.png", "a.png", "b-2.png", "b.png"]);

    for (name, class, (file, bytes), field, words) in [
        ("scans", "a/b", ("x.png", png(5)), "class", "letters"),
        ("scans", "", ("x.txt", b"no picture".to_vec()), "file", "zip"),
        ("scans", "", ("x.png", Vec::new()), "file", "choose images"),
        ("digits", "", ("x.png", png(5)), "name", "stays as it is"),
        ("nowhere", "", ("x.png", png(5)), "name", "nowhere"),
    ] {
        let answer = join(name, class, &[(file, &bytes)]).await;
        let status = answer.status;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.text());
        let fault = &answer.json()["Fields"][0];
        assert_eq!(fault["field"], field, "{name}: {fault}");
        assert!(fault["message"].as_str().unwrap().contains(words), "{name}: {fault}");
    }
    assert_eq!(names("scans").await.len(), 4);
    assert_eq!(std::fs::read_dir(darkroom(&setup).folders.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn images_together_beyond_the_limit_are_refused() {
    let setup = Setup::idle();
    let picture = png(1);
    let site = setup.site_with(|web| web.max_upload = 2 * picture.len() as u64);
    let body = multipart_of(&[("name", "many")], &[("a.png", picture.as_slice()); 3]);
    let answer = upload(&site, "application/json", body).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", answer.text());
    assert_eq!(std::fs::read_dir(darkroom(&setup).folders.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_form_without_scripts_is_sent_on() {
    let setup = Setup::idle();
    let site = setup.site();
    let good = upload(&site, "text/html", form("pets", &cats_and_dogs())).await;
    assert_eq!(
        (good.status, good.header(header::LOCATION)),
        (StatusCode::SEE_OTHER, "/datasets?name=pets")
    );
    let again = upload(&site, "text/html", form("pets", &cats_and_dogs())).await;
    let back = again.header(header::LOCATION);
    assert!(back.starts_with("/datasets?error=name%3A%20%60pets%60%20is%20taken"), "{back}");
    assert!(back.ends_with("&name=pets"), "{back}");
}

#[tokio::test]
async fn what_is_no_archive_of_images_is_refused_and_leaves_nothing() {
    let setup = Setup::idle();
    let site = setup.site();
    let truncated = cats_and_dogs()[..150].to_vec();
    let cases: [(&str, Vec<u8>, &str, &str); 6] = [
        ("a", b"hello".to_vec(), "file", "zip"),
        ("b", truncated, "file", ""),
        ("c", zip_of(&[("notes.txt", b"no picture".to_vec())]), "file", "image"),
        ("d", zip_of(&[("x.png", b"broken".to_vec())]), "file", "x.png"),
        ("../e", cats_and_dogs(), "name", "letters"),
        ("f", Vec::new(), "file", "choose"),
    ];
    for (name, bytes, field, words) in cases {
        let answer = upload(&site, "application/json", form(name, &bytes)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{name}: {}", answer.text());
        let fault = &answer.json()["Fields"][0];
        assert_eq!(fault["field"], field, "{name}: {fault}");
        assert!(fault["message"].as_str().unwrap().contains(words), "{name}: {fault}");
    }
    let names: Vec<_> =
        setup.studio.datasets().await.unwrap().into_iter().map(|set| set.name).collect();
    assert_eq!(names, ["digits", "textures"]);
    let left = std::fs::read_dir(darkroom(&setup).folders.datasets());
    assert_eq!(left.map_or(0, |entries| entries.count()), 0);
}

#[tokio::test]
async fn of_uploads_under_one_name_at_once_one_is_whole_and_the_others_are_refused() {
    let setup = Setup::idle();
    let site = setup.site();
    for round in 0..5 {
        let name = format!("pets{round}");
        let body = form(&name, &cats_and_dogs());
        let uploads = (0..4).map(|_| upload(&site, "application/json", body.clone()));
        let answers = futures::future::join_all(uploads).await;
        let (good, refused): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.status == StatusCode::OK);
        assert_eq!((good.len(), refused.len()), (1, 3));
        for answer in refused {
            assert!(answer.text().contains("is taken"), "{}", answer.text());
        }
        let page = setup.studio.dataset(&name, None, 0).await.unwrap();
        // The one that cannot be read among them.
        assert_eq!(page.total, 4);
        assert_eq!(site.get(&page.images[0].url).await.status, StatusCode::OK);
    }
    assert_eq!(std::fs::read_dir(darkroom(&setup).folders.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn an_upload_beyond_the_limit_is_refused_in_words() {
    let setup = Setup::idle();
    let site = setup.site_with(|web| web.max_upload = 1000);
    let answer = upload(&site, "application/json", form("big", &vec![0; 5000])).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{}", answer.text());
    assert!(answer.text().contains("larger than 1000 bytes"), "{}", answer.text());
    assert_eq!(std::fs::read_dir(darkroom(&setup).folders.uploads()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_body_that_is_no_form_is_refused() {
    let setup = Setup::idle();
    let request = post("/upload/dataset").header(header::CONTENT_TYPE, "multipart/form-data");
    let answer = setup.site().ask(request.body(Body::from("x")).unwrap()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{}", answer.text());
}

#[tokio::test]
async fn a_path_that_is_escaped_from_stays_inside() {
    let setup = Setup::idle();
    let site = setup.site();
    let archive = zip_of(&[("../../outside.png", png(1)), ("inside.png", png(2))]);
    let answer = upload(&site, "application/json", form("sly", &archive)).await;
    assert!(!setup.folder.path().join("outside.png").exists());
    assert!(!setup.folder.path().join("data/outside.png").exists());
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    assert_eq!(setup.studio.dataset("sly", None, 0).await.unwrap().total, 1);
}

#[tokio::test]
async fn a_named_folder_stays_when_it_is_forgotten_and_an_uploaded_one_goes() {
    let setup = Setup::idle();
    let folder = setup.images(3);
    let path = folder.to_string_lossy().into_owned();
    let info = setup.studio.add_dataset("mine", &path, "#000000").await.unwrap();
    assert_eq!((info.count, info.source.ends_with("pictures")), (3, true));
    let taken = setup.studio.add_dataset("mine", &path, "#000000").await.unwrap_err();
    assert!(taken.for_field("name").is_some(), "{taken}");
    let nowhere = setup.studio.add_dataset("other", "/nowhere", "#000000").await.unwrap_err();
    assert!(nowhere.for_field("path").is_some(), "{nowhere}");
    setup.studio.delete_dataset("mine").await.unwrap();
    assert!(folder.join("00.png").exists());
    upload(&setup.site(), "application/json", form("pets", &cats_and_dogs())).await;
    let kept = darkroom(&setup).folders.dataset("pets");
    assert!(kept.exists());
    setup.studio.delete_dataset("pets").await.unwrap();
    assert!(!kept.exists());
    assert!(setup.studio.delete_dataset("digits").await.is_err());
}

/// An npy file of `shape` as numpy writes it.
pub fn npy(shape: &str, bytes: &[u8]) -> Vec<u8> {
    let header = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': ({shape}), }}\n");
    let length = (header.len() as u16).to_le_bytes();
    [b"\x93NUMPY\x01\x00", &length[..], header.as_bytes(), bytes].concat()
}

/// A Parquet file with one column `image` of files.
fn parquet_of(files: Vec<Vec<u8>>) -> Vec<u8> {
    use parquet::data_type::{ByteArray, ByteArrayType};
    let schema =
        parquet::schema::parser::parse_message_type("message s { required binary image; }");
    let schema = std::sync::Arc::new(schema.unwrap());
    let mut bytes = Vec::new();
    let mut writer =
        parquet::file::writer::SerializedFileWriter::new(&mut bytes, schema, Default::default())
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    let mut column = group.next_column().unwrap().unwrap();
    let files: Vec<ByteArray> = files.into_iter().map(ByteArray::from).collect();
    column.typed::<ByteArrayType>().write_batch(&files, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.close().unwrap();
    bytes
}

#[tokio::test]
async fn arrays_are_uploaded_and_shown() {
    let setup = Setup::idle();
    let site = setup.site();
    let record = |label: u8| [vec![label], vec![90; 3072]].concat();
    let cifar = zip_of(&[("c/data_batch_1.bin", [record(0), record(1)].concat())]);
    let npz = zip_of(&[("x.npy", npy("2, 8, 8", &[9; 128])), ("y.npy", npy("2,", &[0, 1]))]);
    let sets = [
        ("cifar", cifar, 2),
        ("npz", npz, 2),
        ("npy", npy("2, 8, 8", &[9; 128]), 0),
        ("hub", parquet_of(vec![png(1), png(2)]), 0),
    ];
    for (name, bytes, classes) in sets {
        let answer = upload(&site, "application/json", form(name, &bytes)).await;
        assert_eq!(answer.status, StatusCode::OK, "{name}: {}", answer.text());
        let info: DatasetInfo = serde_json::from_slice(&answer.bytes).unwrap();
        assert_eq!((info.count, info.classes.len(), info.editable), (2, classes, true), "{name}");
        let page = setup.studio.dataset(name, None, 0).await.unwrap();
        let shown = site.get(&page.images[1].url).await;
        assert!(engine::grid::Picture::from_png(&shown.bytes).is_ok(), "{name}: {}", shown.text());
        let known = setup.studio.dataset_statistics(name).await.unwrap();
        assert_eq!(known.sizes.len(), 1, "{name}");
    }
    let broken = npy("9, 8, 8", &[9; 128]);
    let answer = upload(&site, "application/json", form("broken", &broken)).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", answer.text());
    let fault = &answer.json()["Fields"][0];
    assert_eq!(fault["field"], "file");
    assert!(fault["message"].as_str().unwrap().starts_with("the file is cut short"), "{fault}");
}

#[test]
fn what_a_killed_program_left_in_the_cache_goes_once_no_other_runs() {
    let folder = tempfile::tempdir().unwrap();
    let first = open(folder.path());
    let cache = first.0.folders.root().join("cache");
    let left = [
        "uploads/00c0ffee.zip",
        "uploads/.tmp1/images/1.png",
        "unpacked/.0123456789abcdef.unpacking-1-0/1.png",
    ]
    .map(|name| cache.join(name));
    let whole = cache.join("unpacked/0123456789abcdef/1.png");
    for file in left.iter().chain([&whole]) {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, png(1)).unwrap();
    }
    let there = || left.iter().filter(|file| file.exists()).count();
    drop(open(folder.path()));
    assert_eq!(there(), 3, "another program may be at it");
    drop(first);
    drop(open(folder.path()));
    assert_eq!(there(), 0);
    assert!(whole.exists());
}
