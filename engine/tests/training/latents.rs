//! Networks that learn and draw in the latents of an autoencoder.

use std::path::Path;

use candle_core::{DType, Device};
use engine::checkpoint::{Checkpoint, Header, merge};
use engine::config::{MaskedContent, SAMPLERS, SamplerKind, Sampling, ValidConfig};
use engine::data::ImageSet;
use engine::evaluate::Features;
use engine::footprint::Footprint;
use engine::grid::Picture;
use engine::model::Model;
use engine::sampler::{Init, Mask, SampleRequest, image_tensor, pictures, sample};
use engine::train::{
    Control, TrainEnd, TrainEvent, TrainRequest, Trainer, latest_checkpoint, memory_estimate,
    train, weights_in,
};
use engine::{CancelToken, Result};

use crate::autoencoder::{small, textures};
use crate::fixture::{advance, bytes_of_last, run, tiny};

/// A network in the latents of [`small`], changed by `key=value`.
fn latent(changes: &[&str]) -> ValidConfig {
    let base = [
        "model_params.im_channels=3",
        "model_params.im_size=16",
        "model_params.autoencoder=small",
        "train_params.task_name=latent",
    ];
    tiny(&[&base, changes].concat())
}

/// An autoencoder of `kind` that has learned a little.
fn trained(kind: &str, steps: usize) -> Checkpoint {
    let steps = format!("train_params.num_steps={steps}");
    let config = small(kind, &[&steps, "train_params.batch_size=8", "train_params.lr=0.004"]);
    let folder = tempfile::tempdir().unwrap();
    run(&config, &textures(40, 16), folder.path(), false, &CancelToken::new(), 0).unwrap();
    Checkpoint::load(&latest_checkpoint(folder.path()).unwrap().unwrap()).unwrap()
}

/// A model that draws in the latents of a little trained autoencoder.
fn model(kind: &str) -> (Checkpoint, Model) {
    let (autoencoder, data, config) = (trained(kind, 10), textures(10, 16), latent(&[]));
    let trainer =
        Trainer::with_autoencoder(&config, &data, Some(&autoencoder), &Device::Cpu).unwrap();
    let checkpoint = trainer.checkpoint();
    let model = Model::new(&checkpoint, &Device::Cpu).unwrap();
    (checkpoint, model)
}

fn draw(model: &Model, request: &SampleRequest) -> Vec<Picture> {
    sample(model, request, &CancelToken::new(), &mut |_| Ok(())).unwrap()
}

fn ddim(seeds: &[u64], size: (usize, usize)) -> SampleRequest {
    SampleRequest::new(Sampling::new(SamplerKind::Ddim, 4), seeds.to_vec(), size)
}

/// Trains and stops after `stop_after`, if it is a step.
fn run_on(
    config: &ValidConfig,
    data: &ImageSet,
    autoencoder: Option<&Checkpoint>,
    (folder, resume): (&Path, bool),
    stop_after: u64,
) -> Result<TrainEnd> {
    let (control, cancel) = (&Control::new(), CancelToken::new());
    let device = &Device::Cpu;
    let request = TrainRequest {
        config,
        data,
        autoencoder,
        begin_from: None,
        device,
        folder,
        resume,
        samples_missing: false,
        control,
    };
    train(&request, &cancel, &mut |event| {
        if let TrainEvent::Step(figures) = event
            && figures.step == stop_after
        {
            cancel.cancel();
        }
        Ok(())
    })
}

