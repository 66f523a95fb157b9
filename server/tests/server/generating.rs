//! Pictures with everything that belongs to them.

use app::api::{GalleryQuery, GenerateForm, ImageInfo, JobState, Studio};
use engine::config::{Axis, GenerateSettings};
use engine::grid::Picture;

use crate::support::{Setup, darkroom, two_of, wait};

fn parameters(png: &[u8]) -> String {
    let reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
    let text = &reader.info().uncompressed_latin1_text;
    text.iter().find(|chunk| chunk.keyword == "parameters").unwrap().text.clone()
}

#[tokio::test]
async fn every_picture_is_kept_with_its_settings_and_its_strip() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let settings = GenerateSettings { batch_count: 2, ..two_of("painter") };
    let job = setup.studio.generate(settings).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    assert_eq!(view.images.iter().map(|image| image.seed).collect::<Vec<_>>(), [7, 8, 9, 10]);
    let site = setup.site();
    for image in &view.images {
        let file = site.get(&image.url).await;
        assert_eq!(parameters(&file.bytes), image.parameters);
        let picture = Picture::from_png(&file.bytes).unwrap();
        assert_eq!((picture.width, picture.height), (8, 8));
        let strip = Picture::from_png(&site.get(&image.strip_url).await.bytes).unwrap();
        assert_eq!((strip.width, image.strip_frames), (8 * 4, 4));
    }
    assert!(
        view.images[0].parameters.starts_with("Steps: 4, Sampler: DDPM, Schedule type: Automatic")
    );
    let grid = Picture::from_png(&site.get(view.grid_url.as_deref().unwrap()).await.bytes).unwrap();
    assert_eq!((grid.width, grid.height), (18, 18));
    let zip = site.get(view.zip_url.as_deref().unwrap()).await;
    let zip = zip::ZipArchive::new(std::io::Cursor::new(zip.bytes)).unwrap();
    assert_eq!(zip.len(), 4);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_picture_in_any_batch() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut pixels = Vec::new();
    for (batch_count, batch_size) in [(1, 4), (4, 1)] {
        let settings = GenerateSettings { batch_count, batch_size, ..two_of("painter") };
        let job = setup.studio.generate(settings).await.unwrap();
        let view = setup.generation_over(job).await;
        let last = setup.site().get(&view.images[3].url).await;
        pixels.push(Picture::from_png(&last.bytes).unwrap());
    }
    assert_eq!(pixels[0], pixels[1]);
}

#[tokio::test]
async fn what_cannot_be_drawn_is_told_at_its_field() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let cases = [
        (GenerateSettings { model: "paiter".into(), ..two_of("painter") }, "model", "painter"),
        (GenerateSettings { steps: 21, ..two_of("painter") }, "steps", "20 timesteps"),
        (GenerateSettings { batch_size: 0, ..two_of("painter") }, "batch_size", "give 1"),
    ];
    for (settings, field, words) in cases {
        let error = setup.studio.generate(settings).await.unwrap_err();
        assert!(error.for_field(field).unwrap().contains(words), "{error}");
    }
}

/// How far a picture came that Interrupt ended half done, as its text tells: step and steps.
fn interrupted_at(image: &ImageInfo) -> Option<(usize, usize)> {
    let (_, told) = image.parameters.split_once(", Interrupted: ")?;
    let (step, steps) = told.split(',').next()?.split_once('/')?;
    Some((step.parse().unwrap(), steps.parse().unwrap()))
}

/// One batch that takes long.
fn slow() -> GenerateSettings {
    GenerateSettings { batch_size: 8, steps: 20, width: 96, height: 96, ..two_of("painter") }
}

#[tokio::test]
async fn interrupt_keeps_the_pictures_of_its_batch_as_they_were_foreseen() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let job = setup.studio.generate(slow()).await.unwrap();
    wait(async || setup.generation(job).await.step >= 1).await;
    setup.studio.interrupt(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!((view.job.state, view.images.len()), (JobState::Stopped, 8));
    let (step, steps) = interrupted_at(&view.images[0]).unwrap();
    assert!((1..20).contains(&step) && steps == 20, "{step}/{steps}");
    assert!(view.images.iter().all(|image| interrupted_at(image) == Some((step, 20))));
    assert_eq!(view.grid_url, None, "a grid is of finished pictures");
    // Its text draws it to its end, and PNG Info finds nothing that the form has not.
    let site = setup.site();
    let half = site.get(&view.images[3].url).await.bytes;
    let told = darkroom(&setup).add_input(&half).unwrap();
    assert!(told.left_out.is_empty(), "{:?}", told.left_out);
    let mut form = GenerateForm::default();
    form.overlay(|key| told.form.iter().find(|(known, _)| known == key).map(|pair| pair.1.clone()));
    form.set("batch_size", "1");
    let whole = setup.studio.generate(form.settings().unwrap()).await.unwrap();
    let whole = setup.generation_over(whole).await;
    assert_eq!(whole.images[0].seed, view.images[3].seed);
    assert_eq!(interrupted_at(&whole.images[0]), None);
    let whole = site.get(&whole.images[0].url).await.bytes;
    let pixels = |png: &[u8]| Picture::from_png(png).unwrap().pixels;
    assert_ne!(pixels(&half), pixels(&whole));
}

