//! Options of A1111 that change what is drawn.

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use crate::sdapi::{check_error, draw, images, send};
use crate::support::{Setup, png};

const OPTIONS: &str = "/sdapi/v1/options";

#[tokio::test]
async fn the_eta_of_the_options_is_that_of_calls_that_give_none() {
    let setup = Setup::working();
    let site = setup.site();
    let drawn = async |more: Value| {
        let mut call = json!({ "steps": 4, "seed": 7, "sampler_name": "DDIM" });
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let answer = draw(&site, &call).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
        images(&answer)
    };
    let (none, half) = (drawn(json!({})).await, drawn(json!({ "eta": 0.5 })).await);
    assert_ne!(none, half);
    let overridden = json!({ "override_settings": { "eta_ddim": 0.5 } });
    assert_eq!(drawn(overridden.clone()).await, half);
    assert_eq!(send(&site, OPTIONS, &json!({ "eta_ddim": 0.5 })).await.status, StatusCode::OK);
    assert_eq!(drawn(json!({})).await, half);
    assert_eq!(drawn(json!({ "eta": 0.0 })).await, none);
    let refused = send(&site, OPTIONS, &json!({ "eta_ddim": 3 })).await;
    check_error(&refused, StatusCode::UNPROCESSABLE_ENTITY, "eta_ddim: 3 is out of range");
    let lots = json!({ "override_settings": { "eta_ddim": "lots" } });
    let words = "override_settings.eta_ddim: give a number from 0 to 1";
    check_error(&draw(&site, &lots).await, StatusCode::UNPROCESSABLE_ENTITY, words);
}

#[tokio::test]
async fn img2img_takes_no_notice_of_a_second_pass() {
    let setup = Setup::working();
    let site = setup.site();
    let call = json!({
        "init_images": [BASE64_STANDARD.encode(png(3))], "steps": 2, "seed": 7, "enable_hr": true,
        "hr_scale": 1.5,
    });
    let answer = send(&site, "/sdapi/v1/img2img", &call).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
}
