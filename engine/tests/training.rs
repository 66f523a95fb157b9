//! Training from the outside: what it learns, what it writes, how it stops and goes on.

use std::path::Path;

use candle_core::{DType, Device, Tensor};
use engine::checkpoint::Checkpoint;
use engine::config::{Prompt, RunConfig, SamplerKind, Sampling, ValidConfig};
use engine::data::ImageSet;
use engine::grid::Picture;
use engine::noise::{Stream, gaussian_images};
use engine::sampler::{Guidance, SampleRequest, sample};
use engine::train::{TrainEnd, TrainEvent, TrainRequest, Trainer, checkpoints, train};
use engine::unet::UNet;
use engine::{CancelToken, Error};

/// A network small enough to train in a test, changed by `key=value`.
fn tiny(changes: &[&str]) -> ValidConfig {
    let mut config = RunConfig::default();
    let base = [
        "model_params.im_size=8",
        "model_params.down_channels=8, 16",
        "model_params.mid_channels=16, 8",
        "model_params.down_sample=true",
        "model_params.time_emb_dim=16",
        "model_params.num_down_layers=1",
        "model_params.num_mid_layers=1",
        "model_params.num_up_layers=1",
        "diffusion_params.num_timesteps=50",
        "train_params.batch_size=4",
        "train_params.num_steps=6",
        "train_params.lr=0.002",
        "train_params.ema_decay=0.9",
        "train_params.num_samples=2",
        "train_params.sample_steps=3",
        "train_params.checkpoint_every=4",
    ];
    for change in base.iter().chain(changes) {
        let (key, value) = change.split_once('=').unwrap();
        config.set(key, value).unwrap();
    }
    config.validate().unwrap()
}

/// Bright and dark halves, upright or lying.
fn stripes(count: usize) -> ImageSet {
    let image =
        |i: usize| {
            (0..64).map(move |at| {
                if (if i.is_multiple_of(2) { at % 8 } else { at / 8 }) < 4 { 230 } else { 20 }
            })
        };
    ImageSet {
        width: 8,
        height: 8,
        channels: 1,
        pixels: (0..count).flat_map(image).collect(),
        labels: (0..count).map(|i| (i % 2) as u32).collect(),
        classes: vec!["upright".into(), "lying".into()],
    }
}

fn run(
    config: &ValidConfig,
    data: &ImageSet,
    folder: &Path,
    resume: bool,
    cancel: &CancelToken,
    stop_after: u64,
) -> engine::Result<TrainEnd> {
    let request = TrainRequest { config, data, device: &Device::Cpu, folder, resume };
    train(&request, cancel, &mut |event| {
        if let TrainEvent::Step(figures) = event
            && figures.step == stop_after
        {
            cancel.cancel();
        }
        Ok(())
    })
}

fn advance(trainer: &mut Trainer, steps: usize) {
    for _ in 0..steps {
        trainer.step().unwrap();
    }
}

fn bytes_of_last(folder: &Path) -> (u64, Vec<u8>) {
    let (step, path) = checkpoints(folder).unwrap().pop().unwrap();
    (step, std::fs::read(path).unwrap())
}

#[test]
fn a_stopped_and_resumed_run_ends_with_the_bytes_of_one_that_was_not() {
    let (config, data) = (tiny(&[]), stripes(10));
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let never = CancelToken::new();
    let end = run(&config, &data, whole.path(), false, &never, 0).unwrap();
    assert_eq!(end, TrainEnd::Finished { step: 6 });
    // Stopped within an epoch, and with an epoch's end (step 3) behind it.
    let end = run(&config, &data, parts.path(), false, &CancelToken::new(), 5).unwrap();
    assert_eq!(end, TrainEnd::Stopped { step: 5 });
    run(&config, &data, parts.path(), true, &never, 0).unwrap();
    assert!(bytes_of_last(whole.path()) == bytes_of_last(parts.path()));
    assert_eq!(bytes_of_last(whole.path()).0, 6);
}

#[test]
fn the_loss_falls_and_every_step_is_reported() {
    let config = tiny(&["train_params.num_steps=150", "train_params.batch_size=8"]);
    let (data, folder) = (stripes(16), tempfile::tempdir().unwrap());
    let mut losses = Vec::new();
    let (mut samples, mut saved) = (0, Vec::new());
    let request = TrainRequest {
        config: &config,
        data: &data,
        device: &Device::Cpu,
        folder: folder.path(),
        resume: false,
    };
    train(&request, &CancelToken::new(), &mut |event| {
        match event {
            TrainEvent::Step(figures) => {
                assert_eq!(figures.step, losses.len() as u64 + 1);
                assert_eq!(figures.epoch, (figures.step - 1) / 2 + 1);
                let share: f32 = figures.buckets.iter().flatten().sum();
                assert!(share > 0.0);
                losses.push(figures.loss);
            }
            TrainEvent::Samples { pictures, .. } => samples += pictures.len(),
            TrainEvent::Checkpoint { step, .. } => saved.push(step),
            TrainEvent::Started { total_steps, .. } => assert_eq!(total_steps, 150),
        }
        Ok(())
    })
    .unwrap();
    let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
    assert!(mean(&losses[130..]) < 0.6 * mean(&losses[..10]), "{losses:?}");
    assert_eq!(saved.len(), 38, "every fourth step and the last: {saved:?}");
    assert_eq!(samples, 2 * 38);
    assert!(folder.path().join("config.yaml").exists());
}