#[tokio::test]
async fn what_is_half_done_goes_where_it_is_not_wanted_or_the_program_closes() {
    let setup = Setup::working();
    setup.trained("painter").await;
    setup.studio.change_preference("keep_half_done", "false").await.unwrap();
    let job = setup.studio.generate(slow()).await.unwrap();
    wait(async || setup.generation(job).await.step >= 1).await;
    setup.studio.interrupt(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!((view.job.state, view.images.len()), (JobState::Stopped, 0));

    setup.studio.change_preference("keep_half_done", "true").await.unwrap();
    let job = setup.studio.generate(slow()).await.unwrap();
    wait(async || setup.generation(job).await.step >= 1).await;
    darkroom(&setup).close();
    let view = setup.generation(job).await;
    assert_eq!((view.job.state, view.images.len()), (JobState::Interrupted, 0));
}

#[tokio::test]
async fn an_interrupted_generation_keeps_its_whole_batches() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let settings = GenerateSettings { batch_count: 100, steps: 20, seed: -1, ..two_of("painter") };
    let job = setup.studio.generate(settings).await.unwrap();
    wait(async || setup.generation(job).await.images.len() >= 2).await;
    setup.studio.interrupt(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Stopped);
    assert!(view.images.len() % 2 == 0 && view.images.len() < 200, "{}", view.images.len());
    let half_done = view.images.iter().filter(|image| interrupted_at(image).is_some()).count();
    assert!([0, 2].contains(&half_done), "{half_done} of the last batch");
    assert!(view.grid_url.is_some() && view.settings.seed >= 0);
    assert!(darkroom(&setup).live.get(job).is_none());
}

/// Many pictures of one batch that go through a second pass one by one.
fn drawn_twice() -> GenerateSettings {
    GenerateSettings {
        batch_size: 40,
        steps: 4,
        hires_scale: 4.0,
        hires_steps: 20,
        hires_denoising: 1.0,
        ..two_of("painter")
    }
}

#[tokio::test]
async fn an_interrupted_second_pass_keeps_the_pictures_that_are_done() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let job = setup.studio.generate(drawn_twice()).await.unwrap();
    wait(async || setup.generation(job).await.images.len() >= 2).await;
    setup.studio.interrupt(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Stopped);
    let (half_done, done): (Vec<_>, Vec<_>) =
        view.images.iter().partition(|image| interrupted_at(image).is_some());
    assert!((2..40).contains(&done.len()) && view.images.len() == 40, "{}", done.len());
    assert!(done.iter().all(|image| image.width == 32) && view.grid_url.is_some());
    // One of them may have begun its second pass; the others are as the first one left them.
    let begun = half_done.iter().filter(|image| image.width == 32);
    assert!(begun.clone().all(|image| interrupted_at(image).unwrap().0 > 4) && begun.count() < 2);
    let waiting = half_done.iter().filter(|image| image.width == 8);
    assert!(waiting.clone().all(|image| interrupted_at(image) == Some((4, 24))));
    assert!(waiting.count() + 1 >= half_done.len());
}

#[tokio::test]
async fn a_skip_in_the_second_pass_goes_on_to_the_next_picture() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let job = setup.studio.generate(drawn_twice()).await.unwrap();
    wait(async || setup.generation(job).await.images.len() >= 2).await;
    assert!((1..=38).contains(&setup.generation(job).await.follow), "pictures follow");
    setup.studio.skip(job).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!((view.job.state, view.images.len()), (JobState::Done, 39));
}

#[tokio::test]
async fn a_preview_can_be_looked_at_while_it_develops() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut bus = darkroom(&setup).live.subscribe();
    let settings = GenerateSettings { batch_count: 20, steps: 20, ..two_of("painter") };
    let job = setup.studio.generate(settings).await.unwrap();
    setup.generation_over(job).await;
    let mut previews = Vec::new();
    while let Ok(event) = bus.try_recv() {
        if let app::api::Live::Generate(view) = event {
            previews.extend(view.preview_url);
        }
    }
    let url = previews.last().expect("the first step of a job is always worth a preview");
    let sheet = Picture::from_png(&setup.site().get(url).await.bytes).unwrap();
    assert_eq!((sheet.width, sheet.height), (18, 8));
}

