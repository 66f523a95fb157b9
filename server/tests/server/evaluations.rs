//! Models measured and merged from the page.

use app::api::{EvaluateForm, JobKind, JobState, MergeForm, Studio};
use axum::http::StatusCode;
use engine::grid::Picture;
use server::studio::library::ModelSource;

use crate::inception;
use crate::support::{Setup, darkroom, wait};

fn form(model: &str) -> EvaluateForm {
    EvaluateForm {
        model: model.into(),
        count: "16".into(),
        steps: "4".into(),
        sampler: "DDIM".into(),
        ..Default::default()
    }
}

#[tokio::test]
async fn an_evaluation_waits_its_turn_and_leaves_its_figures() {
    let setup = Setup::working();
    setup.trained("first").await;
    let site = setup.site();
    let asked = "model=first&count=16&steps=4&sampler=DDIM&seed=0";
    let answer = site.call("evaluate", asked).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let over = async || {
        let views = setup.studio.evaluations(Some("first")).await.unwrap();
        views[0].job.state.is_over()
    };
    wait(over).await;
    let views = setup.studio.evaluations(None).await.unwrap();
    let (job, figures) = (&views[0].job, views[0].figures.as_ref());
    assert_eq!((job.kind, job.state), (JobKind::Evaluate, JobState::Done), "{:?}", job.message);
    let figures = figures.expect("a finished evaluation has figures");
    assert_eq!((figures.pictures, figures.judge.as_str()), (16, "first"));
    assert!(figures.frechet_distance > 0.0 && (0.0..=1.0).contains(&figures.precision));
    let url = views[0].neighbours_url.as_deref().unwrap();
    let sheet = Picture::from_png(&site.get(url).await.bytes).unwrap();
    assert_eq!((sheet.width, sheet.height), (10 * 8 + 9 * 2, 2 * 8 + 2));
    // The same again says the same: it all follows from the seed.
    setup.studio.evaluate(form("first")).await.unwrap();
    wait(over).await;
    let again = setup.studio.evaluations(None).await.unwrap();
    assert_eq!((again.len(), again[0].figures.as_ref()), (2, Some(figures)));
}

#[tokio::test]
async fn a_run_that_held_images_out_is_measured_by_them() {
    let setup = Setup::working();
    let mut config = setup.tiny("careful", 4);
    config.set("train_params.validation_share", "0.5").unwrap();
    let job = setup.studio.train(config).await.unwrap();
    setup.training_over(job).await;
    let eight = EvaluateForm { count: "8".into(), ..form("careful") };
    setup.studio.evaluate(eight).await.unwrap();
    let newest = async || setup.studio.evaluations(None).await.unwrap().remove(0);
    wait(async || newest().await.job.state.is_over()).await;
    let view = newest().await;
    let figures = view.figures.unwrap_or_else(|| panic!("{:?}", view.job.message));
    assert_eq!((figures.dataset.as_str(), figures.pictures), ("its own, held out", 8));
}

#[tokio::test]
async fn inception_judges_where_its_weights_are_named() {
    let setup = Setup::working();
    setup.trained("first").await;
    let weights = setup.folder.path().join("inception.safetensors");
    inception::write(&weights);
    let site = setup.site();
    let asked = format!("model=first&count=8&steps=2&sampler=DDIM&features={}", weights.display());
    let answer = site.call("evaluate", &asked).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    let newest = async || setup.studio.evaluations(None).await.unwrap().remove(0);
    wait(async || newest().await.job.state.is_over()).await;
    let view = newest().await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    assert_eq!(view.form.features, weights.to_str().unwrap());
    let figures = view.figures.unwrap();
    assert_eq!(figures.judge, "Inception");
    assert!(figures.frechet_distance.is_finite() && figures.frechet_distance > 0.0, "{figures:?}");

    // What holds no such weights is told at its field, once it is read.
    let other = setup.folder.path().join("other.safetensors");
    let nothing = std::collections::HashMap::<String, candle_core::Tensor>::new();
    candle_core::safetensors::save(&nothing, &other).unwrap();
    let wrong = EvaluateForm { features: other.to_str().unwrap().into(), ..form("first") };
    setup.studio.evaluate(wrong).await.unwrap();
    wait(async || newest().await.job.state.is_over()).await;
    let failed = newest().await.job;
    assert_eq!(
        (failed.state, failed.progress),
        (JobState::Failed, 0.0),
        "nothing was drawn for it"
    );
    let told = failed.message.unwrap_or_default();
    assert!(told.contains("features") && told.contains("other.safetensors"), "{told}");
}

