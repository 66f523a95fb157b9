//! Latent diffusion: an autoencoder, and a model that draws in its latents.

use app::api::{JobState, Studio};
use axum::http::StatusCode;
use engine::config::{GenerateSettings, RunConfig};
use engine::grid::Picture;

use crate::support::{Setup, two_of};

/// A run that trains an autoencoder of 16×16 pictures.
fn autoencoder(setup: &Setup, name: &str) -> RunConfig {
    let mut config = setup.tiny(name, 8);
    for (key, value) in [
        ("model_params.im_size", "16"),
        ("autoencoder_params.kind", "kl"),
        ("autoencoder_params.z_channels", "2"),
        ("autoencoder_params.down_channels", "8, 8"),
        ("autoencoder_params.mid_channels", "8, 8"),
        ("autoencoder_params.down_sample", "true"),
        ("autoencoder_params.norm_channels", "4"),
        ("autoencoder_params.num_heads", "2"),
    ] {
        config.set(key, value).unwrap();
    }
    config
}

fn latent(setup: &Setup, name: &str, autoencoder: &str) -> RunConfig {
    let mut config = setup.tiny(name, 8);
    config.set("model_params.im_size", "16").unwrap();
    config.set("model_params.autoencoder", autoencoder).unwrap();
    config
}

#[tokio::test]
async fn a_model_in_the_latents_of_an_autoencoder_draws() {
    let setup = Setup::working();
    let job = setup.studio.train(autoencoder(&setup, "small-and-large")).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    assert!(!view.samples.is_empty(), "originals beside what becomes of them");

    let config = latent(&setup, "painter", "small-and-large");
    let estimate = setup.studio.estimate(config.clone()).await.unwrap();
    assert!(estimate.weights > 0 && estimate.memory_bytes > 0);
    let job = setup.studio.train(config).await.unwrap();
    let view = setup.training_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);

    // It is whole without the autoencoder that it began with.
    setup.studio.delete_model("small-and-large").await.unwrap();
    let models = setup.studio.models().await.unwrap();
    let painter = models.iter().find(|model| model.name == "painter").unwrap();
    assert_eq!(
        (painter.latents.as_str(), painter.width, painter.size_divisor),
        ("KL, 8x8x2", 16, 4)
    );
    let settings = GenerateSettings { batch_size: 2, ..two_of("painter") };
    let job = setup.studio.generate(settings).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    let png = setup.site().get(&view.images[1].url).await.bytes;
    let picture = Picture::from_png(&png).unwrap();
    assert_eq!((picture.width, picture.height), (16, 16));
}

#[tokio::test]
async fn an_autoencoder_is_told_apart_and_draws_nothing() {
    let setup = Setup::working();
    let job = setup.studio.train(autoencoder(&setup, "small-and-large")).await.unwrap();
    setup.training_over(job).await;
    let models = setup.studio.models().await.unwrap();
    assert!(models.iter().any(|model| model.name == "small-and-large" && model.is_autoencoder));
    let fault = setup.studio.generate(two_of("small-and-large")).await.unwrap_err();
    assert!(fault.for_field("model").unwrap().contains("is an autoencoder"), "{fault}");
    let listed = setup.site().get("/sdapi/v1/sd-models").await;
    assert_eq!(listed.status, StatusCode::OK);
    assert!(!listed.text().contains("small-and-large"), "{}", listed.text());

    for (autoencoder, words) in [
        ("nobody", "there is no `nobody`; autoencoders here are small-and-large"),
        ("digits", "digits"),
    ] {
        let fault = setup.studio.train(latent(&setup, "painter", autoencoder)).await.unwrap_err();
        let told = fault.for_field("model_params.autoencoder");
        assert!(told.is_some_and(|told| told.contains(words)), "{fault}");
    }
    let mut colour = latent(&setup, "painter", "small-and-large");
    colour.set("model_params.im_channels", "3").unwrap();
    let fault = setup.studio.train(colour).await.unwrap_err();
    assert!(fault.for_field("model_params.im_channels").is_some(), "{fault}");
}
