//! Autoencoders that learn.

use candle_core::{Device, Tensor, Var};
use engine::autoencoder::{Autoencoder, Discriminator, Network, Spec, detail};
use engine::checkpoint::{Checkpoint, Header};
use engine::config::{AutoencoderKind, ValidConfig};
use engine::data::ImageSet;
use engine::grid::Picture;
use engine::kernels::record;
use engine::model::Model;
use engine::noise::{Stream, gaussian_images};
use engine::train::{Control, TrainEvent, TrainRequest, check_classes, latest_checkpoint, train};
use engine::unet::Border;
use engine::{CancelToken, Error};

use crate::fixture::{bytes_of_last, run, tiny};

/// Of the smallest shape, changed by `key=value`.
pub fn small(kind: &str, changes: &[&str]) -> ValidConfig {
    let kind = format!("autoencoder_params.kind={kind}");
    let base = [
        &kind,
        "autoencoder_params.down_channels=8, 16",
        "autoencoder_params.mid_channels=16, 16",
        "autoencoder_params.down_sample=true",
        "autoencoder_params.norm_channels=4",
        "autoencoder_params.num_heads=2",
        "autoencoder_params.z_channels=3",
        "autoencoder_params.codebook_size=16",
        "autoencoder_params.disc_channels=8, 8",
        "autoencoder_params.disc_start=2",
        "model_params.im_channels=3",
        "model_params.im_size=16",
    ];
    tiny(&[&base, changes].concat())
}

/// Coloured waves of `side` pixels, each in a direction and with a length of its own.
pub fn textures(count: usize, side: u32) -> ImageSet {
    let image = |i: usize| {
        let angle = i as f32 * 2.4;
        let (pace, area) = (0.3 + (i % 7) as f32 * 0.12, (side * side) as usize);
        (0..3 * area).map(move |at| {
            let (channel, at) = (at / area, (at % area) as u32);
            let (x, y) = ((at % side) as f32, (at / side) as f32);
            let along = x * angle.cos() + y * angle.sin();
            let wave = (along * pace + (channel * (i % 3)) as f32).sin();
            (128.0 + wave * 30.0 * (1 + (i + channel) % 4) as f32) as u8
        })
    };
    ImageSet {
        width: side,
        height: side,
        channels: 3,
        pixels: (0..count).flat_map(image).collect(),
        labels: vec![0; count],
        classes: Vec::new(),
    }
}

#[test]
fn classes_are_none_of_its_business() {
    let asks = |kind| small(kind, &["model_params.num_classes=2"]);
    assert!(check_classes(&asks("kl"), 10).is_ok());
    assert!(check_classes(&asks("none"), 10).is_err() && check_classes(&asks("none"), 2).is_ok());
}

fn spec(config: &ValidConfig) -> Spec {
    let channels = config.model_params.im_channels;
    Spec { params: config.autoencoder_params.clone(), channels }
}

fn noise(seeds: &[u64], shape: (usize, usize, usize)) -> Tensor {
    gaussian_images(seeds, Stream::Start, 0, shape, &Device::Cpu).unwrap()
}

fn magnitude(tensor: &Tensor) -> f32 {
    tensor.abs().unwrap().sum_all().unwrap().to_scalar().unwrap()
}

#[test]
fn every_weight_receives_a_gradient() {
    let attention = ["autoencoder_params.attn_down=true"];
    let around = ["autoencoder_params.thumbnail=true"];
    let changed = [&attention[..], &around, &[]];
    for (kind, changes) in ["kl", "vq"].into_iter().flat_map(|kind| changed.map(|c| (kind, c))) {
        let spec = spec(&small(kind, changes));
        let (network, vars) = Autoencoder::fresh(&spec, 1, 0, &Device::Cpu).unwrap();
        let pictures = noise(&[1, 2], (3, 16, 16));
        let drawn = (kind == "kl").then(|| noise(&[3, 4], (3, 8, 8)));
        let pass = network.learning(&pictures, drawn.as_ref()).unwrap();
        let detail = detail::distance(&pass.reconstruction, &pictures).unwrap();
        let loss = (detail + pass.latent_loss).unwrap().sum_all().unwrap();
        let grads = loss.backward().unwrap();
        for (name, var) in &vars {
            let grad = grads.get(var).unwrap_or_else(|| panic!("{kind}: {name} has no gradient"));
            let sum = magnitude(grad);
            assert!(sum.is_finite() && sum > 0.0, "{kind}: {name} has the gradient {sum}");
        }
    }
}

