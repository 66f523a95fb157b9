//! Pictures that the REST API draws again by their text.

use app::api::Studio;
use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::config::{GenerateSettings, MaskedContent, ResizeMode};
use serde_json::{Value, json};

use crate::sdapi::{draw, images, info, send};
use crate::support::{Setup, Site, darkroom, png, two_of};

async fn drawn(site: &Site, body: Value) -> (Vec<Vec<u8>>, Value) {
    let answer = draw(site, &body).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    (images(&answer), info(&answer))
}

#[tokio::test]
async fn a_picture_is_drawn_again_by_its_text_alone() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let model = |name: &str| json!({ "sd_model_checkpoint": name });
    for call in [
        json!({ "steps": 4, "seed": 7, "sampler_name": "DDIM", "eta": "0.5", "tiling": "yes",
                "override_settings": model("painter") }),
        json!({ "steps": 4, "seed": 7, "enable_hr": true, "hr_scale": 2,
                "denoising_strength": 0.3, "hr_second_pass_steps": 5,
                "override_settings": model("painter") }),
        json!({ "steps": 4, "seed": 7, "width": 16, "height": 8,
                "infotext": "Steps: 1, Seed: 1, Variance type: Large, Model: painter@4" }),
    ] {
        let (first, told) = drawn(&site, call).await;
        let text = &told["infotexts"][0];
        let (again, told) = drawn(&site, json!({ "infotext": text })).await;
        assert_eq!(told["infotexts"][0], *text);
        assert!(again == first, "{text}");
    }
}

#[tokio::test]
async fn a_picture_that_a_page_drew_from_another_is_drawn_again() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let usual = GenerateSettings {
        init_image: darkroom(&setup).add_input(&png(5)).unwrap().name,
        denoising_strength: 0.6,
        width: 16,
        ..two_of("painter")
    };
    let resized = |resize_mode| GenerateSettings { resize_mode, ..usual.clone() };
    let softened = |resize_mode, inpainting_fill| GenerateSettings {
        inpainting_fill,
        mask_blur: 2,
        ..resized(resize_mode)
    };
    for settings in [
        usual.clone(),
        resized(ResizeMode::Resize),
        resized(ResizeMode::GrowLeft),
        softened(ResizeMode::Fill, MaskedContent::Noise),
        softened(ResizeMode::GrowRight, MaskedContent::Nothing),
    ] {
        let job = setup.studio.generate(settings).await.unwrap();
        let first = setup.generation_over(job).await.images.swap_remove(0);
        let call = json!({
            "infotext": first.parameters, "init_images": [BASE64_STANDARD.encode(png(5))],
        });
        let again = send(&site, "/sdapi/v1/img2img", &call).await;
        assert_eq!(again.status, StatusCode::OK, "{}", again.text());
        let file = site.get(&first.url).await.bytes;
        assert!(images(&again)[0] == file, "{}", first.parameters);
    }
}

#[tokio::test]
async fn words_for_a_model_without_classes_are_said_to_be_unused() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let call = json!({
        "steps": 2, "prompt": "a cat, best", "negative_prompt": "blurry, worst",
        "override_settings": { "sd_model_checkpoint": "painter" },
    });
    let (_, told) = drawn(&setup.site(), call).await;
    assert_eq!(
        told["extra_generation_params"],
        json!({ "Unused in prompt": "a cat, best", "Unused in negative prompt": "blurry, worst" })
    );
}
