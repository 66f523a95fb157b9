//! Pictures drawn from pictures, at other sizes, with edges that meet, between two seeds.

use app::api::{GenerateForm, GenerateView, InputImage, JobState, Studio};
use engine::config::GenerateSettings;
use engine::grid::Picture;

use crate::support::{Setup, darkroom, png, two_of};

async fn drawn(setup: &Setup, settings: GenerateSettings) -> (GenerateView, Vec<Picture>) {
    let job = setup.studio.generate(settings).await.unwrap();
    let view = setup.generation_over(job).await;
    assert_eq!(view.job.state, JobState::Done, "{:?}", view.job.message);
    let site = setup.site();
    let mut pictures = Vec::new();
    for image in &view.images {
        pictures.push(Picture::from_png(&site.get(&image.url).await.bytes).unwrap());
    }
    (view, pictures)
}

fn given(setup: &Setup, bytes: &[u8]) -> InputImage {
    darkroom(setup).add_input(bytes).unwrap()
}

#[tokio::test]
async fn a_picture_that_goes_no_way_comes_back_and_one_that_goes_far_changes() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let input = given(&setup, &png(5));
    let settings = |denoising_strength| GenerateSettings {
        init_image: input.name.clone(),
        denoising_strength,
        steps: 10,
        ..two_of("painter")
    };
    let original = Picture::from_png(&png(5)).unwrap();
    let (view, pictures) = drawn(&setup, settings(0.0)).await;
    assert_eq!(pictures, [original.clone(), original.clone()]);
    assert_eq!(view.images[0].strip_frames, 1);
    let (view, pictures) = drawn(&setup, settings(0.5)).await;
    assert!(pictures[0] != original && pictures[0] != pictures[1]);
    assert_eq!(view.steps, 0, "the job is over");
    assert!(view.images[0].parameters.contains("Denoising strength: 0.5, Init image hash: "));
    let row = darkroom(&setup).store.image(view.images[0].id).unwrap().unwrap();
    assert!(row.image.path.starts_with("outputs/img2img-images/"), "{}", row.image.path);
}

#[tokio::test]
async fn what_the_mask_keeps_stays_byte_for_byte() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let original = Picture::from_png(&png(5)).unwrap();
    let left: Vec<u8> = (0..64).map(|at| if at % 8 < 4 { 255 } else { 0 }).collect();
    let mask = Picture { width: 8, height: 8, channels: 1, pixels: left };
    let settings = GenerateSettings {
        init_image: given(&setup, &png(5)).name,
        mask: given(&setup, &mask.to_png(&[])).name,
        denoising_strength: 1.0,
        ..two_of("painter")
    };
    let (_, pictures) = drawn(&setup, settings).await;
    let half = |picture: &Picture, kept: bool| -> Vec<u8> {
        let at = picture.pixels.iter().enumerate();
        at.filter(|(at, _)| (at % 8 >= 4) == kept).map(|(_, pixel)| *pixel).collect()
    };
    assert_eq!(half(&pictures[0], true), half(&original, true));
    assert_ne!(half(&pictures[0], false), half(&original, false));
}

#[tokio::test]
async fn sizes_and_seeds_are_the_persons_choice() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let wide = GenerateSettings { width: 16, height: 12, tiling: true, ..two_of("painter") };
    let (view, pictures) = drawn(&setup, wide.clone()).await;
    assert_eq!((pictures[0].width, pictures[0].height), (16, 12));
    assert!(view.images[0].parameters.contains("Size: 16x12"));
    assert!(view.images[0].parameters.contains("Tiling: True"));
    let (_, seamed) = drawn(&setup, GenerateSettings { tiling: false, ..wide }).await;
    assert_ne!(pictures, seamed);

    let toward = |subseed_strength| GenerateSettings {
        subseed: 7 + 1,
        subseed_strength,
        batch_size: 1,
        ..two_of("painter")
    };
    let (_, both) = drawn(&setup, two_of("painter")).await;
    let (view, all_the_way) = drawn(&setup, toward(1.0)).await;
    // Steps of DDPM add noise by the picture's own seed, so the end is near the other's, not its.
    assert_ne!(all_the_way[0], both[0]);
    assert!(view.images[0].parameters.contains("Variation seed: 8, Variation seed strength: 1"));
    let (_, hardly) = drawn(&setup, toward(1e-6)).await;
    assert_eq!(hardly[0], both[0]);
}