#[tokio::test]
async fn any_checkpoint_of_a_run_draws_with_or_without_averaged_weights() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut drawn = Vec::new();
    for name in ["painter", "painter@8", "painter@last", "painter@4", "painter@8+raw"] {
        let job = setup.studio.generate(two_of(name)).await.unwrap();
        let view = setup.generation_over(job).await;
        assert_eq!(view.job.state, JobState::Done, "{name}: {:?}", view.job.message);
        drawn.push(setup.site().get(&view.images[0].url).await.bytes);
    }
    let pixels: Vec<Picture> = drawn.iter().map(|png| Picture::from_png(png).unwrap()).collect();
    assert!(pixels[0] == pixels[1] && pixels[1] == pixels[2]);
    assert!(pixels[3] != pixels[0] && pixels[4] != pixels[0] && pixels[3] != pixels[4]);
    let fault = setup.studio.generate(two_of("painter@best")).await.unwrap_err();
    assert!(fault.for_field("model").unwrap().contains("held no images out"), "{fault}");
    let fault = setup.studio.generate(two_of("painter@5")).await.unwrap_err();
    assert!(fault.for_field("model").unwrap().ends_with("nearest are 4, 8"), "{fault}");
}

#[tokio::test]
async fn live_events_tell_of_each_image_once_and_the_last_of_the_end() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut bus = darkroom(&setup).live.subscribe();
    let settings = GenerateSettings { batch_count: 10, ..two_of("painter") };
    let job = setup.studio.generate(settings).await.unwrap();
    let over = setup.generation_over(job).await;
    let ids = |images: &[app::api::ImageInfo]| -> Vec<_> { images.iter().map(|i| i.id).collect() };
    let (mut shown, mut states) = (Vec::new(), Vec::new());
    while let Ok(event) = bus.try_recv() {
        let app::api::Live::Generate(view) = event else { continue };
        assert_eq!(view.images_before, shown.len());
        shown.extend(ids(&view.images));
        states.push(view.job.state);
    }
    assert_eq!(shown, ids(&over.images));
    let (last, before) = states.split_last().unwrap();
    assert!(*last == JobState::Done && !before.is_empty() && !before.contains(last), "{states:?}");
}

#[tokio::test]
async fn pictures_have_the_name_that_their_model_was_asked_for_by() {
    let setup = Setup::working();
    setup.trained("painter").await;
    // All of them are one file.
    for name in ["painter@8", "painter", "painter@8"] {
        let job = setup.studio.generate(two_of(name)).await.unwrap();
        let view = setup.generation_over(job).await;
        assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
        let told = format!("Model: {name},");
        for image in view.images {
            assert!(image.parameters.contains(&told), "{name}: {}", image.parameters);
        }
        let query = GalleryQuery { model: name.into(), limit: 9, ..Default::default() };
        assert_eq!(setup.studio.gallery(query).await.unwrap().images[0].job, job);
    }
}

#[tokio::test]
async fn classes_with_commas_and_ands_in_their_names_are_drawn_and_drawn_again() {
    let setup = Setup::working();
    setup.trained_on_classes("sorted", ["a, b", "one AND two"], 0.1).await;
    let asked = |prompt: &str| GenerateSettings {
        prompt: prompt.into(),
        negative_prompt: "a, b".into(),
        ..two_of("sorted")
    };
    for prompt in ["a, b", "one AND two", "(a, b:1.3), one AND two", "a, b AND one AND two :0.5"] {
        let job = setup.studio.generate(asked(prompt)).await.unwrap();
        let view = setup.generation_over(job).await;
        let text = &view.images[0].parameters;
        let wanted = format!("{prompt}\nNegative prompt: a, b\n");
        assert!(text.starts_with(&wanted), "{prompt}: {text} {:?}", view.job.message);
        let told = setup.studio.input_from_gallery(view.images[0].id).await.unwrap();
        let mut form = GenerateForm::default();
        form.overlay(|key| {
            told.form.iter().find(|(known, _)| known == key).map(|pair| pair.1.clone())
        });
        form.set("batch_size", "1");
        let again = setup.studio.generate(form.settings().unwrap()).await.unwrap();
        assert_eq!(&setup.generation_over(again).await.images[0].parameters, text);
    }
}

#[tokio::test]
async fn a_long_prompt_that_is_refused_is_told_by_its_beginning() {
    let setup = Setup::idle();
    let long = "a long wish ".repeat(500);
    let digits = GenerateSettings { model: "digits".into(), ..Default::default() };
    for settings in [
        GenerateSettings { prompt: long.clone(), ..digits.clone() },
        GenerateSettings { x_axis: Axis::Prompt, x_values: format!("7, {long}"), ..digits.clone() },
        GenerateSettings { x_axis: Axis::PromptSearchReplace, x_values: long, ..digits },
    ] {
        let error = setup.studio.generate(settings).await.unwrap_err().to_string();
        assert!(error.contains("`a long wish a long wish") && error.contains('…'), "{error}");
        assert!(error.chars().count() < 250, "{error}");
    }
}