#[test]
fn gradients_on_the_tape_agree_with_finite_differences() {
    for (kind, thumbnail) in [("kl", "yes"), ("kl", "no"), ("vq", "yes"), ("vq", "no")] {
        let thumbnail = format!("autoencoder_params.thumbnail={thumbnail}");
        let spec = spec(&small(kind, &[&thumbnail]));
        let (network, vars) = Autoencoder::fresh(&spec, 1, 0, &Device::Cpu).unwrap();
        let pictures = noise(&[1, 2], (3, 16, 16));
        let drawn = (kind == "kl").then(|| noise(&[3, 4], (3, 8, 8)));
        let loss = || {
            let pass = network.learning(&pictures, drawn.as_ref()).unwrap();
            let off = (&pass.reconstruction - &pictures).unwrap().sqr().unwrap();
            (off.mean((1, 2, 3)).unwrap() + pass.latent_loss).unwrap().sum_all().unwrap()
        };
        let (learned, tape) = record(loss);
        let mut grads = tape.backward(&learned).unwrap();
        // What is before a codebook learns by a detour that differences do not see.
        let decoder = ["decoder_conv_in.weight", "decoder_layers.0.up_sample_conv.weight"];
        let encoder = ["encoder_conv_in.weight", "encoder_layers.0.down_sample_conv.weight"];
        let names = decoder.iter().chain(encoder.iter().filter(|_| kind == "kl"));
        for name in names {
            let (var, grad) = (&vars[*name], grads.remove(&vars[*name]).unwrap());
            along(name, var, &grad, || f64::from(loss().to_scalar::<f32>().unwrap()));
        }
    }
}

/// Compares `grad` with a difference of `loss` along it, where that is largest against rounding.
fn along(name: &str, var: &Var, grad: &Tensor, loss: impl Fn() -> f64) {
    let square = f64::from(grad.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap());
    let width = 0.005 / square.sqrt().max(1e-3);
    let begin = var.as_tensor().copy().unwrap();
    let at = |side: f64| {
        var.set(&(&begin + (grad * (side * width)).unwrap()).unwrap()).unwrap();
        let value = loss();
        var.set(&begin).unwrap();
        value
    };
    let measured = (at(1.0) - at(-1.0)) / (2.0 * width);
    assert!((measured - square).abs() < 0.03 * square, "{name}: {measured} for {square}");
}

#[test]
fn the_judge_learns_with_every_weight_and_passes_gradients_to_pictures() {
    let spec = spec(&small("kl", &["autoencoder_params.disc_weight=1"]));
    let (judge, vars) = Discriminator::fresh(&spec, 1, 0, &Device::Cpu).unwrap();
    let pictures = Var::from_tensor(&noise(&[1, 2], (3, 16, 16))).unwrap();
    assert_eq!(judge.forward(&pictures).unwrap().dims(), [2, 1, 3, 3]);
    let grads = judge.error(&pictures, 1.0).unwrap().sum_all().unwrap().backward().unwrap();
    for (name, var) in &vars {
        assert!(magnitude(grads.get(var).unwrap()) > 0.0, "{name}");
    }
    assert!(magnitude(grads.get(&pictures).unwrap()) > 0.0);
    // What it says of a picture depends on no other.
    let both = judge.error(&pictures, 1.0).unwrap().to_vec1::<f32>().unwrap();
    let alone = judge.error(&pictures.narrow(0, 1, 1).unwrap(), 1.0).unwrap();
    assert_eq!(alone.to_vec1::<f32>().unwrap(), both[1..]);
}

#[test]
fn latents_are_smaller_by_the_factor_and_pictures_are_of_their_size_again() {
    let deep =
        ["autoencoder_params.down_channels=8, 8, 16", "autoencoder_params.down_sample=true, true"];
    for (kind, changes, factor) in [("kl", &[][..], 2), ("vq", &[], 2), ("kl", &deep, 4)] {
        let spec = spec(&small(kind, changes));
        let (network, _) = Autoencoder::fresh(&spec, 1, 0, &Device::Cpu).unwrap();
        let pictures = noise(&[1, 2], (3, 24, 16));
        for border in [Border::Zeros, Border::Opposite] {
            let latents = network.encode(&pictures, border).unwrap();
            assert_eq!(latents.dims(), [2, 3, 24 / factor, 16 / factor]);
            assert_eq!(network.decode(&latents, border).unwrap().dims(), [2, 3, 24, 16]);
        }
    }
}

