//! What a network learns by each recipe.

use candle_core::Device;
use engine::CancelToken;
use engine::config::{Prompt, SamplerKind, Sampling};
use engine::grid::Picture;
use engine::sampler::{Guidance, SampleRequest, sample};
use engine::train::Trainer;

use crate::fixture::{advance, stripes, tiny};

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
        &["model_params.down_sample_kind=pool"],
        &["train_params.dropout=0.1", "model_params.zero_init=true"],
        &["train_params.timestep_sampling=importance", "diffusion_params.num_timesteps=20"],
        &["dataset_params.crop=0.2", "dataset_params.colour_jitter=0.2"],
        &["dataset_params.augment_probability=0.15"],
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
