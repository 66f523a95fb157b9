//! The way back that training takes.

use candle_core::{Device, Tensor};
use engine::config::RunConfig;
use engine::kernels::record;
use engine::noise::{Stream, gaussian_images};
use engine::train::Trainer;
use engine::unet::{Dropout, Told, UNet};

use crate::fixture::{stripes, tiny};

/// Between the operations that the tape knows stand others: every path must be found.
#[test]
fn gradients_on_the_tape_are_those_of_candles_graph() {
    let mut config = RunConfig::preset("small").unwrap();
    for (key, value) in [("model_params.im_size", "8"), ("model_params.num_classes", "3")] {
        config.set(key, value).unwrap();
    }
    for change in ["augment_probability", "cutout"] {
        config.set(&format!("dataset_params.{change}"), "0.1").unwrap();
    }
    let (unet, vars) = UNet::fresh(&config.network(), 1, &Device::Cpu).unwrap();
    let x = gaussian_images(&[1, 2, 3], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap();
    let classes = Tensor::new(&[[1f32, 0.0, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 0.0]], x.device());
    let classes = classes.unwrap();
    let warps = Tensor::full(0.5f32, (3, 9), x.device()).unwrap();
    let cutouts = Tensor::full(0.5f32, (3, 3), x.device()).unwrap();
    let told = Told { classes: Some(&classes), warps: Some(&warps), cutouts: Some(&cutouts) };
    let loss = || -> Tensor {
        let dropout = Dropout::new(0.1, 1, 1, 0);
        let times = [3.0, 500.0, 900.0];
        let answer = unet.learning(&x, &times, told, Some(&dropout)).unwrap();
        answer.sqr().unwrap().mean_all().unwrap()
    };
    let wanted = loss().backward().unwrap();
    let (loss, tape) = record(loss);
    let mut grads = tape.backward(&loss).unwrap();
    for (name, var) in &vars {
        let (grad, wanted) = (grads.remove(var).unwrap(), wanted.get(var).unwrap());
        let most = |t: &Tensor| -> f32 {
            t.abs().unwrap().flatten_all().unwrap().max(0).unwrap().to_scalar().unwrap()
        };
        let error = most(&(&grad - wanted).unwrap());
        assert!(error < 1e-5 * most(wanted).max(1e-3), "{name} is off by {error}");
    }
}

/// The weights after three steps on so many images, all at once or fewer at a time.
fn weights(images: usize, batch_size: usize, threads: usize) -> Vec<Vec<f32>> {
    let accumulated = images / batch_size;
    let config = tiny(&[
        "train_params.dropout=0.1",
        &format!("train_params.batch_size={batch_size}"),
        &format!("train_params.accumulation_steps={accumulated}"),
    ]);
    let data = stripes(images);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
        for _ in 0..3 {
            trainer.step().unwrap();
        }
        let weights = trainer.checkpoint().weights.into_values();
        let numbers = |w: Tensor| w.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        weights.map(numbers).collect()
    })
}

#[test]
fn training_ends_with_the_same_bits_on_any_number_of_threads() {
    for images in [8, 64] {
        let alone = weights(images, images, 1);
        // Six are two teams of three, eight are four of two.
        for threads in [2, 3, 4, 6, 8] {
            assert!(
                alone == weights(images, images, threads),
                "{images} images, {threads} threads"
            );
        }
    }
}

/// Threads take 15 images each.
#[test]
fn a_batch_is_learned_from_as_its_parts_are_one_after_the_other() {
    assert!(weights(30, 30, 2) == weights(30, 15, 1));
}
