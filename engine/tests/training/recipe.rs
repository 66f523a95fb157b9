//! The settings of a recipe, by numbers.

use candle_core::{Device, Tensor};
use engine::CancelToken;
use engine::noise::{Stream, gaussian_images};
use engine::train::{TrainEnd, Trainer};
use engine::unet::{Dropout, Told, UNet, Weights};

use crate::fixture::{advance, bytes_of_last, run, stripes, tiny};

fn numbers(weights: &Weights, name: &str) -> Vec<f32> {
    weights[name].flatten_all().unwrap().to_vec1().unwrap()
}

#[test]
fn all_that_is_random_in_a_recipe_follows_from_seed_and_step() {
    let config = tiny(&[
        "train_params.dropout=0.2",
        "diffusion_params.num_timesteps=3",
        "train_params.timestep_sampling=importance",
        "train_params.num_steps=12",
        "train_params.accumulation_steps=2",
        "dataset_params.crop=0.3",
        "dataset_params.colour_jitter=0.2",
        "dataset_params.flip=both",
        "dataset_params.augment_probability=0.3",
        "dataset_params.cutout=0.3",
        "model_params.zero_init=true",
        "train_params.ema_half_life=20",
    ]);
    let data = stripes(20);
    let (whole, parts) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let never = CancelToken::new();
    run(&config, &data, whole.path(), false, &never, 0).unwrap();
    let end = run(&config, &data, parts.path(), false, &CancelToken::new(), 9).unwrap();
    assert_eq!(end, TrainEnd::Stopped { step: 9 });
    run(&config, &data, parts.path(), true, &never, 0).unwrap();
    assert!(bytes_of_last(whole.path()) == bytes_of_last(parts.path()));
}

#[test]
fn the_average_keeps_the_share_that_its_settings_say() {
    let kept = |changes: &[&str]| {
        let (config, data) = (tiny(changes), stripes(8));
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        let first = numbers(&trainer.checkpoint().weights, "conv_in.weight")[3];
        advance(&mut trainer, 1);
        let checkpoint = trainer.checkpoint();
        let new = numbers(&checkpoint.weights, "conv_in.weight")[3];
        let average = numbers(&checkpoint.ema.unwrap(), "conv_in.weight")[3];
        f64::from((average - new) / (first - new))
    };
    let close = |a: f64, b: f64| assert!((a - b).abs() < 1e-3, "{a} {b}");
    close(kept(&["train_params.ema_decay=0.9"]), 2.0 / 11.0);
    close(kept(&["train_params.ema_decay=0.9", "train_params.ema_warmup=false"]), 0.9);
    // Four images a step: after eight, two steps later, a weight counts half.
    let half_life = ["train_params.ema_half_life=8", "train_params.ema_warmup=false"];
    close(kept(&half_life), 0.5f64.sqrt());
    assert!(tiny(&["train_params.ema_decay=0"]).train_params.average_decay().is_none());
}

#[test]
fn biases_and_norms_decay_only_when_told() {
    let norm = |decay_norms: &str| {
        let changes = ["train_params.weight_decay=1", "train_params.lr=0.01", decay_norms];
        let (config, data) = (tiny(&changes), stripes(8));
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        advance(&mut trainer, 6);
        let weights = trainer.checkpoint().weights;
        numbers(&weights, "norm_out.weight").iter().sum::<f32>() / 16.0
    };
    let spared = norm("train_params.decay_norms=false");
    let drawn = norm("train_params.decay_norms=true");
    // Six times a hundredth of it is taken away.
    assert!((drawn / spared - 0.99f32.powi(6)).abs() < 0.01, "{spared} {drawn}");
}

#[test]
fn a_network_that_begins_with_zeros_tells_zero_and_learns_with_every_weight() {
    let config = tiny(&["model_params.zero_init=true", "model_params.norm_groups=4"]);
    let data = stripes(8);
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    // The trainer changes its weights where they lie.
    let copy = |(name, weight): (String, Tensor)| (name, weight.copy().unwrap());
    let first: Weights = trainer.checkpoint().weights.into_iter().map(copy).collect();
    let unet = UNet::from_weights(&config.model_params, &first).unwrap();
    let x = gaussian_images(&[1, 2], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap();
    let answer = unet.forward(&x, &[3.0, 40.0], None).unwrap().abs().unwrap();
    assert_eq!(answer.max_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
    for name in [
        "downs.0.resnet_conv_second.0.2.weight",
        "mids.0.attentions.0.out_proj.weight",
        "conv_out.bias",
    ] {
        assert!(numbers(&first, name).iter().all(|&x| x == 0.0), "{name}");
    }
    assert!(numbers(&first, "downs.0.resnet_conv_first.0.2.weight").iter().all(|&x| x != 0.0));
    // The zeros give way from the last layer to the first, one step each.
    advance(&mut trainer, 6);
    for (name, weight) in trainer.checkpoint().weights {
        let moved = (&weight - &first[&name]).unwrap().abs().unwrap().sum_all().unwrap();
        assert!(moved.to_scalar::<f32>().unwrap() > 0.0, "{name} did not move");
    }
}

#[test]
fn dropout_changes_the_answer_while_learning_and_lets_every_gradient_through() {
    let config = tiny(&["model_params.norm_groups=4"]);
    let (unet, vars) = UNet::fresh(&config.model_params, 1, &Device::Cpu).unwrap();
    let x = gaussian_images(&[1, 2], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap();
    let times = [3.0, 40.0];
    let answer = |dropout: Option<&Dropout>| -> Tensor {
        unet.learning(&x, &times, Told::default(), dropout).unwrap()
    };
    let flat = |x: &Tensor| x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
    let whole = flat(&unet.forward(&x, &times, None).unwrap());
    assert_eq!(flat(&answer(None)), whole);
    let left_out = answer(Some(&Dropout::new(0.3, 1, 1, 0)));
    assert_ne!(flat(&left_out), whole);
    assert_eq!(flat(&answer(Some(&Dropout::new(0.3, 1, 1, 0)))), flat(&left_out));
    let grads = left_out.sqr().unwrap().mean_all().unwrap().backward().unwrap();
    for (name, var) in &vars {
        let grad = grads.get(var).unwrap_or_else(|| panic!("{name} has no gradient"));
        let sum = grad.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(sum.is_finite() && sum > 0.0, "{name} has the gradient {sum}");
    }
}

#[test]
fn the_loss_told_does_not_depend_on_which_timesteps_are_drawn_more_often() {
    let told = |sampling: &str| {
        let config = tiny(&[
            "diffusion_params.num_timesteps=20",
            "train_params.loss_weighting=min_snr",
            "train_params.batch_size=32",
            "train_params.lr=0.00000001",
            sampling,
        ]);
        let data = stripes(32);
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        // Until each timestep has its ten losses, all are drawn alike.
        advance(&mut trainer, 30);
        (0..60).map(|_| trainer.step().unwrap().loss).sum::<f32>() / 60.0
    };
    let uniform = told("train_params.timestep_sampling=uniform");
    let importance = told("train_params.timestep_sampling=importance");
    assert!((importance / uniform - 1.0).abs() < 0.05, "{importance} and {uniform}");
}
