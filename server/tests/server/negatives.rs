//! Words to steer away from: those that are typed, and those that Settings has for all models.

use app::api::{GenerateForm, GenerateView, Preferences, Studio};
use engine::config::GenerateSettings;
use engine::grid::Picture;

use crate::support::{Setup, two_of};

async fn drawn(setup: &Setup, settings: GenerateSettings) -> (GenerateView, Picture) {
    let job = setup.studio.generate(settings).await.unwrap();
    let view = setup.generation_over(job).await;
    let file = setup.site().get(&view.images[0].url).await;
    (view, Picture::from_png(&file.bytes).unwrap())
}

#[test]
fn every_model_is_steered_away_from_these_to_begin_with() {
    let words = Preferences::default().negative_prompt;
    assert_eq!(words, "nudity, racism, oppression, exploitation");
}

#[tokio::test]
async fn words_of_settings_count_once_when_a_picture_is_drawn_again() {
    let setup = Setup::working();
    setup.studio.change_preference("negative_prompt", "1, rain").await.unwrap();
    let settings = GenerateSettings {
        prompt: "7".into(),
        negative_prompt: "3".into(),
        batch_size: 1,
        ..two_of("digits")
    };
    let (view, first) = drawn(&setup, settings).await;
    let text = &view.images[0].parameters;
    assert!(text.starts_with("7\nNegative prompt: 3, 1\n"), "{text}");
    let told = setup.studio.input_from_gallery(view.images[0].id).await.unwrap();
    let mut form = GenerateForm::default();
    form.overlay(|key| told.form.iter().find(|(known, _)| known == key).map(|pair| pair.1.clone()));
    form.set("batch_size", "1");
    let (view, again) = drawn(&setup, form.settings().unwrap()).await;
    assert_eq!(view.images[0].parameters, *text);
    assert_eq!(again, first);
}

#[tokio::test]
async fn a_model_that_needs_a_class_tells_of_no_negative_prompt() {
    let setup = Setup::working();
    setup.trained_on_classes("sorted", ["dark", "light"], 0.0).await;
    setup.studio.change_preference("negative_prompt", "light").await.unwrap();
    let asked = |negative: &str| GenerateSettings {
        prompt: "dark".into(),
        negative_prompt: negative.into(),
        cfg_scale: 3.0,
        ..two_of("sorted")
    };
    let (view, steered) = drawn(&setup, asked("light")).await;
    let text = &view.images[0].parameters;
    assert!(text.starts_with("dark\nSteps: 4") && text.contains("CFG scale: 1.0"), "{text}");
    setup.studio.change_preference("negative_prompt", "").await.unwrap();
    assert_eq!(drawn(&setup, asked("")).await.1, steered);
}