#[test]
fn a_vq_decoder_hears_of_codes_alone() {
    let config = small("vq", &["autoencoder_params.codebook_size=2"]);
    let (network, _) = Autoencoder::fresh(&spec(&config), 1, 0, &Device::Cpu).unwrap();
    let latents = noise(&[1], (3, 8, 8));
    let moved = (&latents * 1.001).unwrap();
    let decoded = |latents: &Tensor| -> Vec<f32> {
        let pictures = network.decode(latents, Border::Zeros).unwrap();
        pictures.flatten_all().unwrap().to_vec1().unwrap()
    };
    assert_eq!(decoded(&latents), decoded(&moved));
    assert_ne!(decoded(&latents), decoded(&latents.neg().unwrap()));
}

#[test]
fn a_stopped_and_resumed_run_ends_with_the_bytes_of_one_that_was_not() {
    let judged = [
        "autoencoder_params.disc_weight=0.5",
        "train_params.accumulation_steps=2",
        "train_params.num_steps=7",
        "dataset_params.flip=both",
    ];
    for kind in ["kl", "vq"] {
        let (config, data) = (small(kind, &judged), textures(10, 16));
        let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let never = CancelToken::new();
        run(&config, &data, whole.path(), false, &never, 0).unwrap();
        // Before the judge begins, and after.
        for stop in [1, 5] {
            run(&config, &data, parts.path(), stop > 1, &CancelToken::new(), stop).unwrap();
        }
        run(&config, &data, parts.path(), true, &never, 0).unwrap();
        assert!(bytes_of_last(whole.path()) == bytes_of_last(parts.path()), "{kind}");
        let states = [whole, parts].map(|f| std::fs::read(f.path().join("state.safetensors")));
        let [whole, parts] = states.map(|bytes| bytes.unwrap());
        assert!(whole == parts, "{kind}");
    }
}

/// The weights after three steps on 30 images, of which the last two are judged, all at once or fewer at a time.
fn weights(kind: &str, batch_size: usize, threads: usize) -> Vec<Vec<f32>> {
    let changes = [
        "autoencoder_params.disc_weight=0.5",
        "autoencoder_params.disc_start=1",
        "train_params.num_steps=3",
        &format!("train_params.batch_size={batch_size}"),
        &format!("train_params.accumulation_steps={}", 30 / batch_size),
    ];
    let (config, data) = (small(kind, &changes), textures(30, 16));
    let folder = tempfile::tempdir().unwrap();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| run(&config, &data, folder.path(), false, &CancelToken::new(), 0)).unwrap();
    let checkpoint = latest_checkpoint(folder.path()).unwrap().unwrap();
    let weights = Checkpoint::load(&checkpoint).unwrap().weights.into_values();
    weights.map(|w| w.flatten_all().unwrap().to_vec1().unwrap()).collect()
}

#[test]
fn learning_ends_with_the_same_bits_on_any_number_of_threads_and_by_parts() {
    for kind in ["kl", "vq"] {
        let alone = weights(kind, 30, 1);
        assert!(alone.iter().flatten().all(|number| number.is_finite()));
        for threads in [2, 3] {
            assert!(alone == weights(kind, 30, threads), "{kind}, {threads} threads");
        }
        // A shard has fifteen.
        assert!(alone == weights(kind, 15, 2), "{kind}, by parts");
    }
}

/// What a run told.
#[derive(Default)]
struct Told {
    losses: Vec<f32>,
    validations: Vec<(f32, Option<f32>)>,
    samples: Vec<(Vec<Picture>, usize)>,
}

