//! What a client of the REST API asks in vain, and how it is told.

use axum::body::Body;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::sdapi::{check_error, draw, send};
use crate::support::{Setup, post};

#[tokio::test]
async fn settings_that_will_not_do_are_told_in_the_shape_clients_read() {
    let setup = Setup::working();
    let site = setup.site();
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let cases = [
        (json!({ "sampler_name": "Euler z" }), StatusCode::BAD_REQUEST, "no sampler `Euler z`"),
        (json!({ "sampler_index": "Euler z" }), StatusCode::BAD_REQUEST, "no sampler `Euler z`"),
        (json!({ "scheduler": "Wobbly" }), unprocessable, "Wobbly"),
        (json!({ "width": 63 }), unprocessable, "64"),
        (json!({ "height": 5000 }), unprocessable, "give 0 to 1024"),
        (json!({ "subseed_strength": 2 }), unprocessable, "give 0 to 1"),
        (json!({ "steps": -3 }), unprocessable, "give 1 to"),
        (json!({ "steps": 1e18 }), unprocessable, "whole number"),
        (json!({ "steps": 4_000_000_000u64 }), unprocessable, "give 1 to"),
        (json!({ "steps": "many" }), unprocessable, "whole number"),
        (json!({ "n_iter": 0, "batch_size": 1000 }), unprocessable, "n_iter: 0 is out of range"),
        (json!({ "seed": i64::MIN }), unprocessable, "seed"),
        (json!({ "sampler_name": 5 }), unprocessable, "a string"),
        (json!({ "eta": "lots" }), unprocessable, "eta: \"lots\" will not do; give a number"),
        (json!({ "tiling": "perhaps" }), unprocessable, "true or false"),
        (json!({ "styles": "quick" }), unprocessable, "a list"),
        (json!({ "denoising_strength": [] }), unprocessable, "a number"),
        (
            json!({ "infotext": "Steps: 2, Seed: 3, Model: sdxl" }),
            unprocessable,
            "no `sdxl`; nearest are",
        ),
        (
            json!({ "infotext": "Steps: 2, Seed: 3, Clip sample: Maybe" }),
            unprocessable,
            "infotext: Clip sample",
        ),
        (json!({ "override_settings": [] }), unprocessable, "an object"),
        (
            json!({ "override_settings": { "sd_model_checkpoint": 1 } }),
            unprocessable,
            "name of a model",
        ),
        (
            json!({ "override_settings": { "sd_model_checkpoint": "digit" } }),
            unprocessable,
            "digits",
        ),
        (json!({ "enable_hr": true, "script_name": "x/y/z plot" }), unprocessable, "no scripts"),
        (json!({ "refiner_checkpoint": "digits" }), unprocessable, "one model draws"),
        (json!({ "s_churn": 5 }), unprocessable, "s_churn: no noise"),
        (json!({ "s_noise": 0.9 }), unprocessable, "give 1"),
        (json!({ "s_min_uncond": 1.5 }), unprocessable, "every step is guided"),
        (json!([1]), unprocessable, "JSON object"),
    ];
    for (body, status, words) in cases {
        check_error(&draw(&site, &body).await, status, words);
    }
    let unknown = draw(&site, &json!({ "sampler_name": "Euler z" })).await.json();
    assert_eq!(unknown["detail"], "Sampler not found");
}

#[tokio::test]
async fn pictures_that_will_not_do_are_told_in_the_shape_clients_read() {
    let setup = Setup::working();
    let site = setup.site();
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    let png = BASE64_STANDARD.encode(crate::support::png(3));
    for (body, status, words) in [
        (json!({}), StatusCode::NOT_FOUND, "Init image not found"),
        (json!({ "init_images": [] }), StatusCode::NOT_FOUND, "Init image not found"),
        (json!({ "init_images": ["%"] }), unprocessable, "base64"),
        (json!({ "init_images": ["aGVsbG8="] }), unprocessable, "init_images: this cannot be used"),
        (json!({ "init_images": [png, png] }), unprocessable, "expecting 1 or less, got 2"),
        (json!({ "init_images": [png, 7], "batch_size": 2 }), unprocessable, "in base64"),
        (json!({ "init_images": [png], "mask": "aGVsbG8=" }), unprocessable, "mask: this cannot"),
        (json!({ "init_images": [png], "resize_mode": 3 }), unprocessable, "give 0, 1 or 2"),
        (json!({ "init_images": [png], "inpainting_fill": 4 }), unprocessable, "or 3 (nothing)"),
        (json!({ "init_images": [png], "latent_mask": png }), unprocessable, "give it as mask"),
        (json!({ "init_images": [png], "initial_noise_multiplier": 0.5 }), unprocessable, "give 1"),
        (json!({ "init_images": [png], "mask_blur": -1 }), unprocessable, "give 0 to 64"),
        (json!({ "init_images": [png], "mask_blur": 3.5 }), unprocessable, "a whole number"),
        (
            json!({ "init_images": [png], "mask": png, "mask_blur_x": 9 }),
            unprocessable,
            "mask_blur_x: 9 is not the 4",
        ),
        (json!({ "init_images": [png], "denoising_strength": 7 }), unprocessable, "give 0 to 1"),
    ] {
        check_error(&send(&site, "/sdapi/v1/img2img", &body).await, status, words);
    }
    for image in ["%%%", "aGVsbG8=", "http://127.0.0.1/x.png", "data:image/png;base64,"] {
        let answer = send(&site, "/sdapi/v1/png-info", &json!({ "image": image })).await;
        check_error(&answer, unprocessable, "image");
    }
}

#[tokio::test]
async fn bodies_and_paths_that_will_not_do_are_told_in_the_shape_clients_read() {
    let setup = Setup::idle();
    let site = setup.site();
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for raw in ["", "{", "{\"steps\": 1e999}", "\u{0}", &"[".repeat(100_000)] {
        let request = post("/sdapi/v1/txt2img").body(Body::from(raw.to_owned())).unwrap();
        check_error(&site.ask(request).await, unprocessable, "JSON");
    }
    check_error(
        &send(&site, "/sdapi/v1/interrogate", &json!({})).await,
        StatusCode::NOT_IMPLEMENTED,
        "no words",
    );
    check_error(&site.get("/sdapi/v1/nothing").await, StatusCode::NOT_FOUND, "Not Found");
    check_error(
        &site.get("/sdapi/v1/txt2img").await,
        StatusCode::METHOD_NOT_ALLOWED,
        "Not Allowed",
    );
    let large = post("/sdapi/v1/png-info").body(Body::from(vec![b'a'; 65 << 20])).unwrap();
    check_error(&site.ask(large).await, StatusCode::PAYLOAD_TOO_LARGE, "");
}
