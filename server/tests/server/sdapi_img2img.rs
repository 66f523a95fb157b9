//! `img2img` as clients of A1111 use it.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use engine::grid::Picture;
use serde_json::{Value, json};
use server::studio::input_name;

use crate::sdapi::{images, info, png_info, send};
use crate::support::{Setup, darkroom, png};

#[tokio::test]
async fn a_picture_is_drawn_from_another() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let given = png(5);
    let call = |strength: f64, more: Value| {
        let mut body = json!({
            "init_images": [format!("data:image/png;base64,{}", BASE64_STANDARD.encode(&given))],
            "denoising_strength": strength, "steps": 10, "seed": 7,
            "override_settings": { "sd_model_checkpoint": "painter" },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let ask = async |body: Value| send(&site, "/sdapi/v1/img2img", &body).await;
    let same = ask(call(0.0, json!({}))).await;
    assert_eq!(same.status, StatusCode::OK, "{}", same.text());
    let original = Picture::from_png(&given).unwrap();
    assert_eq!(Picture::from_png(&images(&same)[0]).unwrap(), original);
    assert!(same.json()["parameters"]["init_images"].is_null());
    assert_eq!(info(&same)["denoising_strength"], 0.0);

    let echoed = ask(call(0.5, json!({ "include_init_images": true, "batch_size": 2 }))).await;
    assert_eq!(images(&echoed).len(), 2);
    assert!(echoed.json()["parameters"]["init_images"][0].is_string());
    let text = png_info(&site, &images(&echoed)[0]).await;
    assert_eq!(text["parameters"]["Denoising strength"], "0.5");

    let black = BASE64_STANDARD.encode(Picture::filled(8, 8, 1, 0).to_png(&[]));
    let kept = ask(call(0.9, json!({ "mask": black, "mask_blur": 0 }))).await;
    assert_eq!(Picture::from_png(&images(&kept)[0]).unwrap(), original);
    let drawn = json!({ "mask": black, "mask_blur": 0, "inpainting_mask_invert": 1,
                        "inpainting_fill": 3 });
    let drawn = ask(call(0.9, drawn)).await;
    assert_ne!(Picture::from_png(&images(&drawn)[0]).unwrap(), original);

    let wide = json!({ "width": 16, "height": 8, "tiling": true, "subseed": 3,
                       "subseed_strength": 0.5, "resize_mode": 2, "seed_resize_from_w": 8,
                       "seed_resize_from_h": 12 });
    let wide = ask(call(0.9, wide)).await;
    assert_eq!(Picture::from_png(&images(&wide)[0]).unwrap().width, 16);
    assert_eq!((&info(&wide)["width"], &info(&wide)["subseed"]), (&json!(16), &json!(3)));
    assert_eq!(info(&wide)["seed_resize_from_h"], json!(12));
    let text = info(&wide)["infotexts"][0].to_string();
    assert!(text.contains("Seed resize from: 8x12"), "{text}");
}

#[tokio::test]
async fn pictures_of_a_batch_are_drawn_each_from_its_own() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let site = setup.site();
    let shades = [0, 255].map(|shade| Picture::filled(8, 8, 1, shade).to_png(&[]));
    let call = |more: Value| {
        let mut body = json!({
            "init_images": shades.each_ref().map(|png| BASE64_STANDARD.encode(png)),
            "denoising_strength": 0.05, "steps": 20, "seed": 7, "batch_size": 4, "n_iter": 2,
            "override_settings": { "sd_model_checkpoint": "painter" },
        });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let ask = async |more: Value| send(&site, "/sdapi/v1/img2img", &call(more)).await;
    let drawn = ask(json!({})).await;
    assert_eq!(drawn.status, StatusCode::OK, "{}", drawn.text());
    let files = images(&drawn);
    let mean = |png: &Vec<u8>| {
        let pixels = Picture::from_png(png).unwrap().pixels;
        pixels.iter().map(|&pixel| usize::from(pixel)).sum::<usize>() / pixels.len()
    };
    // Two batches, as large as there are pictures to begin from.
    let means: Vec<usize> = files.iter().map(mean).collect();
    assert!(matches!(means[..], [0..90, 165..256, 0..90, 165..256]), "{means:?}");
    assert_eq!(info(&drawn)["batch_size"], 2);

    // Each tells of its own beginning, and is drawn again by what it tells.
    for (at, png) in files.iter().enumerate() {
        let told = darkroom(&setup).add_input(png).unwrap().form;
        let begun = told.into_iter().find(|pair| pair.0 == "init_image");
        assert_eq!(begun.unwrap().1, input_name(&shades[at % 2]));
    }
    let text = &info(&drawn)["infotexts"][3];
    let alone = json!({
        "init_images": [BASE64_STANDARD.encode(&shades[1])], "infotext": text, "seed": null,
        "batch_size": 1, "n_iter": 1, "denoising_strength": null, "steps": null,
    });
    assert_eq!(images(&ask(alone).await), files[3..]);

    // The mask lies on each of them.
    let black = BASE64_STANDARD.encode(Picture::filled(8, 8, 1, 0).to_png(&[]));
    let kept = images(&ask(json!({ "mask": black, "mask_blur": 0, "n_iter": 1 })).await);
    let pixels = |png: &Vec<u8>| Picture::from_png(png).unwrap().pixels;
    assert!(pixels(&kept[0]) == [0; 64] && pixels(&kept[1]) == [255; 64]);
}
