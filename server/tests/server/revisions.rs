//! Images of an uploaded data set taken out, moved and brought back.

use app::api::{DatasetChange, DatasetEdit, DatasetInfo, JobState, Studio};
use axum::http::StatusCode;

use crate::support::{Setup, Site, open, png};
use crate::uploads::{form, npy, zip_of};

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

#[tokio::test]
async fn a_run_does_not_begin_by_what_its_folder_held_before() {
    let setup = Setup::idle();
    let folder = setup.folder.path().join("pets");
    for (name, at) in [("cats/1.png", 1), ("dogs/1.png", 2)] {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, png(at)).unwrap();
    }
    setup.studio.add_dataset("mine", folder.to_str().unwrap(), "#000000").await.unwrap();
    let mut run = setup.tiny("run", 8);
    run.dataset_params.im_path = "mine".into();
    run.model_params.num_classes = 2;
    assert_eq!(setup.studio.estimate(run.clone()).await.unwrap().images, 2);

    std::fs::create_dir(folder.join("fish")).unwrap();
    std::fs::write(folder.join("fish/1.png"), png(3)).unwrap();
    let fault = setup.studio.train(run.clone()).await.unwrap_err();
    let told = fault.for_field("model_params.num_classes").unwrap();
    assert!(told.contains("give 3"), "{told}");

    std::fs::write(folder.join("fish/2.png"), png(4)).unwrap();
    assert_eq!(setup.studio.estimate(run.clone()).await.unwrap().images, 4);
    let listed = setup.studio.datasets().await.unwrap();
    assert_eq!(listed.iter().find(|info| info.name == "mine").unwrap().count, 4);

    std::fs::rename(&folder, setup.folder.path().join("elsewhere")).unwrap();
    let fault = setup.studio.train(run).await.unwrap_err();
    let told = fault.for_field("dataset_params.im_path").unwrap();
    assert!(told.contains("there is no such file or folder"), "{told}");
}

#[tokio::test]
async fn an_image_that_was_replaced_under_its_name_is_noticed() {
    let setup = Setup::idle();
    let folder = setup.images(2);
    setup.studio.add_dataset("mine", folder.to_str().unwrap(), "#000000").await.unwrap();
    assert_eq!(setup.studio.dataset("mine", None, 0).await.unwrap().info.max_size, (8, 8));
    let larger = engine::grid::Picture::filled(16, 16, 1, 9).to_png(&[]);
    std::fs::write(folder.join("01.png"), larger).unwrap();
    assert_eq!(setup.studio.dataset("mine", None, 0).await.unwrap().info.max_size, (16, 16));
}

#[tokio::test]
async fn a_data_set_that_could_not_be_read_is_read_once_it_was_mended() {
    let setup = Setup::idle();
    let file = setup.folder.path().join("set.npz");
    std::fs::write(&file, arrays()).unwrap();
    setup.studio.add_dataset("set", file.to_str().unwrap(), "#000000").await.unwrap();
    let mut run = setup.tiny("run", 8);
    run.dataset_params.im_path = "set".into();
    // As an estimate finds it while it is being copied.
    std::fs::write(&file, &arrays()[..150]).unwrap();
    assert_eq!(setup.studio.estimate(run.clone()).await.unwrap().images, 0);
    let listed = setup.studio.datasets().await.unwrap();
    assert!(listed.iter().any(|set| set.name == "set" && set.note.is_some()), "{listed:?}");
    std::fs::write(&file, arrays()).unwrap();
    assert_eq!(setup.studio.estimate(run).await.unwrap().images, 4);
    let info = setup.studio.dataset("set", None, 0).await.unwrap().info;
    assert_eq!((info.count, info.note), (4, None));
}

/// An npz of four images of two classes, of which the first two are alike.
fn arrays() -> Vec<u8> {
    let pixels = [10, 10, 20, 30].map(|gray| [gray; 64]).concat();
    let files = [("images.npy", npy("4, 8, 8", &pixels)), ("labels.npy", npy("4,", &[3, 3, 5, 5]))];
    zip_of(&files)
}

#[tokio::test]
async fn changes_are_laid_over_arrays_whose_files_stay() {
    let setup = Setup::idle();
    let site = setup.site();
    let file = setup.folder.path().join("set.npz");
    std::fs::write(&file, arrays()).unwrap();
    let before = setup.studio.add_dataset("set", file.to_str().unwrap(), "#000000").await.unwrap();
    assert!(before.editable && !before.revised && before.undo.is_none());
    assert_eq!(classes(&before), [("3", 2), ("5", 2)]);

    let once = edit(&site, "delete_duplicates", "name=set").await;
    assert_eq!((once.images, classes(&once.info)), (1, vec![("3", 1), ("5", 2)]));
    let moved = edit(&site, "move_dataset_images", "name=set&images[]=3&class=dark").await;
    assert!(moved.info.revised);
    assert_eq!(classes(&moved.info), [("3", 1), ("5", 1), ("dark", 1)]);
    let merged = edit(&site, "rename_class", "name=set&class=5&to=3").await;
    assert_eq!(classes(&merged.info), [("3", 2), ("dark", 1)]);
    assert_eq!(merged.info.undo.as_deref(), Some("class 5 made 3"));
    let page = setup.studio.dataset("set", Some("dark"), 0).await.unwrap();
    assert_eq!((page.total, page.images[0].name.as_str()), (1, "3"));
    let shown = site.get(&page.images[0].url).await;
    assert_eq!(engine::grid::Picture::from_png(&shown.bytes).unwrap().pixels[0], 30);
    assert_eq!(setup.studio.dataset_statistics("set").await.unwrap().duplicates, 0);

    // Another program on the same folder sees the same.
    let again = open(setup.folder.path());
    assert_eq!(classes(&again.dataset("set", None, 0).await.unwrap().info), classes(&merged.info));
    again.0.close();

    let back = edit(&site, "undo_dataset_edit", "name=set").await;
    assert_eq!(classes(&back.info), [("3", 1), ("5", 1), ("dark", 1)]);
    let reset = edit(&site, "reset_dataset", "name=set").await;
    assert_eq!((classes(&reset.info), reset.info.revised), (classes(&before), false));
    let nothing = site.call("reset_dataset", "name=set").await;
    assert_eq!(nothing.status, StatusCode::CONFLICT, "{}", nothing.text());
    assert_eq!(std::fs::read(&file).unwrap(), arrays());
}

