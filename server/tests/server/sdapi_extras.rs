//! Images enlarged over the REST API, alone and in a second pass.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::grid::Picture;
use serde_json::{Value, json};

use crate::sdapi::{check_error, draw, images, send};
use crate::support::Setup;

#[tokio::test]
async fn images_are_enlarged() {
    let setup = Setup::idle();
    let site = setup.site();
    let small = Picture { width: 2, height: 1, channels: 1, pixels: vec![0, 200] };
    let image = BASE64_STANDARD.encode(small.to_png(&[]));
    let single = async |fields: Value| {
        let mut body = json!({ "image": image, "upscaler_1": "Nearest" });
        body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        send(&site, "/sdapi/v1/extra-single-image", &body).await
    };
    let picture = |encoded: &Value| {
        Picture::from_png(&BASE64_STANDARD.decode(encoded.as_str().unwrap()).unwrap()).unwrap()
    };
    let twice = single(json!({})).await.json();
    assert_eq!(picture(&twice["image"]).pixels, [0, 0, 200, 200, 0, 0, 200, 200]);
    let sides = json!({ "resize_mode": 1, "upscaling_resize_w": 6, "upscaling_resize_h": 3 });
    let sized = picture(&single(sides).await.json()["image"]);
    assert_eq!((sized.width, sized.height), (6, 3));
    assert!(sized.pixels.iter().all(|&gray| gray == 0 || gray == 200), "by Nearest: {sized:?}");
    let untouched = single(json!({ "upscaler_1": "None" })).await.json();
    assert_eq!(picture(&untouched["image"]), small);
    let body =
        json!({ "imageList": [{ "data": image, "name": "a.png" }], "upscaler_1": "Lanczos" });
    let batch = send(&site, "/sdapi/v1/extra-batch-images", &body).await.json();
    assert_eq!(picture(&batch["images"][0]).width, 4);

    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (fields, words) in [
        (json!({ "upscaler_1": "ESRGAN" }), "give None, Lanczos or Nearest"),
        (json!({ "upscaling_resize": 99 }), "give 0.1 to 16"),
        (json!({ "gfpgan_visibility": 1 }), "no face restoration"),
        (json!({ "image": "no picture" }), "image"),
    ] {
        check_error(&single(fields).await, unprocessable, words);
    }
    let none = send(&site, "/sdapi/v1/extra-batch-images", &json!({})).await;
    check_error(&none, unprocessable, "imageList");
}

#[tokio::test]
async fn a_second_pass_is_asked_for_as_hires_fix() {
    let setup = Setup::working();
    let site = setup.site();
    let body = json!({
        "prompt": "7", "steps": 2, "seed": 7, "sampler_name": "DDIM", "width": 28, "height": 28,
        "enable_hr": true, "hr_scale": 2, "hr_upscaler": "Latent", "denoising_strength": 0.5,
        "override_settings": { "sd_model_checkpoint": "digits" },
    });
    let answer = draw(&site, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let picture = Picture::from_png(&images(&answer)[0]).unwrap();
    assert_eq!((picture.width, picture.height), (56, 56));
    for (wide, high) in [(42, 0), (0, 42), (42, 42)] {
        let mut by_sides = body.clone();
        (by_sides["hr_resize_x"], by_sides["hr_resize_y"]) = (json!(wide), json!(high));
        let answer = draw(&site, &by_sides).await;
        let picture = Picture::from_png(&images(&answer)[0]).unwrap();
        // Of multiples of four the nearest to 42 is 44.
        assert_eq!((picture.width, picture.height), (44, 44));
    }
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (key, value, words) in [
        ("hr_scale", json!(9), "hr_scale: 9 is out of range"),
        ("hr_upscaler", json!("ESRGAN"), "give Lanczos or Nearest"),
        ("hr_prompt", json!("another"), "leave this out"),
        ("hr_resize_x", json!(9999), "hr_scale: 357"),
    ] {
        let mut wrong = body.clone();
        wrong[key] = value;
        check_error(&draw(&site, &wrong).await, unprocessable, words);
    }
}
