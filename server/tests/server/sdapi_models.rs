//! Which model a call of the REST API draws with.

use app::api::Studio;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::sdapi::{check_error, draw, info, send};
use crate::support::{Setup, Site};

const OPTIONS: &str = "/sdapi/v1/options";

/// The model of a call that names none.
async fn unnamed(site: &Site) -> Value {
    let answer = draw(site, &json!({ "steps": 2 })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    info(&answer)["sd_model_name"].clone()
}

async fn option(site: &Site) -> String {
    site.get(OPTIONS).await.json()["sd_model_checkpoint"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn the_checkpoint_that_is_set_draws_and_no_other_when_it_is_gone() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    assert_eq!(unnamed(&site).await, "digits");
    let set = json!({ "sd_model_checkpoint": "painter@4" });
    assert_eq!(send(&site, OPTIONS, &set).await.status, StatusCode::OK);
    assert!(option(&site).await.starts_with("painter@4.safetensors ["));
    assert_eq!(unnamed(&site).await, "painter@4");
    let kept = json!({
        "steps": 2, "override_settings": { "sd_model_checkpoint": "painter@8" },
        "override_settings_restore_afterwards": false,
    });
    assert_eq!(draw(&site, &kept).await.status, StatusCode::OK);
    assert_eq!(unnamed(&site).await, "painter@8");

    setup.studio.delete_model("painter").await.unwrap();
    let told = draw(&site, &json!({ "steps": 2 })).await;
    check_error(&told, StatusCode::UNPROCESSABLE_ENTITY, "there is no `painter@8`");
    assert_eq!(option(&site).await, "painter@8");
    // Clients post back all that they got.
    let mut all = site.get(OPTIONS).await.json();
    all["samples_format"] = "webp".into();
    let set = send(&site, OPTIONS, &all).await;
    assert_eq!(set.status, StatusCode::OK, "{}", set.text());
    assert_eq!(site.get(OPTIONS).await.json(), all);
    let other = json!({ "sd_model_checkpoint": "painter@4" });
    let refused = send(&site, OPTIONS, &other).await;
    check_error(&refused, StatusCode::INTERNAL_SERVER_ERROR, "there is no `painter@4`");
    let set = json!({ "sd_model_checkpoint": "digits" });
    assert_eq!(send(&site, OPTIONS, &set).await.status, StatusCode::OK);
    assert_eq!(unnamed(&site).await, "digits");
}