#[test]
fn every_target_weighting_and_schedule_learns() {
    let variants: &[&[&str]] = &[
        &[
            "diffusion_params.prediction_type=v_prediction",
            "diffusion_params.rescale_zero_snr=true",
        ],
        &["diffusion_params.prediction_type=sample", "train_params.loss_weighting=min_snr"],
        &["train_params.loss_weighting=soft_min_snr", "diffusion_params.beta_schedule=cosine"],
        &["train_params.offset_noise=0.1", "train_params.timestep_sampling=stratified"],
        &[
            "train_params.weight_decay=0.01",
            "dataset_params.flip=both",
            "dataset_params.rotate=true",
        ],
        &["model_params.num_classes=2", "train_params.lr_schedule=0.004:100, 0.001"],
    ];
    for changes in variants {
        let steps = ["train_params.num_steps=150", "train_params.batch_size=8"];
        let config = tiny(&[&steps, *changes].concat());
        let data = stripes(16);
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        let losses: Vec<f32> = (0..150).map(|_| trainer.step().unwrap().loss).collect();
        let mean = |part: &[f32]| part.iter().sum::<f32>() / part.len() as f32;
        let (first, last) = (mean(&losses[..10]), mean(&losses[130..]));
        assert!(last < 0.75 * first, "{changes:?}: from {first} to {last}");
    }
}

#[test]
fn classes_are_learned_apart() {
    let changes = [
        "model_params.num_classes=2",
        "diffusion_params.beta_schedule=cosine",
        "train_params.num_steps=300",
        "train_params.batch_size=8",
        "train_params.lr=0.004",
    ];
    let (config, data) = (tiny(&changes), stripes(16));
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    advance(&mut trainer, 300);
    let model = trainer.model().unwrap();
    // How bright the left half is, less the upper half: positive for upright stripes.
    let leaning = |picture: &Picture| {
        let sum = |side: &dyn Fn(usize) -> bool| {
            let bright = |at: &usize| side(*at);
            (0..64).filter(bright).map(|at| i32::from(picture.pixels[at])).sum::<i32>()
        };
        sum(&|at| at % 8 < 4) - sum(&|at| at / 8 < 4)
    };
    for (class, sign) in [(0, 1), (1, -1)] {
        let request = SampleRequest {
            guidance: Guidance {
                prompts: vec![Prompt::of_class(class); 8],
                scale: 2.0,
                ..Guidance::default()
            },
            ..SampleRequest::new(Sampling::new(SamplerKind::Ddim, 20), (0..8).collect(), (8, 8))
        };
        let pictures = sample(&model, &request, &CancelToken::new(), &mut |_| Ok(())).unwrap();
        let right = pictures.iter().filter(|picture| leaning(picture) * sign > 1000).count();
        assert!(right >= 7, "class {class}: {right} of 8");
    }
}

#[test]
fn accumulated_batches_are_as_good_as_one_large_batch() {
    let weights = |changes: &[&str]| {
        let (config, data) = (tiny(changes), stripes(24));
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        let losses: Vec<f32> = (0..3).map(|_| trainer.step().unwrap().loss).collect();
        (losses, trainer.checkpoint().weights)
    };
    let (losses, whole) = weights(&["train_params.batch_size=8"]);
    let (again, parts) =
        weights(&["train_params.batch_size=4", "train_params.accumulation_steps=2"]);
    for (a, b) in losses.iter().zip(&again) {
        assert!((a - b).abs() < 1e-5, "{losses:?} {again:?}");
    }
    for (name, tensor) in &whole {
        let off = (tensor - &parts[name]).unwrap().abs().unwrap().flatten_all().unwrap();
        let off = off.max(0).unwrap().to_scalar::<f32>().unwrap();
        // A gradient that rounds around zero moves Adam's step by up to the rate, each of 3 times.
        assert!(off < 3.0 * 0.0021, "{name}: {off}");
    }
}

#[test]
fn weight_decay_draws_matrices_to_zero_and_spares_the_rest() {
    let norms = |decay: &str| {
        let (config, data) = (tiny(&[decay, "train_params.lr=0.001"]), stripes(8));
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        advance(&mut trainer, 6);
        let weights = trainer.checkpoint().weights;
        let norm = |name: &str| {
            weights[name].sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap()
        };
        ["conv_in.weight", "t_proj.0.weight", "norm_out.weight"].map(norm)
    };
    let (free, drawn) =
        (norms("train_params.weight_decay=0"), norms("train_params.weight_decay=1"));
    assert!(drawn[0] < free[0] && drawn[1] < free[1], "{free:?} {drawn:?}");
    assert!((drawn[2] - free[2]).abs() < 0.01 * free[2], "{free:?} {drawn:?}");
}