/// The same four images in another order.
fn arrays_turned() -> Vec<u8> {
    let pixels = [30, 20, 10, 10].map(|gray| [gray; 64]).concat();
    let files = [("images.npy", npy("4, 8, 8", &pixels)), ("labels.npy", npy("4,", &[5, 5, 3, 3]))];
    zip_of(&files)
}

#[tokio::test]
async fn changes_are_not_laid_over_files_that_came_in_place_of_theirs() {
    let setup = Setup::working();
    let site = setup.site();
    let file = setup.folder.path().join("set.npz");
    std::fs::write(&file, arrays()).unwrap();
    setup.studio.add_dataset("set", file.to_str().unwrap(), "#000000").await.unwrap();
    let moved = edit(&site, "move_dataset_images", "name=set&images[]=3&class=dark").await;
    std::fs::write(&file, arrays_turned()).unwrap();

    let page = setup.studio.dataset("set", None, 0).await.unwrap();
    assert_eq!(classes(&page.info), [("3", 2), ("5", 2)]);
    let note = page.info.note.clone().unwrap();
    assert!(note.contains("replaced") && note.contains("Take all changes back"), "{note}");
    assert!(!page.info.editable && page.info.revised && page.info.undo.is_none());
    let edited = site.call("delete_dataset_images", "name=set&images[]=0").await;
    assert_eq!(edited.status, StatusCode::CONFLICT, "{}", edited.text());
    let mut run = setup.tiny("run", 8);
    run.dataset_params.im_path = "set".into();
    let refused = setup.studio.train(run).await;
    let learned = match refused {
        Ok(job) => setup.training_over(job).await.job.message.unwrap_or_default(),
        Err(error) => error.to_string(),
    };
    assert!(learned.contains("replaced"), "{learned}");

    // The former file brings them back; taking them back makes the new one its own.
    std::fs::write(&file, arrays()).unwrap();
    let page = setup.studio.dataset("set", None, 0).await.unwrap();
    assert_eq!((classes(&page.info), &page.info.note), (classes(&moved.info), &None));
    std::fs::write(&file, arrays_turned()).unwrap();
    let reset = edit(&site, "reset_dataset", "name=set").await;
    assert!(reset.info.editable && !reset.info.revised && reset.info.note.is_none());
    let again = edit(&site, "move_dataset_images", "name=set&images[]=0&class=dark").await;
    assert_eq!(classes(&again.info), [("3", 2), ("5", 1), ("dark", 1)]);
}

#[tokio::test]
async fn a_run_learns_the_classes_that_are_laid_over_and_a_new_set_begins_without() {
    let setup = Setup::working();
    let site = setup.site();
    let answer = site.upload("/upload/dataset", "application/json", form("set", &arrays())).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    edit(&site, "move_dataset_images", "name=set&images[]=0&class=first").await;
    let mut config = setup.tiny("three", 4);
    config.dataset_params.im_path = "set".into();
    config.model_params.num_classes = 3;
    let job = setup.studio.train(config).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    let model = setup.studio.models().await.unwrap().into_iter().find(|m| m.name == "three");
    assert_eq!(model.unwrap().classes, ["3", "5", "first"]);

    setup.studio.delete_dataset("set").await.unwrap();
    let answer = site.upload("/upload/dataset", "application/json", form("set", &arrays())).await;
    let fresh: DatasetInfo = serde_json::from_slice(&answer.bytes).unwrap();
    assert_eq!((classes(&fresh), fresh.revised), (vec![("3", 2), ("5", 2)], false));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn edits_at_once_come_one_after_the_other_and_the_last_can_be_taken_back() {
    let setup = Setup::idle();
    let site = setup.site();
    let zip: Vec<_> = (0..9u8).map(|at| (format!("{at}.png"), png(at))).collect();
    let zip: Vec<_> = zip.iter().map(|(name, png)| (name.as_str(), png.clone())).collect();
    for round in 0..5 {
        let name = format!("set{round}");
        let body = form(&name, &zip_of(&zip));
        let answer = site.upload("/upload/dataset", "application/json", body).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        let edits: Vec<_> = (0..8)
            .map(|at| {
                let (studio, name) = (setup.studio.clone(), name.clone());
                let edit = DatasetEdit::Delete { images: vec![format!("{at}.png")] };
                tokio::spawn(async move { studio.edit_dataset(&name, edit).await })
            })
            .collect();
        for edit in edits {
            assert_eq!(edit.await.unwrap().unwrap().images, 1);
        }
        let back = setup.studio.undo_dataset_edit(&name).await.unwrap();
        assert_eq!((back.images, back.info.count), (1, 2));
    }
}