fn told(config: &ValidConfig, data: &ImageSet, folder: &std::path::Path) -> Told {
    let mut told = Told::default();
    let request = TrainRequest {
        config,
        data,
        autoencoder: None,
        begin_from: None,
        device: &Device::Cpu,
        folder,
        resume: false,
        samples_missing: false,
        control: &Control::new(),
    };
    train(&request, &CancelToken::new(), &mut |event| {
        match event {
            TrainEvent::Step(figures) => told.losses.push(figures.loss),
            TrainEvent::Validation { loss, ema_loss, .. } => {
                told.validations.push((loss, ema_loss));
            }
            TrainEvent::Samples { pictures, columns, .. } => {
                told.samples.push((pictures.to_vec(), columns));
            }
            _ => {}
        }
        Ok(())
    })
    .unwrap();
    told
}

/// The mean square of the difference of two pictures' pixels, 0 to 1.
fn error(a: &Picture, b: &Picture) -> f64 {
    let square = |(a, b): (&u8, &u8)| (f64::from(a.abs_diff(*b)) / 255.0).powi(2);
    a.pixels.iter().zip(&b.pixels).map(square).sum::<f64>() / a.pixels.len() as f64
}

#[test]
fn reconstructions_of_textures_come_near_their_originals() {
    let recipe = [
        "train_params.num_steps=250",
        "train_params.batch_size=8",
        "train_params.lr=0.004",
        "train_params.checkpoint_every=125",
        "train_params.num_samples=8",
        "train_params.num_grid_rows=3",
        "train_params.validation_share=0.2",
        "autoencoder_params.disc_start=150",
        "autoencoder_params.codebook_size=64",
    ];
    // The share of a gray picture's error that is left: latents that are one of 64 codes tell less.
    for (kind, judge, share) in [("kl", "0.05", 0.35), ("vq", "0", 0.5)] {
        let judge = format!("autoencoder_params.disc_weight={judge}");
        let config = small(kind, &[&recipe[..], &[&judge]].concat());
        let (data, folder) = (textures(60, 16), tempfile::tempdir().unwrap());
        let told = told(&config, &data, folder.path());
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let (first, last) = (mean(&told.losses[..5]), mean(&told.losses[240..]));
        assert!(last < 0.5 * first, "{kind}: from {first} to {last}");
        let (first, last) = (told.validations[0], told.validations[1]);
        assert!(last.0 < first.0 && last.1.unwrap() > 0.0, "{kind}: {first:?} {last:?}");
        let (pictures, columns) = told.samples.last().unwrap();
        assert_eq!((pictures.len(), *columns), (8, 4), "an original beside each reconstruction");
        let off: f64 = pictures.chunks_exact(2).map(|pair| error(&pair[0], &pair[1])).sum();
        let gray = |picture: &Picture| error(picture, &Picture::filled(16, 16, 3, 128));
        let blind: f64 = pictures.iter().step_by(2).map(gray).sum();
        assert!(off < share * blind, "{kind}: {off} where gray has {blind}");
    }
}

#[test]
fn an_autoencoder_is_told_by_its_header_and_draws_nothing() {
    let (config, data) = (small("vq", &[]), textures(10, 16));
    let folder = tempfile::tempdir().unwrap();
    run(&config, &data, folder.path(), false, &CancelToken::new(), 0).unwrap();
    let path = latest_checkpoint(folder.path()).unwrap().unwrap();
    let header = Header::read(&path).unwrap();
    assert!(header.is_autoencoder() && header.latents.is_none());
    assert_eq!(header.config.autoencoder_params.kind, AutoencoderKind::Vq);
    let checkpoint = Checkpoint::load(&path).unwrap();
    let numbers: usize = checkpoint.weights.values().map(Tensor::elem_count).sum();
    assert_eq!(header.weights, numbers as u64);
    assert!(checkpoint.weights.keys().all(|name| !name.contains("discriminator")));
    let message = Model::new(&checkpoint, &Device::Cpu).unwrap_err().to_string();
    assert_eq!(message, "an autoencoder draws nothing by itself; train latent diffusion on it");
}

#[test]
fn a_run_that_runs_away_is_taken_back_once_and_then_ended() {
    let config = small("kl", &["train_params.lr=1", "train_params.num_steps=200"]);
    let (data, folder) = (textures(10, 16), tempfile::tempdir().unwrap());
    let end = run(&config, &data, folder.path(), false, &CancelToken::new(), 0);
    let Err(Error::Diverged(message)) = end else { panic!("{end:?}") };
    assert!(message.contains("training ran away again at half the rate"), "{message}");
}
