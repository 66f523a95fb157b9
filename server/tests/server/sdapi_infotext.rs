//! Pictures that the REST API draws again by their text.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::sdapi::{draw, images, info};
use crate::support::{Setup, Site};

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