#[tokio::test]
async fn a_network_from_diffusers_is_judged_by_one_that_can() {
    let setup = Setup::working();
    setup.trained("small").await;
    let pipeline = crate::models::case("diffusers-unet-uncond/pipeline");
    let source = ModelSource { path: &pipeline, yaml: None };
    darkroom(&setup).models.import("butterflies", &source).unwrap();
    // Without classes, of which a classifier would judge.
    let pictures = setup.images(16).to_string_lossy().into_owned();
    let asked = EvaluateForm { dataset: pictures, ..form("butterflies") };
    let fault = setup.studio.evaluate(asked.clone()).await.unwrap_err();
    let words = fault.for_field("judge").unwrap_or_default();
    assert!(words.contains("diffusers") && words.contains("16x16 with 3 channels"), "{fault}");
    let other = EvaluateForm { judge: "small".into(), ..asked.clone() };
    let fault = setup.studio.evaluate(other).await.unwrap_err();
    assert!(fault.for_field("judge").unwrap_or_default().contains("8x8 with 1"), "{fault}");

    let mut config = setup.tiny("colours", 4);
    for (key, value) in [("model_params.im_size", "16"), ("model_params.im_channels", "3")] {
        config.set(key, value).unwrap();
    }
    let job = setup.studio.train(config).await.unwrap();
    setup.training_over(job).await;
    setup.studio.evaluate(asked).await.unwrap();
    let newest = async || setup.studio.evaluations(None).await.unwrap().remove(0);
    wait(async || newest().await.job.state.is_over()).await;
    let view = newest().await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    assert_eq!(
        (view.figures.unwrap().judge.as_str(), view.form.judge.as_str()),
        ("colours", "colours")
    );
}

/// A folder of 8×8 pictures in two classes that a glance tells apart.
fn two_classes(setup: &Setup) -> String {
    let folder = setup.folder.path().join("sorted");
    for (class, bright) in [("dark", 20), ("light", 200)] {
        std::fs::create_dir_all(folder.join(class)).unwrap();
        for at in 0..12u8 {
            let pixels = (0..64u8).map(|pixel| bright + pixel.wrapping_mul(at + 1) % 32).collect();
            let picture = Picture { width: 8, height: 8, channels: 1, pixels };
            std::fs::write(folder.join(format!("{class}/{at}.png")), picture.to_png(&[])).unwrap();
        }
    }
    folder.to_string_lossy().into_owned()
}

#[tokio::test]
async fn a_classifier_of_the_classes_judges_and_is_kept() {
    let setup = Setup::working();
    setup.trained("first").await;
    let asked = EvaluateForm { dataset: two_classes(&setup), ..form("first") };
    let measured = async |judge: &str| {
        let asked = EvaluateForm { judge: judge.into(), ..asked.clone() };
        setup.studio.evaluate(asked).await.unwrap();
        let newest = async || setup.studio.evaluations(None).await.unwrap().remove(0);
        wait(async || newest().await.job.state.is_over()).await;
        let view = newest().await;
        assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
        view.figures.unwrap()
    };
    let figures = measured("@classifier").await;
    assert_eq!(figures.judge, "a classifier of 2 classes (100.0 % of 2 held-out images right)");
    assert!(figures.frechet_distance.is_finite() && figures.frechet_distance > 0.0, "{figures:?}");

    // Where there are classes it judges unless another is named, and does not learn anew.
    let folder = setup.folder.path().join("data/cache/classifiers");
    let kept: Vec<_> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(kept.len(), 1);
    let written = || kept[0].metadata().unwrap().modified().unwrap();
    let before = written();
    assert_eq!(measured("").await, figures);
    assert_eq!(written(), before);
    assert_eq!(measured("first").await.judge, "first");

    // A file that was damaged is no judge: it learns anew, to the same end.
    let bytes = std::fs::read(&kept[0]).unwrap();
    std::fs::write(&kept[0], &bytes[..bytes.len() - 4]).unwrap();
    assert_eq!(measured("@classifier").await, figures);
    assert!(std::fs::read(&kept[0]).unwrap() == bytes);
}

#[tokio::test]
async fn what_cannot_be_measured_is_told_at_its_field() {
    let setup = Setup::idle();
    let site = setup.site();
    let pictures = setup.images(16);
    let unsorted = format!("model=digits&judge=@classifier&dataset={}", pictures.display());
    for (asked, field) in [
        (unsorted.as_str(), "judge"),
        ("model=digits&count=3", "count"),
        ("model=digits&count=many", "count"),
        ("model=nobody", "model"),
        ("model=digits&judge=nobody", "judge"),
        ("model=digits&judge=textures", "judge"),
        ("model=digits&features=/nowhere/inception.pth", "features"),
        ("model=digits&features=/", "features"),
        ("model=digits&judge=textures&features=/", "features"),
        ("model=digits&dataset=nowhere", "dataset"),
        ("model=digits&steps=5000", "steps"),
        ("model=digits&sampler=Oiler", "sampler"),
    ] {
        let answer = site.call("evaluate", asked).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{asked}: {}", answer.text());
        assert!(answer.text().contains(&format!("\"{field}\"")), "{asked}: {}", answer.text());
    }
    assert!(setup.studio.evaluations(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn two_models_are_merged_into_a_third() {
    let setup = Setup::working();
    setup.trained("first").await;
    let merge = |b: &str, multiplier: &str, name: &str| MergeForm {
        a: "first@4".into(),
        b: b.into(),
        multiplier: multiplier.into(),
        name: name.into(),
        ..Default::default()
    };
    let made = setup.studio.merge_models(merge("first@8", "0.25", "mixed")).await.unwrap();
    assert_eq!((made.name.as_str(), made.width), ("mixed", 8));
    assert!(setup.studio.models().await.unwrap().iter().any(|model| model.name == "mixed"));
    for (wrong, field) in [
        (merge("first@8", "half", "other"), "multiplier"),
        (merge("nobody", "0.5", "other"), "b"),
        (merge("first@8", "0.5", "mixed"), "name"),
    ] {
        let fault = setup.studio.merge_models(wrong).await.unwrap_err().to_string();
        assert!(fault.starts_with(&format!("{field}:")), "{fault}");
    }
}
