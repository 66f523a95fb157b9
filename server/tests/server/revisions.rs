//! Images of an uploaded data set taken out, moved and brought back.

use app::api::{DatasetChange, DatasetInfo, Studio};
use axum::http::StatusCode;

use crate::support::{Setup, Site, png};
use crate::uploads::{form, zip_of};

/// Two cats, of which one is there twice, and a dog.
async fn pets(site: &Site) -> DatasetInfo {
    let zip = zip_of(&[
        ("cats/1.png", png(1)),
        ("cats/2.png", png(2)),
        ("cats/3.png", png(1)),
        ("dogs/1.png", png(3)),
    ]);
    let answer = site.upload("/upload/dataset", "application/json", form("pets", &zip)).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    serde_json::from_slice(&answer.bytes).unwrap()
}

async fn edit(site: &Site, function: &str, form: &str) -> DatasetChange {
    let answer = site.call(function, form).await;
    assert_eq!(answer.status, StatusCode::OK, "{function}: {}", answer.text());
    serde_json::from_slice(&answer.bytes).unwrap()
}

fn classes(info: &DatasetInfo) -> Vec<(&str, u64)> {
    info.classes.iter().map(|class| (class.name.as_str(), class.count)).collect()
}

#[tokio::test]
async fn images_are_taken_out_and_brought_back() {
    let setup = Setup::idle();
    let site = setup.site();
    let before = pets(&site).await;
    assert!(before.editable && before.undo.is_none());
    let out = edit(&site, "delete_dataset_images", "name=pets&images[]=cats/2.png").await;
    assert_eq!((out.images, out.info.count), (1, 3));
    assert_eq!(out.info.undo.as_deref(), Some("1 image taken out"));
    let back = edit(&site, "undo_dataset_edit", "name=pets").await;
    assert_eq!((back.images, &back.info), (1, &before));
    let again = site.call("undo_dataset_edit", "name=pets").await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text());
}

#[tokio::test]
async fn classes_are_changed_and_duplicates_go() {
    let setup = Setup::idle();
    let site = setup.site();
    pets(&site).await;
    let found = setup.studio.dataset_statistics("pets").await.unwrap();
    assert_eq!((found.duplicates, &found.sizes), (1, &vec![(8, 8, 4)]));
    assert_eq!((found.mean.len(), found.other_sizes), (1, 0));

    let once = edit(&site, "delete_duplicates", "name=pets").await;
    assert_eq!(classes(&once.info), [("cats", 2), ("dogs", 1)]);
    let moved =
        edit(&site, "move_dataset_images", "name=pets&images[]=cats/1.png&class=lions").await;
    assert_eq!(classes(&moved.info), [("cats", 1), ("dogs", 1), ("lions", 1)]);
    let merged = edit(&site, "rename_class", "name=pets&class=lions&to=cats").await;
    assert_eq!(classes(&merged.info), [("cats", 2), ("dogs", 1)]);
    let page = setup.studio.dataset("pets", Some("cats"), 0).await.unwrap();
    let names: Vec<_> = page.images.iter().map(|image| image.name.as_str()).collect();
    assert_eq!(names, ["cats/1.png", "cats/2.png"]);
}

#[tokio::test]
async fn what_stands_elsewhere_or_is_in_use_stays_as_it_is() {
    let setup = Setup::idle();
    let site = setup.site();
    pets(&site).await;
    let drawn = site.call("delete_duplicates", "name=digits").await;
    assert_eq!(drawn.status, StatusCode::CONFLICT, "{}", drawn.text());
    let folder = setup.images(3);
    setup.studio.add_dataset("mine", folder.to_str().unwrap(), "#000000").await.unwrap();
    let mine = site.call("delete_dataset_images", "name=mine&images[]=00.png").await;
    assert_eq!(mine.status, StatusCode::CONFLICT, "{}", mine.text());
    let none = site.call("delete_dataset_images", "name=pets").await;
    assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", none.text());
    let mut run = setup.tiny("run", 8);
    run.dataset_params.im_path = "pets".into();
    setup.studio.train(run).await.unwrap();
    let used = site.call("delete_dataset_images", "name=pets&images[]=cats/1.png").await;
    assert_eq!(used.status, StatusCode::CONFLICT, "{}", used.text());
    assert_eq!(setup.studio.dataset("pets", None, 0).await.unwrap().total, 4);
}

#[tokio::test]
async fn a_folder_that_changes_on_disk_is_counted_anew() {
    let setup = Setup::idle();
    let folder = setup.images(3);
    setup.studio.add_dataset("mine", folder.to_str().unwrap(), "#000000").await.unwrap();
    assert_eq!(setup.studio.dataset("mine", None, 0).await.unwrap().info.count, 3);
    std::fs::write(folder.join("late.png"), png(9)).unwrap();
    let page = setup.studio.dataset("mine", None, 0).await.unwrap();
    assert_eq!((page.info.count, page.total), (4, 4));
    std::fs::remove_file(folder.join("00.png")).unwrap();
    std::fs::remove_file(folder.join("01.png")).unwrap();
    assert_eq!(setup.studio.dataset("mine", None, 0).await.unwrap().info.count, 2);
}