#[test]
fn from_textures_to_an_autoencoder_to_a_model_that_draws_them() {
    for kind in ["kl", "vq"] {
        let (autoencoder, data) = (trained(kind, 150), textures(40, 16));
        let changes = ["train_params.num_steps=200", "train_params.batch_size=8"];
        let config = latent(&changes);
        let mut trainer =
            Trainer::with_autoencoder(&config, &data, Some(&autoencoder), &Device::Cpu).unwrap();
        let losses: Vec<f32> = (0..200).map(|_| trainer.step().unwrap().loss).collect();
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let (first, last) = (mean(&losses[..10]), mean(&losses[180..]));
        assert!(last < 0.75 * first, "{kind}: from {first} to {last}");
        let pictures = draw(&trainer.model().unwrap(), &ddim(&[1, 2, 3], (16, 16)));
        assert_eq!((pictures[0].width, pictures[0].height, pictures[0].channels), (16, 16, 3));
        assert!(pictures[0] != pictures[1]);
        // Textures are neither black nor white nor flat.
        let bytes = || pictures.iter().flat_map(|picture| &picture.pixels).map(|&b| f64::from(b));
        let (count, mean) = (bytes().count() as f64, bytes().sum::<f64>() / bytes().count() as f64);
        let deviation = (bytes().map(|b| (b - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!((40.0..215.0).contains(&mean) && deviation > 10.0, "{kind}: {mean}, {deviation}");
    }
}

#[test]
fn a_checkpoint_holds_the_autoencoder_and_draws_the_same_after_a_file() {
    for kind in ["kl", "vq"] {
        let (checkpoint, model) = model(kind);
        let file = tempfile::NamedTempFile::new().unwrap();
        checkpoint.save(file.path()).unwrap();
        let header = Header::read(file.path()).unwrap();
        assert_eq!(header, checkpoint.header);
        assert_eq!(header.size_divisor(), 4);
        let latents = header.latents.as_ref().unwrap();
        assert!(latents.standard.scale > 0.0 && latents.standard.means.len() == 3);
        let read = Checkpoint::load(file.path()).unwrap();
        let request = ddim(&[7, 8], (16, 16));
        let again = Model::new(&read, &Device::Cpu).unwrap();
        assert!(draw(&again, &request) == draw(&model, &request));
        let compact = read.compact().unwrap();
        let inside = compact.autoencoder.as_ref().unwrap().values();
        assert!(inside.into_iter().all(|weight| weight.dtype() == DType::F16));
        let small = tempfile::NamedTempFile::new().unwrap();
        compact.save(small.path()).unwrap();
        let half = Model::new(&Checkpoint::load(small.path()).unwrap(), &Device::Cpu).unwrap();
        assert_eq!(draw(&half, &request).len(), 2);
    }
}

#[test]
fn with_every_sampler_a_picture_is_the_same_alone_and_in_a_batch() {
    for kind in ["kl", "vq"] {
        let (_, model) = model(kind);
        for info in SAMPLERS {
            let request = |seeds: &[u64]| SampleRequest {
                tiling: true,
                ..SampleRequest::new(Sampling::new(info.kind, 3), seeds.to_vec(), (24, 16))
            };
            let batch = draw(&model, &request(&[4, 5, 6]));
            assert_eq!((batch[0].width, batch[0].height), (24, 16));
            for (at, picture) in batch.iter().enumerate() {
                let alone = draw(&model, &request(&[4 + at as u64]));
                assert!(alone == [picture.clone()], "{kind}, {}", info.name);
            }
        }
    }
}

#[test]
fn sizes_are_multiples_of_what_both_networks_divide_by() {
    let (checkpoint, model) = model("kl");
    assert_eq!((model.size_divisor(), model.factor()), (4, 2));
    let request = ddim(&[1], (18, 16));
    let told = sample(&model, &request, &CancelToken::new(), &mut |_| Ok(())).unwrap_err();
    assert_eq!(told.to_string(), "width: 18 is not a multiple of 4; 16 or 20 would do");
    // The decoder counts: it takes more than a network of the same shape in pixels.
    let footprint = Footprint::new(&checkpoint.header, true);
    let mut header = checkpoint.header;
    header.latents = None;
    let pixels = Footprint::new(&header, true);
    let bytes = |footprint: &Footprint| footprint.drawing_bytes((256, 256), 1, false);
    assert!(bytes(&footprint) < bytes(&pixels));
    assert!(bytes(&footprint) > 256 * 256 * 4 * 16);
}

/// Every byte another.
fn picture() -> Picture {
    let pixels = (0..16 * 16 * 3).map(|at| (at * 97 % 251) as u8).collect();
    Picture { width: 16, height: 16, channels: 3, pixels }
}

fn init(strength: f64, mask: Option<Mask>) -> Init {
    Init { picture: picture(), strength, mask, fill: MaskedContent::Original }
}

#[test]
fn without_strength_the_picture_comes_back_to_the_byte() {
    let (_, model) = model("kl");
    let request = SampleRequest { inits: vec![init(0.0, None)], ..ddim(&[1, 2], (16, 16)) };
    assert_eq!(draw(&model, &request), vec![picture(); 2]);
}

#[test]
fn what_a_mask_keeps_is_kept_to_the_byte_and_the_rest_is_not() {
    let (_, model) = model("kl");
    // Drawn anew on the right, from within a latent on.
    let pixels = (0..256).map(|at| if at % 16 >= 7 { 255 } else { 0 }).collect();
    let mask = Mask { width: 16, height: 16, pixels };
    for &fill in MaskedContent::ALL {
        let init = Init { fill, ..init(0.8, Some(mask.clone())) };
        let request = SampleRequest { inits: vec![init], ..ddim(&[3], (16, 16)) };
        let mut previews = Vec::new();
        let drawn = sample(&model, &request, &CancelToken::new(), &mut |step| {
            previews.extend(step.x0_pictures()?);
            Ok(())
        });
        previews.extend(drawn.unwrap());
        for drawn in previews {
            let same = |at: &usize| drawn.pixels[3 * at..][..3] == picture().pixels[3 * at..][..3];
            assert!((0..256).filter(|at| at % 16 < 7).all(|at| same(&at)), "{fill:?}");
            assert!((0..256).filter(|at| at % 16 >= 7).filter(same).count() < 10, "{fill:?}");
        }
    }
}

#[test]
fn the_less_noise_a_picture_gets_the_nearer_the_drawing_stays_to_what_the_latents_keep() {
    let (_, model) = model("kl");
    let given = image_tensor(&picture(), &Device::Cpu).unwrap();
    let kept = model.decode(&model.encode(&given).unwrap()).unwrap();
    let kept = pictures(&kept).unwrap().remove(0);
    let distance = |strength| {
        let sampling = Sampling::new(SamplerKind::Ddim, 20);
        let request = SampleRequest {
            inits: vec![init(strength, None)],
            ..SampleRequest::new(sampling, vec![3], (16, 16))
        };
        let drawn = draw(&model, &request).remove(0);
        let off = drawn.pixels.iter().zip(&kept.pixels).map(|(a, b)| u32::from(a.abs_diff(*b)));
        off.sum::<u32>()
    };
    let distances = [0.05, 0.3, 0.8].map(distance);
    assert!(distances.is_sorted() && distances[0] < distances[2], "{distances:?}");
}

#[test]
fn a_resumed_run_goes_on_with_the_autoencoder_it_began_with() {
    let (first, other, data) = (trained("kl", 10), trained("vq", 10), textures(10, 16));
    let config = latent(&[
        "dataset_params.flip=both",
        "dataset_params.rotate=true",
        "train_params.validation_share=0.2",
        "train_params.num_steps=9",
    ]);
    let [whole, parts, anew] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    run_on(&config, &data, Some(&first), (whole.path(), false), 0).unwrap();
    let end = run_on(&config, &data, Some(&first), (parts.path(), false), 5).unwrap();
    assert_eq!(end, TrainEnd::Stopped { step: 5 });
    run_on(&config, &data, Some(&other), (parts.path(), true), 7).unwrap();
    run_on(&config, &data, None, (parts.path(), true), 0).unwrap();
    assert!(bytes_of_last(whole.path()) == bytes_of_last(parts.path()));
    // One that begins anew takes what it is given, a model that draws in the latents too.
    let path = latest_checkpoint(whole.path()).unwrap().unwrap();
    let inside = Checkpoint::load(&path).unwrap();
    run_on(&config, &data, Some(&inside), (anew.path(), false), 0).unwrap();
    assert!(bytes_of_last(whole.path()) == bytes_of_last(anew.path()));
}

#[test]
fn images_that_are_cropped_are_encoded_as_the_network_sees_them() {
    let (autoencoder, data) = (trained("kl", 10), textures(10, 16));
    let config = latent(&["dataset_params.crop=0.5", "dataset_params.colour_jitter=0.3"]);
    let losses = || -> Vec<f32> {
        let mut trainer =
            Trainer::with_autoencoder(&config, &data, Some(&autoencoder), &Device::Cpu).unwrap();
        (0..3).map(|_| trainer.step().unwrap().loss).collect()
    };
    assert_eq!(losses(), losses());
}

#[test]
fn what_does_not_go_together_is_told_by_field() {
    let (autoencoder, data) = (trained("kl", 2), textures(4, 16));
    let told = |config: &ValidConfig, given: Option<&Checkpoint>, data: &ImageSet| {
        Trainer::with_autoencoder(config, data, given, &Device::Cpu).unwrap_err().to_string()
    };
    let missing = told(&latent(&[]), None, &data);
    assert_eq!(missing, "model_params.autoencoder: the autoencoder `small` is not there");
    let (mut pixels, _) = model("kl");
    pixels.header.latents = None;
    pixels.header.config.model_params.autoencoder.clear();
    let stranger = told(&latent(&[]), Some(&pixels), &data);
    assert!(stranger.contains("`small` is no autoencoder"), "{stranger}");
    let odd = latent(&["model_params.im_size=18"]);
    let odd = told(&odd, Some(&autoencoder), &textures(4, 18));
    assert!(odd.contains("model_params.im_size: 18 is not divisible by 4"), "{odd}");
}

#[test]
fn only_models_on_the_same_autoencoder_are_merged() {
    let (a, _) = model("kl");
    let merged = merge::weighted_sum(&a, &a, 0.5).unwrap();
    Model::new(&merged, &Device::Cpu).unwrap();
    assert_eq!(merged.header.latents, a.header.latents);
    let mut other = a.clone();
    let weights = other.autoencoder.as_mut().unwrap();
    let moved = (&weights["decoder_conv_out.bias"] + 0.1).unwrap();
    weights.insert("decoder_conv_out.bias".into(), moved);
    let message = merge::weighted_sum(&a, &other, 0.5).unwrap_err().to_string();
    assert!(message.contains("A and B draw in the latents of different autoencoders"), "{message}");
}

#[test]
fn a_header_without_its_latents_is_refused() {
    let (mut checkpoint, _) = model("kl");
    let file = tempfile::NamedTempFile::new().unwrap();
    let told = |checkpoint: &Checkpoint| {
        checkpoint.save(file.path()).unwrap();
        Checkpoint::load(file.path()).unwrap_err().to_string()
    };
    let weights = checkpoint.autoencoder.take();
    assert!(told(&checkpoint).contains("the autoencoder in whose latents it draws is missing"));
    checkpoint.autoencoder = weights;
    let mut wild = checkpoint.clone();
    wild.header.latents.as_mut().unwrap().standard.means.clear();
    assert!(told(&wild).contains("its `latents` cannot be undone"));
    let mut hollow = checkpoint.clone();
    hollow.header.latents.as_mut().unwrap().params.down_channels.clear();
    assert!(told(&hollow).contains("autoencoder_params.down_channels"));
    checkpoint.header.latents = None;
    assert!(told(&checkpoint).contains("does not tell of its latents"));
}

#[test]
fn a_judge_sees_pictures_through_their_latents() {
    let (_, model) = model("kl");
    let pictures = draw(&model, &ddim(&[1, 2, 3], (16, 16)));
    let features = Features::of(&model, &pictures, &CancelToken::new()).unwrap();
    assert_eq!((features.count(), features.length()), (3, 8));
}

#[test]
fn estimates_are_of_the_network_as_it_is_built() {
    let (autoencoder, data, config) = (trained("kl", 2), textures(4, 16), latent(&[]));
    let header = &autoencoder.header;
    let mut trainer =
        Trainer::with_autoencoder(&config, &data, Some(&autoencoder), &Device::Cpu).unwrap();
    advance(&mut trainer, 1);
    let numbers = |checkpoint: &Checkpoint| -> u64 {
        checkpoint.weights.values().map(|weight| weight.elem_count() as u64).sum()
    };
    assert_eq!(weights_in(&config, Some(header)), numbers(&trainer.checkpoint()));
    assert_eq!(weights_in(&header.config, None), numbers(&autoencoder));
    let wide = latent(&["model_params.im_size=256", "train_params.batch_size=64"]);
    assert!(memory_estimate(&wide, Some(header), 0, true) < memory_estimate(&wide, None, 0, true));
    // Pixels in bytes, and latents of three planes of a quarter of their side in numbers of four.
    let more = memory_estimate(&wide, Some(header), 100, true)
        - memory_estimate(&wide, Some(header), 0, true);
    let side = 256 / header.autoencoder().unwrap().params.factor() as u64;
    assert_eq!(more, 100 * (256 * 256 * 3 + side * side * 3 * 4));
    let autoencoder = small("kl", &["model_params.im_size=256"]);
    assert!(memory_estimate(&autoencoder, None, 0, true) > 256 * 256 * 8 * 4);
}

/// How many latents of three planes of 8x8 the run in `folder` keeps.
fn kept(folder: &Path) -> usize {
    let bytes = std::fs::read(folder.join("latents.cache")).unwrap().len();
    (bytes - 44 - 32) / (5 + 4 * 3 * 64)
}

#[test]
fn a_run_that_goes_on_takes_its_latents_from_its_folder() {
    let (autoencoder, data) = (trained("kl", 10), textures(16, 16));
    let autoencoder = Some(&autoencoder);
    let config = latent(&["train_params.num_steps=4", "train_params.checkpoint_every=0"]);
    let folders = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let [whole, parts, encoded] = folders.each_ref().map(tempfile::TempDir::path);
    run_on(&config, &data, autoencoder, (whole, false), 0).unwrap();
    assert_eq!(kept(whole), 16);
    for folder in [parts, encoded] {
        run_on(&config, &data, autoencoder, (folder, false), 2).unwrap();
        // Those of the next step too, which was looked at before the save.
        assert_eq!(kept(folder), 12);
    }
    std::fs::remove_file(encoded.join("latents.cache")).unwrap();
    for (folder, known) in [(parts, 16..=16), (encoded, 8..=12)] {
        run_on(&config, &data, None, (folder, true), 0).unwrap();
        // The second half of the epoch shows the other half of the images.
        assert!(known.contains(&kept(folder)));
        assert!(bytes_of_last(folder) == bytes_of_last(whole));
    }
}

#[test]
fn latents_of_other_images_are_not_taken() {
    let (autoencoder, data) = (trained("kl", 10), textures(16, 16));
    let config = latent(&["train_params.num_steps=4"]);
    let folders = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let [fresh, again] = folders.each_ref().map(tempfile::TempDir::path);
    let mut other = data.clone();
    other.pixels.iter_mut().for_each(|byte| *byte = 255 - *byte);
    run_on(&config, &data, Some(&autoencoder), (again, false), 0).unwrap();
    for folder in [fresh, again] {
        run_on(&config, &other, Some(&autoencoder), (folder, false), 0).unwrap();
    }
    assert!(bytes_of_last(fresh) == bytes_of_last(again));
    let changing = latent(&["train_params.num_steps=4", "dataset_params.crop=0.2"]);
    let folder = tempfile::tempdir().unwrap();
    run_on(&changing, &data, Some(&autoencoder), (folder.path(), false), 0).unwrap();
    assert!(!folder.path().join("latents.cache").exists());
}
