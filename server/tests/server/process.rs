//! The forward process, to be looked at.

use app::api::{ProcessForm, Studio};
use axum::http::StatusCode;
use engine::grid::Picture;

use crate::support::Setup;

#[tokio::test]
async fn a_picture_is_shown_at_every_frame_of_the_schedule() {
    let setup = Setup::idle();
    let site = setup.site();
    let view = setup.studio.process(ProcessForm::default()).await.unwrap();
    let (first, last) = (view.frames[0], view.frames[view.frames.len() - 1]);
    assert_eq!((first.timestep, last.timestep), (0, 999));
    assert!((first.beta - 1e-4).abs() < 1e-8 && (last.beta - 0.02).abs() < 1e-7);
    assert!(first.alpha_cumprod > 0.999 && last.alpha_cumprod < 1e-4);
    let strip = Picture::from_png(&site.get(&view.strip_url).await.bytes).unwrap();
    assert_eq!(strip.width, view.width * view.frames.len() as u32);
    assert_eq!((strip.height, view.count), (28, 10_000));
}

#[tokio::test]
async fn faults_are_told_at_their_field() {
    let setup = Setup::idle();
    let site = setup.site();
    for (field, value, words) in [
        ("dataset", "nowhere", "nowhere"),
        ("image", "9999999", "9999999"),
        ("beta_schedule", "steep", "steep"),
        ("num_timesteps", "0", "0"),
    ] {
        let mut form = ProcessForm::default();
        match field {
            "dataset" => form.dataset = value.into(),
            "image" => form.image = value.into(),
            "beta_schedule" => form.beta_schedule = value.into(),
            _ => form.num_timesteps = value.into(),
        }
        let error = setup.studio.process(form).await.unwrap_err();
        assert!(
            error.for_field(field).is_some_and(|told| told.contains(words)),
            "{field}: {error}"
        );
        let url = format!("/files/process.png?{field}={value}");
        assert!(site.get(&url).await.status.is_client_error(), "{url}");
    }
    assert_eq!(site.get("/files/process.png").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_image_of_ones_own_goes_under_noise_too() {
    let setup = Setup::idle();
    let site = setup.site();
    let bytes = Picture::filled(400, 200, 3, 200).to_png(&[]);
    let input = setup.studio.0.add_input(&bytes).unwrap().name;
    let form = ProcessForm { input, ..ProcessForm::default() };
    let view = setup.studio.process(form).await.unwrap();
    assert_eq!((view.width, view.height), (128, 64));
    let strip = Picture::from_png(&site.get(&view.strip_url).await.bytes).unwrap();
    assert_eq!((strip.height, strip.channels), (64, 3));
    // There is hardly any noise at first.
    assert!(strip.pixels[..3].iter().all(|&pixel| pixel.abs_diff(200) < 20));
    let gone = ProcessForm { input: "0".repeat(32), ..ProcessForm::default() };
    let error = setup.studio.process(gone).await.unwrap_err();
    assert!(error.for_field("input").is_some(), "{error}");
}
