//! Training in bf16 beside training in f32. A program of its own: the precision is the program's.

use candle_core::Device;
use engine::config::RunConfig;
use engine::data::ImageSet;
use engine::kernels::Precision;
use engine::train::Trainer;

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
    let (exact, rounded) = (curve(Precision::F32), curve(Precision::Bf16));
    assert_ne!(exact, rounded);
    assert!(exact[9] < 0.5 * exact[0], "{exact:?}");
    for (exact, rounded) in exact.iter().zip(&rounded) {
        assert!((exact - rounded).abs() < 0.05 * exact, "{exact} in f32, {rounded} in bf16");
    }
}
