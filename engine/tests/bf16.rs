//! Training and drawing in bf16 beside the same in f32. A program of its own: the precision is the
//! program's.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use candle_core::Device;
use engine::CancelToken;
use engine::checkpoint::Checkpoint;
use engine::config::{self, RunConfig, SamplerKind, Sampling};
use engine::data::ImageSet;
use engine::grid::Picture;
use engine::kernels::{Pairs, Precision};
use engine::model::Model;
use engine::sampler::{SampleRequest, sample};
use engine::train::Trainer;

/// One test has the precision at a time.
static PROGRAM: Mutex<()> = Mutex::new(());

/// Bright discs of two sizes on black, with a little noise between them.
fn discs() -> ImageSet {
    let pixel = |at: usize| {
        let (image, x, y) = (at / 64, at % 8, at / 8 % 8);
        let (dx, dy) = (x as f32 - 3.5, y as f32 - 3.5);
        let radius = if image.is_multiple_of(2) { 2.0 } else { 3.5 };
        let inside = dx.hypot(dy) < radius;
        (if inside { 220 } else { 20 }) + (at * 7919 % 23) as u8
    };
    ImageSet {
        width: 8,
        height: 8,
        channels: 1,
        pixels: (0..64 * 64).map(pixel).collect(),
        labels: vec![0; 64],
        classes: Vec::new(),
    }
}

/// The loss of each of the first 100 steps, averaged over ten.
fn curve(precision: Precision) -> Vec<f32> {
    precision.choose();
    let mut config = RunConfig::preset("small").unwrap();
    for (key, value) in [
        ("model_params.im_size", "8"),
        ("train_params.batch_size", "8"),
        ("train_params.num_steps", "100"),
        ("train_params.lr", "0.001"),
    ] {
        config.set(key, value).unwrap();
    }
    let config = config.validate().unwrap();
    let data = discs();
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    let losses: Vec<f32> = (0..100).map(|_| trainer.step().unwrap().loss).collect();
    losses.chunks(10).map(|ten| ten.iter().sum::<f32>() / 10.0).collect()
}

#[test]
fn the_loss_in_bf16_stays_on_that_in_f32() {
    let _alone = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
    let (exact, rounded) = (curve(Precision::F32), curve(Precision::Bf16));
    assert_ne!(exact, rounded);
    assert!(exact[9] < 0.5 * exact[0], "{exact:?}");
    for (exact, rounded) in exact.iter().zip(&rounded) {
        assert!((exact - rounded).abs() < 0.05 * exact, "{exact} in f32, {rounded} in bf16");
    }
}

/// Pictures of these seeds, and the precision while they were drawn and after.
fn drawn(seeds: &[u64], precision: config::Precision) -> (Vec<Picture>, Precision, Precision) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/unet-reference-1");
    let [weights, config] = ["ddpm_ckpt.pth", "config.yaml"].map(|name| cases.join(name));
    let checkpoint = Checkpoint::load_reference(&weights, &config).unwrap();
    let model = Model::new(&checkpoint, &Device::Cpu).unwrap();
    let sampling = Sampling { precision, ..Sampling::new(SamplerKind::Ddim, 10) };
    let request = SampleRequest::new(sampling, seeds.to_vec(), (12, 12));
    let mut between = None;
    let pictures = sample(&model, &request, &CancelToken::new(), &mut |_| {
        between = Some(Precision::current());
        Ok(())
    });
    (pictures.unwrap(), between.unwrap(), Precision::current())
}

/// The largest and the mean difference of their pixels.
fn apart(a: &[Picture], b: &[Picture]) -> (u8, f64) {
    let pairs = a.iter().zip(b).flat_map(|(a, b)| a.pixels.iter().zip(&b.pixels));
    let differences: Vec<u8> = pairs.map(|(a, b)| a.abs_diff(*b)).collect();
    let sum: f64 = differences.iter().map(|difference| f64::from(*difference)).sum();
    (differences.iter().copied().max().unwrap(), sum / differences.len() as f64)
}

#[test]
fn a_picture_in_bf16_is_nearly_that_in_f32_and_the_same_in_any_batch() {
    let _alone = PROGRAM.lock().unwrap_or_else(PoisonError::into_inner);
    let seeds = [1, 2, 3, 4, 5];
    let (exact, ..) = drawn(&seeds, config::Precision::F32);
    let (rounded, between, after) = drawn(&seeds, config::Precision::Bf16);
    let (most, mean) = apart(&rounded, &exact);
    assert!(most > 0 || Pairs::current() == Pairs::Absent, "nothing was rounded");
    assert!(most < 32 && mean < 1.0, "{most} of 255 at most, {mean} in the mean");
    // Only passes of the network are in bf16.
    assert_eq!((between, after), (Precision::F32, Precision::F32));
    assert!(drawn(&seeds, config::Precision::F32).0 == exact);
    assert!(drawn(&seeds[3..4], config::Precision::Bf16).0 == rounded[3..4]);
}