#[tokio::test]
async fn what_a_picture_says_of_itself_draws_it_again() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let settings = GenerateSettings {
        init_image: given(&setup, &png(5)).name,
        mask: given(&setup, &png(9)).name,
        mask_blur: 1,
        tiling: true,
        denoising_strength: 0.6,
        subseed: 3,
        subseed_strength: 0.5,
        width: 12,
        steps: 10,
        ..two_of("painter")
    };
    let (view, pictures) = drawn(&setup, settings).await;
    let told = setup.studio.input_from_gallery(view.images[1].id).await.unwrap();
    let mut form = GenerateForm::default();
    form.overlay(|key| told.form.iter().find(|(known, _)| known == key).map(|pair| pair.1.clone()));
    form.set("batch_size", "1");
    let (_, again) = drawn(&setup, form.settings().unwrap()).await;
    assert_eq!(again[0], pictures[1]);
}

#[tokio::test]
async fn what_cannot_be_begun_from_is_told_at_its_field() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let gone = "0".repeat(32);
    let init_image = given(&setup, &png(9)).name;
    let other = given(&setup, &Picture::filled(5, 4, 1, 255).to_png(&[])).name;
    for (settings, field, words) in [
        (GenerateSettings { init_image, mask: other, ..two_of("painter") }, "mask", "is 5x4"),
        (GenerateSettings { init_image: gone.clone(), ..two_of("painter") }, "init_image", "again"),
        (
            GenerateSettings { init_image: "../x".into(), ..two_of("painter") },
            "init_image",
            "again",
        ),
        (GenerateSettings { mask: gone, ..two_of("painter") }, "mask", "needs the picture"),
        (GenerateSettings { width: 7, ..two_of("painter") }, "width", "8"),
        (GenerateSettings { height: 4096, ..two_of("painter") }, "height", "give 0 to 1024"),
        (
            GenerateSettings { denoising_strength: 1.5, ..two_of("painter") },
            "denoising_strength",
            "give 0 to 1",
        ),
    ] {
        let error = setup.studio.generate(settings).await.unwrap_err();
        assert!(
            error.for_field(field).is_some_and(|told| told.contains(words)),
            "{field}: {error}"
        );
    }
}

#[tokio::test]
async fn pictures_to_begin_from_take_turns() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let shades = [0, 255].map(|shade| Picture::filled(8, 8, 1, shade));
    let names = shades.each_ref().map(|shade| given(&setup, &shade.to_png(&[])).name);
    let settings = |batch_size, more: &str| GenerateSettings {
        init_image: names.join(",") + more,
        denoising_strength: 0.0,
        batch_size,
        batch_count: 3,
        ..two_of("painter")
    };
    let [black, white] = shades.clone();
    assert_eq!(drawn(&setup, settings(1, "")).await.1, [black.clone(), white, black]);
    for (settings, words) in [
        (GenerateSettings { batch_count: 1, ..settings(1, "") }, "give at most 1"),
        (settings(3, ", 7"), "there is no image `7` any more"),
        (GenerateSettings { walk_frames: 5, ..settings(3, "") }, "a walk begins from one picture"),
        (settings(3, &",7".repeat(255)), "257 pictures are too many; give at most 256"),
    ] {
        let error = setup.studio.generate(settings).await.unwrap_err();
        let told = error.for_field("init_image");
        assert!(told.is_some_and(|told| told.contains(words)), "{words}: {error}");
    }
    let part = |given: usize| GenerateSettings {
        init_image: vec![names[0].as_str(); given].join(","),
        mask: names[1].clone(),
        inpaint_full_res: true,
        batch_size: given,
        denoising_strength: 1.0,
        ..two_of("painter")
    };
    assert_eq!(drawn(&setup, part(3)).await.1.len(), 3);
}

#[tokio::test]
async fn a_walk_between_two_seeds_is_an_animation() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let walk = GenerateSettings {
        sampler: engine::config::SamplerKind::Ddim,
        subseed: 8,
        walk_frames: 5,
        ..two_of("painter")
    };
    let (view, pictures) = drawn(&setup, walk).await;
    assert_eq!((view.images.len(), view.grid_url.is_none()), (5, true));
    let ends = GenerateSettings { sampler: engine::config::SamplerKind::Ddim, ..two_of("painter") };
    let (_, ends) = drawn(&setup, ends).await;
    assert_eq!([&pictures[0], &pictures[4]], [&ends[0], &ends[1]]);
    let bytes = setup.site().get(&view.sheet_urls[0]).await.bytes;
    let reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
    assert_eq!(reader.info().animation_control.unwrap().num_frames, 8, "to and fro");
}

