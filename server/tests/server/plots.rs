//! X/Y/Z plots.

use app::api::{JobState, Studio};
use engine::config::{Axis, GenerateSettings};
use engine::grid::Picture;

use crate::support::{Setup, two_of, wait};

fn plot(x: (Axis, &str), y: (Axis, &str), z: (Axis, &str)) -> GenerateSettings {
    GenerateSettings {
        x_axis: x.0,
        x_values: x.1.into(),
        y_axis: y.0,
        y_values: y.1.into(),
        z_axis: z.0,
        z_values: z.1.into(),
        batch_size: 1,
        ..two_of("painter")
    }
}

const NOTHING: (Axis, &str) = (Axis::Nothing, "");

#[tokio::test]
async fn every_cell_is_drawn_and_stands_on_a_sheet() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let checkpoints = (Axis::Model, "painter@4, painter@8, painter@8+raw");
    let settings = plot((Axis::Steps, "2-4"), (Axis::Sampler, "DDPM, Euler a"), checkpoints);
    let job = setup.studio.generate(settings).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    assert_eq!(view.job.title, "painter, 18 images");
    assert_eq!((view.images.len(), view.sheet_urls.len()), (18, 3));
    let site = setup.site();
    let mut sheets = Vec::new();
    for url in &view.sheet_urls {
        sheets.push(Picture::from_png(&site.get(url).await.bytes).unwrap());
    }
    // Three columns of enlarged cells with labels beside them.
    assert!(sheets[0].width > 3 * 144 && sheets[0].height > 2 * 144, "{:?}", sheets[0].width);
    assert!(sheets[0] != sheets[1] && sheets[1] != sheets[2]);
    let told = &view.images[4].parameters;
    assert!(told.contains("Steps: 3, Sampler: Euler a"), "{told}");
    let sheet = site.get(&view.sheet_urls[0]).await.bytes;
    let given = setup.studio.0.add_input(&sheet).unwrap();
    assert!(given.parameters.contains("Script: X/Y/Z plot, X Type: Steps, X Values: 2-4"));
    assert!(given.form.contains(&("y_axis".into(), "Sampler".into())), "{:?}", given.form);
    assert_eq!(site.get(&format!("/files/sheets/{job}/9.png")).await.status, 404);
}

#[tokio::test]
async fn each_seed_of_a_plot_that_nobody_chose_is_drawn_for_its_column() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let settings = plot((Axis::Seed, "-1, 5, -1"), (Axis::Steps, "2, 3"), NOTHING);
    let job = setup.studio.generate(GenerateSettings { seed: 77, ..settings }).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    let seeds: Vec<i64> = view.images.iter().map(|image| image.seed).collect();
    assert_eq!(seeds[..3], seeds[3..], "rows share the seeds of their columns");
    assert!(seeds[0] != seeds[2] && ![-1, 77].contains(&seeds[0]) && seeds[1] == 5, "{seeds:?}");
    assert_eq!(view.settings.x_values, format!("{}, 5, {}", seeds[0], seeds[2]));
    for image in &view.images {
        let told = format!("Seed: {},", image.seed);
        assert!(image.parameters.contains(&told), "{}", image.parameters);
    }
}

#[tokio::test]
async fn the_checkpoints_of_a_run_are_drawn_beside_each_other() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let steps = (Axis::CheckpointStep, "4-8 (+4), last");
    let job = setup.studio.generate(plot(steps, (Axis::Ema, "on, off"), NOTHING)).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    let models = view.images.iter().map(|image| {
        let (_, rest) = image.parameters.split_once("Model: ").unwrap();
        rest.split(',').next().unwrap()
    });
    let models: Vec<&str> = models.collect();
    let averaged = ["painter@4", "painter@8", "painter@last"];
    assert_eq!(models[..3], averaged);
    assert_eq!(models[3..], averaged.map(|name| format!("{name}+raw")));
    let of_digits = GenerateSettings { model: "digits".into(), ..plot(steps, NOTHING, NOTHING) };
    let error = setup.studio.generate(of_digits).await.unwrap_err();
    assert!(error.for_field("x_values").unwrap().contains("has no checkpoints"), "{error}");
}

#[tokio::test]
async fn an_interrupted_plot_keeps_the_cells_that_are_done() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut settings = plot((Axis::Seed, "1-200"), NOTHING, NOTHING);
    settings.steps = 20;
    let job = setup.studio.generate(settings).await.unwrap();
    wait(async || setup.generation(job).await.images.len() >= 2).await;
    setup.studio.interrupt(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Stopped);
    assert!(view.images.len() < 200 && !view.sheet_urls.is_empty(), "{}", view.images.len());
}

#[tokio::test]
async fn a_skipped_cell_is_left_out_and_the_next_one_follows() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut settings = plot((Axis::Seed, "1-100"), NOTHING, NOTHING);
    settings.steps = 20;
    let job = setup.studio.generate(settings).await.unwrap();
    wait(async || setup.generation(job).await.step >= 1).await;
    let follow = setup.generation(job).await.follow;
    assert!((1..100).contains(&follow), "{follow} cells");
    setup.studio.skip(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!((view.job.state, view.images.len(), view.sheet_urls.len()), (JobState::Done, 99, 1));
}

