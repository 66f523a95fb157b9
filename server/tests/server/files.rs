//! `/files`: nothing leaves the folders it stands in.

use axum::http::StatusCode;
use engine::grid::Picture;

use crate::support::Setup;

#[tokio::test]
async fn addresses_that_climb_out_lead_nowhere() {
    let setup = Setup::idle();
    std::fs::write(setup.folder.path().join("secret.png"), "secret").unwrap();
    let site = setup.site();
    for path in [
        "/files/images/../../secret.png",
        "/files/images/..%2f..%2fsecret.png",
        "/files/images/%2e%2e%2f%2e%2e%2fsecret.png",
        "/files/images/1.png",
        "/files/images/-1.png",
        "/files/images/1.png.exe",
        "/files/images/99999999999999999999.png",
        "/files/strips/x.png",
        "/files/grids/1.png",
        "/files/zips/1.zip",
        "/files/previews/1.png",
        "/files/samples/1/1.png",
        "/files/datasets/..%2f..%2fsecret/0.png",
        "/files/datasets/digits/..%2f0.png",
        "/files/datasets/digits/99999999.png",
        "/files/datasets/nowhere/0.png",
        "/pkg/..%2f..%2fCargo.toml",
        "/../Cargo.toml",
        "//etc/passwd",
    ] {
        let answer = site.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text());
        assert_ne!(answer.bytes, b"secret", "{path}");
    }
}

#[tokio::test]
async fn a_built_in_data_set_shows_its_images() {
    let setup = Setup::idle();
    let site = setup.site();
    let page = site.call("dataset", "name=digits&class=3&offset=0").await.json();
    assert_eq!(page["images"].as_array().unwrap().len(), 60);
    let url = page["images"][0]["url"].as_str().unwrap();
    let answer = site.get(url).await;
    let picture = engine::grid::Picture::from_png(&answer.bytes).unwrap();
    assert_eq!((picture.width, picture.height), (28, 28));
}

#[tokio::test]
async fn what_training_may_see_of_an_image_is_shown() {
    let setup = Setup::idle();
    let site = setup.site();
    let get = async |query: &str| site.get(&format!("/files/augmented/{query}")).await;
    let plain = get("digits.png?image=3").await;
    let picture = Picture::from_png(&plain.bytes).unwrap();
    assert_eq!((picture.width, picture.height), (4 * 28 + 3 * 2, 3 * 28 + 2 * 2));
    let changed = get("digits.png?image=3&flip=both&rotate=true&crop=0.3&colour_jitter=0.2").await;
    let warped = get("digits.png?image=3&augment_probability=0.5").await;
    let cut = get("digits.png?image=3&cutout=1").await;
    for changed in [changed, warped, cut] {
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.text());
        assert_ne!(changed.bytes, plain.bytes);
    }
    for (query, status, words) in [
        ("digits.png?crop=2", StatusCode::UNPROCESSABLE_ENTITY, "crop"),
        ("digits.png?augment_probability=2", StatusCode::UNPROCESSABLE_ENTITY, "augment"),
        ("digits.png?flip=upside", StatusCode::UNPROCESSABLE_ENTITY, "flip"),
        ("digits.png?image=x", StatusCode::UNPROCESSABLE_ENTITY, "image"),
        ("digits.png?image=100000", StatusCode::UNPROCESSABLE_ENTITY, "\"image\""),
        ("nowhere.png", StatusCode::NOT_FOUND, "nowhere"),
    ] {
        let answer = get(query).await;
        assert_eq!(answer.status, status, "{query}: {}", answer.text());
        assert!(answer.text().contains(words), "{query}: {}", answer.text());
    }
}
