//! Pictures with everything that belongs to them.

use app::api::{GalleryQuery, JobState, Studio};
use engine::config::GenerateSettings;
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
    assert!((2..40).contains(&view.images.len()), "{}", view.images.len());
    assert!(view.images.iter().all(|image| image.width == 32) && view.grid_url.is_some());
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
async fn live_events_tell_of_each_image_once_and_the_last_of_all() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let mut bus = darkroom(&setup).live.subscribe();
    let settings = GenerateSettings { batch_count: 10, ..two_of("painter") };
    let job = setup.studio.generate(settings).await.unwrap();
    let over = setup.generation_over(job).await;
    let ids = |images: &[app::api::ImageInfo]| -> Vec<_> { images.iter().map(|i| i.id).collect() };
    let (mut shown, mut events) = (Vec::new(), 0);
    while let Ok(event) = bus.try_recv() {
        let app::api::Live::Generate(view) = event else { continue };
        assert!(view.images_before <= shown.len(), "{} of {}", view.images_before, shown.len());
        let is_last = view.job.state == JobState::Done;
        assert!(is_last == (view.images_before == 0 && view.images.len() == 20) || events == 0);
        shown.truncate(view.images_before);
        shown.extend(ids(&view.images));
        events += 1;
    }
    assert_eq!(shown, ids(&over.images));
    assert!(events >= 10, "{events} events");
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
