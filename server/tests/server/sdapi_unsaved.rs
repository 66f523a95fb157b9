//! Pictures that a client of the REST API did not ask to save.

use app::api::{GalleryQuery, GenerateView, ImageId, Studio};
use axum::http::StatusCode;
use engine::device::DeviceChoice;
use serde_json::{Value, json};
use server::studio::{DeviceThread, StudioHandle};
use server::web::Web;

use crate::sdapi::{check_error, draw};
use crate::support::{Setup, Site, darkroom, open};

/// Two pictures that nobody asked to save.
async fn draw_two(studio: &StudioHandle, site: &Site) -> GenerateView {
    let answer = draw(site, &two()).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    studio.generation(None).await.unwrap().unwrap()
}

fn two() -> Value {
    json!({ "steps": 2, "batch_size": 2, "seed": 7 })
}

/// The newest first.
async fn in_the_gallery(studio: &StudioHandle) -> Vec<ImageId> {
    let page = studio.gallery(GalleryQuery::default()).await.unwrap();
    page.images.iter().map(|image| image.image.id).collect()
}

#[tokio::test]
async fn a_starred_picture_stays_and_a_deleted_one_leaves_no_file() {
    let setup = Setup::working();
    let site = setup.site();
    let first = draw_two(&setup.studio, &site).await;
    let [starred, deleted] = [0, 1].map(|at| first.images[at].clone());
    let file = darkroom(&setup).store.image(deleted.id).unwrap().unwrap().image.path;
    let file = darkroom(&setup).folders.absolute(&file);
    setup.studio.star(starred.id, true).await.unwrap();
    setup.studio.delete_images(vec![deleted.id]).await.unwrap();
    assert!(file.is_file());

    draw_two(&setup.studio, &site).await;
    assert_eq!(site.get(&starred.url).await.status, StatusCode::OK);
    assert!(!file.exists());
    let kept = setup.generation(first.job.id).await;
    assert_eq!(kept.images.iter().map(|image| image.id).collect::<Vec<_>>(), [starred.id]);
}

#[tokio::test]
async fn what_a_failed_call_drew_goes_with_the_next_one() {
    let setup = Setup::working();
    let (site, studio) = (setup.site(), &setup.studio);
    let database = rusqlite::Connection::open(darkroom(&setup).folders.database()).unwrap();
    let full = "CREATE TRIGGER full BEFORE INSERT ON images WHEN NEW.seed = 8
                BEGIN SELECT RAISE(FAIL, 'the disk is full'); END";
    database.execute_batch(full).unwrap();
    let failed = draw(&site, &two()).await;
    check_error(&failed, StatusCode::INTERNAL_SERVER_ERROR, "the disk is full");
    let left = in_the_gallery(studio).await;
    assert_eq!(left.len(), 1);

    database.execute_batch("DROP TRIGGER full").unwrap();
    draw_two(studio, &site).await;
    let shown = in_the_gallery(studio).await;
    assert!(shown.len() == 2 && !shown.contains(&left[0]), "{shown:?}");
}

#[tokio::test]
async fn what_nobody_saved_is_gone_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let studio = open(folder.path());
    studio.0.serve_queue(DeviceThread::open(DeviceChoice::Cpu).unwrap()).unwrap();
    let site = Site::of(Web::local(studio.clone()));
    let kept = json!({ "steps": 2, "seed": 3, "save_images": true });
    assert_eq!(draw(&site, &kept).await.status, StatusCode::OK);
    let drawn = draw_two(&studio, &site).await;
    // Another program that shares the data folder leaves them to this one.
    assert_eq!(in_the_gallery(&open(folder.path())).await.len(), 3);
    studio.0.close();
    drop((studio, site));

    let again = open(folder.path());
    assert_eq!(in_the_gallery(&again).await.len(), 1);
    assert!(again.generation(Some(drawn.job.id)).await.unwrap().is_none());
}