#[tokio::test]
async fn a_walk_that_no_animation_can_hold_is_refused_before_it_begins() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let walk =
        |width, height| GenerateSettings { walk_frames: 240, width, height, ..two_of("painter") };
    let error = setup.studio.generate(walk(1024, 1024)).await.unwrap_err();
    let told = error.for_field("walk_frames").unwrap();
    assert_eq!(
        told,
        "240 pictures of 1024x1024 are more than an animation can hold; give at most 64"
    );
    let twice = GenerateSettings { hires_scale: 4.0, ..walk(256, 256) };
    let error = setup.studio.generate(twice).await.unwrap_err();
    assert!(error.for_field("walk_frames").unwrap().contains("1024x1024"), "{error}");
}

#[tokio::test]
async fn a_second_pass_makes_the_pictures_larger() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let once = GenerateSettings { steps: 10, ..two_of("painter") };
    let twice = GenerateSettings { hires_scale: 2.0, hires_steps: 6, ..once.clone() };
    let (view, pictures) = drawn(&setup, twice.clone()).await;
    assert_eq!((pictures[0].width, pictures[0].height), (16, 16));
    let parameters = &view.images[0].parameters;
    assert!(parameters.contains("Size: 8x8"), "{parameters}");
    let told = "RNG: CPU, Hires upscale: 2, Hires steps: 6, Hires upscaler: Lanczos";
    assert!(parameters.contains("Denoising strength: 0.5"), "{parameters}");
    assert!(parameters.contains(told), "{parameters}");
    // The same alone as among others, and its text draws it again.
    let alone = GenerateSettings { batch_size: 1, ..twice };
    assert_eq!(drawn(&setup, alone).await.1[0], pictures[0]);
    let png = setup.site().get(&view.images[0].url).await.bytes;
    let form: Vec<(String, String)> = given(&setup, &png).form;
    for (key, value) in [("hires_scale", "2"), ("hires_steps", "6"), ("hires_denoising", "0.5")] {
        assert!(form.contains(&(key.into(), value.into())), "{key}: {form:?}");
    }
    // Without denoising it is the picture enlarged.
    let still = GenerateSettings { hires_scale: 2.0, hires_denoising: 0.0, ..once.clone() };
    let small = drawn(&setup, once).await.1.remove(0);
    let enlarged = engine::upscale::upscale(small, (16, 16), engine::config::Upscaler::Lanczos);
    assert_eq!(drawn(&setup, still).await.1[0], enlarged);
}

#[tokio::test]
async fn noise_and_what_was_foreseen_are_kept_side_by_side() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let (view, pictures) = drawn(&setup, GenerateSettings { steps: 5, ..two_of("painter") }).await;
    let image = &view.images[0];
    let site = setup.site();
    let strip = async |url: &str| Picture::from_png(&site.get(url).await.bytes).unwrap();
    let foreseen = strip(&image.strip_url).await;
    let noisy = strip(image.noisy_strip_url.as_ref().unwrap()).await;
    assert_eq!((foreseen.width, noisy.width), (5 * 8, 5 * 8));
    assert_ne!(foreseen, noisy);
    let last = |strip: &Picture| -> Vec<u8> {
        strip.pixels.chunks(5 * 8).flat_map(|row| row[4 * 8..].to_vec()).collect()
    };
    assert_eq!(
        (last(&foreseen), last(&noisy)),
        (pictures[0].pixels.clone(), pictures[0].pixels.clone())
    );
}

#[tokio::test]
async fn a_small_part_of_a_large_picture_is_drawn_and_put_back() {
    let setup = Setup::working();
    setup.trained("painter").await;
    let pixels = (0..40 * 30 * 3).map(|at| (at % 251) as u8).collect();
    let large = Picture { width: 40, height: 30, channels: 3, pixels };
    let white =
        |at: u32| 255 * u8::from((10..16).contains(&(at % 40)) && (4..8).contains(&(at / 40)));
    let mask =
        Picture { width: 40, height: 30, channels: 1, pixels: (0..1200).map(white).collect() };
    let settings = GenerateSettings {
        init_image: given(&setup, &large.to_png(&[])).name,
        mask: given(&setup, &mask.to_png(&[])).name,
        denoising_strength: 1.0,
        inpaint_full_res: true,
        inpaint_full_res_padding: 1,
        ..two_of("painter")
    };
    let (view, pictures) = drawn(&setup, settings).await;
    assert_eq!((pictures[0].width, pictures[0].height), (40, 30));
    assert_eq!(view.images[0].strip_frames, 1);
    let told = "Inpaint area: Only masked, Masked area padding: 1";
    assert!(view.images[0].parameters.contains(told), "{}", view.images[0].parameters);
    let gray = engine::sampler::fit(large, (40, 30), 1, engine::config::ResizeMode::Resize).picture;
    let changed: Vec<usize> =
        (0..1200).filter(|&at| pictures[0].pixels[at] != gray.pixels[at]).collect();
    assert!(!changed.is_empty() && changed.iter().all(|&at| white(at as u32) == 255));
}