#[tokio::test]
async fn a_cell_that_no_sheet_can_hold_is_refused_before_anything_begins() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let given = |value| {
        let png = Picture::filled(1024, 1024, 1, value).to_png(&[]);
        setup.studio.0.add_input(&png).unwrap().name
    };
    let settings = GenerateSettings {
        init_image: given(0),
        mask: given(255),
        inpaint_full_res: true,
        batch_count: 65,
        ..plot((Axis::Steps, "2, 3"), NOTHING, NOTHING)
    };
    let error = setup.studio.generate(settings).await.unwrap_err();
    let told = error.for_field("batch_size").unwrap();
    assert!(told.contains("at Steps: 2: 65 pictures of 1024x1024"), "{told}");
    assert!(told.ends_with("at most 64 in all"), "{told}");
}

#[tokio::test]
async fn what_cannot_be_drawn_is_told_at_its_axis_before_anything_begins() {
    let setup = Setup::working();
    setup.trained("painter").await;
    for (settings, field, words) in [
        (plot((Axis::Steps, "5, 50"), NOTHING, NOTHING), "x_values", "20 timesteps"),
        (plot(NOTHING, (Axis::Model, "painter, nobody"), NOTHING), "y_values", "nearest are"),
        (plot(NOTHING, NOTHING, (Axis::Sampler, "Oiler")), "z_values", "nearest are Euler"),
        (plot((Axis::Seed, "1-25601"), NOTHING, NOTHING), "x_values", "25600 are possible"),
        (plot((Axis::Steps, ""), NOTHING, NOTHING), "x_values", "or a range as 1-5"),
        (plot((Axis::Sampler, ""), NOTHING, NOTHING), "x_values", "some with commas between"),
        (
            plot(NOTHING, (Axis::Steps, "0, 5"), NOTHING),
            "y_values",
            "Steps: 0: 0 is out of range; give 1 to 20",
        ),
        (
            plot(NOTHING, NOTHING, (Axis::Sampler, "DDPM,,DDIM")),
            "z_values",
            "an empty value before a comma",
        ),
    ] {
        let error = setup.studio.generate(settings).await.unwrap_err();
        assert!(
            error.for_field(field).is_some_and(|told| told.contains(words)),
            "{field}: {error}"
        );
    }
    assert!(setup.studio.generation(None).await.unwrap().is_none());
}

#[tokio::test]
async fn a_prompt_matrix_draws_the_parts_in_all_combinations() {
    let setup = Setup::working();
    let matrix = |model: &str, prompt: &str| GenerateSettings {
        prompt: prompt.into(),
        prompt_matrix: true,
        batch_size: 1,
        steps: 1,
        ..two_of(model)
    };
    let job = setup.studio.generate(matrix("digits", "7 | 1 | (3:0.5)")).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    assert_eq!((view.images.len(), view.sheet_urls.len()), (4, 1));
    let prompts: Vec<_> =
        view.images.iter().map(|image| image.parameters.lines().next().unwrap()).collect();
    assert_eq!(prompts, ["7", "7 AND 1", "7 AND (3:0.5)", "7 AND 1 AND (3:0.5)"]);
    let sheet = setup.site().get(&view.sheet_urls[0]).await.bytes;
    let input = setup.studio.0.add_input(&sheet).unwrap();
    for (key, value) in [("prompt", "7 | 1 | (3:0.5)"), ("prompt_matrix", "true")] {
        assert!(input.form.contains(&(key.into(), value.into())), "{key}: {:?}", input.form);
    }
    for (settings, field) in [
        (matrix("textures", "a | b"), "prompt_matrix"),
        (matrix("digits", "7"), "prompt"),
        (matrix("digits", "7 | eleven"), "prompt"),
    ] {
        let fault = setup.studio.generate(settings).await.unwrap_err().to_string();
        assert!(fault.starts_with(&format!("{field}:")), "{fault}");
    }
}

#[tokio::test]
async fn what_is_replaced_by_nothing_goes() {
    let setup = Setup::working();
    let settings = GenerateSettings {
        model: "digits".into(),
        prompt: "7, 1".into(),
        steps: 1,
        ..plot((Axis::PromptSearchReplace, "1,,3"), NOTHING, NOTHING)
    };
    let job = setup.studio.generate(settings).await.unwrap();
    let view = setup.generation_over(job).await;
    let prompts: Vec<_> =
        view.images.iter().map(|image| image.parameters.lines().next().unwrap()).collect();
    assert_eq!(prompts, ["7, 1", "7", "7, 3"]);
}

#[tokio::test]
async fn a_range_of_classes_on_an_axis_is_a_column_for_each() {
    let setup = Setup::idle();
    for (values, wanted) in [("0..9", "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"), ("3-5, 8", "3, 4, 5, 8")] {
        let settings = plot((Axis::Prompt, values), NOTHING, NOTHING);
        let settings = GenerateSettings { model: "digits".into(), ..settings };
        let job = setup.studio.generate(settings).await.unwrap();
        let view = setup.generation(job).await;
        assert_eq!(view.settings.x_values, wanted);
        let title = format!("digits, {} images", wanted.split(',').count());
        assert_eq!(view.job.title, title);
    }
    let settings = plot((Axis::Prompt, "0..10"), NOTHING, NOTHING);
    let settings = GenerateSettings { model: "digits".into(), ..settings };
    let error = setup.studio.generate(settings).await.unwrap_err();
    assert!(error.for_field("x_values").unwrap().contains("there is no `10`"), "{error}");
    for values in ["9-0", "1, (9-0)"] {
        let settings = plot((Axis::Prompt, values), NOTHING, NOTHING);
        let settings = GenerateSettings { model: "digits".into(), ..settings };
        let error = setup.studio.generate(settings).await.unwrap_err();
        let told = error.for_field("x_values").unwrap();
        assert!(told.contains("a range of classes runs upwards, as in `0..9`"), "{error}");
    }
}
