//! Pictures that a client of the REST API did not ask to save.

use app::api::{GenerateView, Studio};
use axum::http::StatusCode;
use serde_json::json;

use crate::sdapi::draw;
use crate::support::{Setup, Site, darkroom};

/// Two pictures that nobody asked to save.
async fn draw_two(setup: &Setup, site: &Site) -> GenerateView {
    let answer = draw(site, &json!({ "steps": 2, "batch_size": 2, "seed": 7 })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    setup.studio.generation(None).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_starred_picture_stays_and_a_deleted_one_leaves_no_file() {
    let setup = Setup::working();
    let site = setup.site();
    let first = draw_two(&setup, &site).await;
    let [starred, deleted] = [0, 1].map(|at| first.images[at].clone());
    let file = darkroom(&setup).store.image(deleted.id).unwrap().unwrap().image.path;
    let file = darkroom(&setup).folders.absolute(&file);
    setup.studio.star(starred.id, true).await.unwrap();
    setup.studio.delete_images(vec![deleted.id]).await.unwrap();
    assert!(file.is_file());

    draw_two(&setup, &site).await;
    assert_eq!(site.get(&starred.url).await.status, StatusCode::OK);
    assert!(!file.exists());
    let kept = setup.generation(first.job.id).await;
    assert_eq!(kept.images.iter().map(|image| image.id).collect::<Vec<_>>(), [starred.id]);
}