#[test]
fn the_last_partial_batch_is_kept() {
    let (config, data) =
        (tiny(&["train_params.num_steps=0", "train_params.num_epochs=1"]), stripes(10));
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    assert_eq!(trainer.total_steps(), 3);
    let sizes: Vec<usize> = (0..3).map(|_| trainer.step().unwrap().images).collect();
    assert_eq!(sizes, [4, 4, 2]);
}

#[test]
fn a_run_that_runs_away_stops_and_keeps_the_last_good_checkpoint() {
    let changes = ["train_params.num_steps=8", "train_params.checkpoint_every=3"];
    let (config, data, folder) = (tiny(&changes), stripes(10), tempfile::tempdir().unwrap());
    run(&config, &data, folder.path(), false, &CancelToken::new(), 4).unwrap();
    // What a rate far too high ends in: one weight that is not a number.
    poison(&folder.path().join("state.safetensors"));
    let error = run(&config, &data, folder.path(), true, &CancelToken::new(), 0).unwrap_err();
    let message = error.to_string();
    assert!(matches!(error, Error::Diverged(_)), "{message}");
    assert!(message.contains("not a number any more at step 5"), "{message}");
    assert!(message.contains("the checkpoint of step 4 is kept"), "{message}");
    assert!(message.contains("train_params.lr below 0.002"), "{message}");
    let (step, path) = checkpoints(folder.path()).unwrap().pop().unwrap();
    assert_eq!(step, 4);
    Checkpoint::load(&path).unwrap();
}

/// Makes the last number of a safetensors file NaN.
fn poison(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&f32::NAN.to_le_bytes());
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn every_weight_receives_a_gradient_in_every_preset() {
    for (name, classes) in [("small", 0), ("small", 4), ("reference", 0), ("rgb", 0)] {
        let mut config = RunConfig::preset(name).unwrap();
        config.model_params.num_classes = classes;
        config.set("model_params.im_size", "8").unwrap();
        let model = &config.model_params;
        let (unet, vars) = UNet::fresh(model, 1, &Device::Cpu).unwrap();
        let shape = (model.im_channels, 8, 8);
        let x = gaussian_images(&[1, 2], Stream::Start, 0, shape, &Device::Cpu).unwrap();
        let rows = Tensor::ones((2, classes.max(1)), DType::F32, &Device::Cpu).unwrap();
        let answer = unet.forward(&x, &[3.0, 700.0], Some(&rows)).unwrap();
        let loss = answer.sqr().unwrap().mean_all().unwrap();
        let grads = loss.backward().unwrap();
        for (weight, var) in &vars {
            let grad = grads.get(var).unwrap_or_else(|| panic!("{name}: {weight} has no gradient"));
            let sum = grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
            assert!(sum.is_finite() && sum > 0.0, "{name}: {weight} has the gradient {sum}");
        }
    }
}

#[test]
fn gradients_agree_with_finite_differences() {
    let config = tiny(&["model_params.norm_groups=4"]);
    let (unet, vars) = UNet::fresh(&config.model_params, 3, &Device::Cpu).unwrap();
    let x = gaussian_images(&[1, 2, 3], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap();
    let loss = || {
        let eps = unet.forward(&x, &[0.0, 20.0, 49.0], None).unwrap();
        eps.sqr().unwrap().mean_all().unwrap()
    };
    let grads = loss().backward().unwrap();
    for name in [
        "conv_in.weight",
        "downs.0.down_sample_conv.weight",
        "ups.0.up_sample_conv.weight",
        "mids.0.attentions.0.in_proj_weight",
        "norm_out.weight",
        "t_proj.0.weight",
    ] {
        let var = &vars[name];
        let grad = grads.get(var).unwrap();
        // Along the gradient itself, where the difference is largest against rounding.
        let norm = grad.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap().sqrt();
        let width = 0.005f64 / f64::from(norm).max(1e-3);
        let begin = var.as_tensor().copy().unwrap();
        let at = |side: f64| -> f64 {
            let moved: Tensor = (&begin + (grad * (side * width)).unwrap()).unwrap();
            var.set(&moved).unwrap();
            let value = f64::from(loss().to_scalar::<f32>().unwrap());
            var.set(&begin).unwrap();
            value
        };
        let measured = (at(1.0) - at(-1.0)) / (2.0 * width);
        let wanted = f64::from(norm).powi(2);
        assert!((measured - wanted).abs() < 0.02 * wanted, "{name}: {measured} for {wanted}");
    }
}

#[test]
fn images_that_do_not_fit_are_told_by_field() {
    let error = |changes: &[&str]| {
        let (config, data) = (tiny(changes), stripes(4));
        Trainer::new(&config, &data, &Device::Cpu).unwrap_err().to_string()
    };
    assert!(
        error(&["model_params.im_channels=3"])
            .starts_with("model_params.im_channels: 3 does not fit")
    );
    assert!(error(&["model_params.num_classes=3"]).contains("give 2, or 0 to train without"));
    assert!(
        error(&["model_params.im_size=16"]).starts_with("model_params.im_size: 16 does not fit")
    );
}
