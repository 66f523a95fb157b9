//! Options of A1111 that change what is drawn, and how it is written.

use axum::http::StatusCode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use engine::grid::Picture;
use serde_json::{Value, json};

use crate::sdapi::{check_error, draw, images, info, png_info, send};
use crate::support::{Answer, Setup, Site, png};

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

/// A picture of the model `painter`, with `more` in the call.
async fn painted(site: &Site, more: &Value) -> Answer {
    let mut call = json!({
        "steps": 2, "seed": 7, "override_settings": { "sd_model_checkpoint": "painter" },
    });
    for (key, value) in more.as_object().unwrap() {
        match call.get_mut(key).and_then(Value::as_object_mut) {
            Some(known) => known.extend(value.as_object().unwrap().clone()),
            None => call[key] = value.clone(),
        }
    }
    let answer = draw(site, &call).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    answer
}

/// The answers where `options` hold for all calls, and where for one; those of all are taken back.
async fn both_ways(site: &Site, options: Value) -> [Answer; 2] {
    let before = site.get(OPTIONS).await.json();
    assert_eq!(send(site, OPTIONS, &options).await.status, StatusCode::OK);
    let stored = painted(site, &json!({})).await;
    assert_eq!(send(site, OPTIONS, &before).await.status, StatusCode::OK);
    [stored, painted(site, &json!({ "override_settings": options })).await]
}

#[tokio::test]
async fn pictures_come_in_the_format_that_is_asked_for_with_their_text() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let usual = images(&painted(&site, &json!({})).await).remove(0);
    let pixels = Picture::from_png(&usual).unwrap();
    for (format, head) in [("webp", &b"RIFF"[..]), ("jpg", b"\xff\xd8"), ("JPEG", b"\xff\xd8")] {
        for answer in both_ways(&site, json!({ "samples_format": format })).await {
            let file = images(&answer).remove(0);
            assert!(file.starts_with(head), "{format}");
            assert_eq!(png_info(&site, &file).await["info"], info(&answer)["infotexts"][0]);
            let picture = server::studio::decoded(&file, "image").unwrap();
            assert_eq!((picture.width, picture.height), (pixels.width, pixels.height));
            // WebP has no gray: the pixels come back in three channels alike.
            let gray = &picture.planes()[..pixels.pixels.len()];
            assert!(format != "webp" || gray == pixels.pixels, "nothing is lost");
        }
    }
    let sizes = [1, 100].map(|quality| json!({ "samples_format": "jpg", "jpeg_quality": quality }));
    let [coarse, fine] = sizes.map(|options| json!({ "override_settings": options }));
    let length = async |call: &Value| images(&painted(&site, call).await)[0].len();
    assert!(length(&coarse).await < length(&fine).await);
    let unprocessable = StatusCode::UNPROCESSABLE_ENTITY;
    for (option, words) in [
        (
            json!({ "samples_format": "avif" }),
            "samples_format: there is no format `avif`; give png, jpg or webp",
        ),
        (json!({ "samples_format": 7 }), "samples_format: 7 will not do"),
        (json!({ "jpeg_quality": 0 }), "jpeg_quality: 0 is out of range"),
        (json!({ "tiling": "perhaps" }), "tiling: "),
    ] {
        check_error(&send(&site, OPTIONS, &option).await, unprocessable, words);
        let call = json!({ "override_settings": option });
        check_error(
            &draw(&site, &call).await,
            unprocessable,
            &format!("override_settings.{words}"),
        );
    }
}

#[tokio::test]
async fn texts_are_left_out_as_the_options_say() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let usual = painted(&site, &json!({})).await;
    let pixels = |answer: &Answer| Picture::from_png(&images(answer)[0]).unwrap();
    for answer in both_ways(&site, json!({ "enable_pnginfo": false })).await {
        assert_eq!(png_info(&site, &images(&answer)[0]).await["info"], "");
        assert_eq!(
            info(&answer)["infotexts"],
            info(&usual)["infotexts"],
            "told beside the picture"
        );
        assert_eq!(pixels(&answer), pixels(&usual));
    }
    for answer in both_ways(&site, json!({ "add_model_hash_to_info": false })).await {
        let text = png_info(&site, &images(&answer)[0]).await["info"].clone();
        assert_eq!(text, info(&answer)["infotexts"][0]);
        let text = text.as_str().unwrap();
        assert!(!text.contains("Model hash") && text.contains("Model: painter"), "{text}");
        assert_eq!(info(&answer)["sd_model_hash"], info(&usual)["sd_model_hash"]);
    }
    assert_eq!(images(&painted(&site, &json!({})).await), images(&usual));
}

#[tokio::test]
async fn the_tiling_of_the_options_is_that_of_calls_that_give_none() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let told = |answer: &Answer| info(answer)["infotexts"][0].to_string().contains("Tiling: True");
    for answer in both_ways(&site, json!({ "tiling": true })).await {
        assert!(told(&answer));
    }
    assert!(!told(&painted(&site, &json!({})).await));
    let own = json!({ "tiling": false, "override_settings": { "tiling": true } });
    assert!(!told(&painted(&site, &own).await), "the call's own word comes first");
}

#[tokio::test]
async fn what_the_text_tells_beyond_the_basics_is_told_beside_it() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let extra =
        async |more: Value| info(&painted(&site, &more).await)["extra_generation_params"].clone();
    assert_eq!(extra(json!({ "seed": 8 })).await, json!({}));
    let second = json!({
        "enable_hr": true, "hr_scale": 2, "denoising_strength": 0.4, "hr_second_pass_steps": 3,
    });
    let told = extra(second).await;
    assert_eq!(
        (&told["Hires upscale"], &told["Hires steps"], &told["Denoising strength"]),
        (&json!(2), &json!(3), &json!(0.4)),
        "{told}"
    );
    let varied = extra(json!({ "subseed": 9, "subseed_strength": 0.25 })).await;
    assert_eq!(varied, json!({ "Variation seed": 9, "Variation seed strength": 0.25 }));
    let from_picture = json!({
        "steps": 2, "init_images": [BASE64_STANDARD.encode(png(3))],
        "override_settings": { "sd_model_checkpoint": "painter" },
    });
    let answer = send(&site, "/sdapi/v1/img2img", &from_picture).await;
    let told = &info(&answer)["extra_generation_params"];
    assert!(told["Init image hash"].is_string(), "a hash is no number: {told}");
}
