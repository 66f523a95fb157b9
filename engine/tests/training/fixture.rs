//! A network, images and runs small enough for a test.

use std::path::Path;

use candle_core::Device;
use engine::CancelToken;
use engine::config::{RunConfig, ValidConfig};
use engine::data::ImageSet;
use engine::train::{Control, TrainEnd, TrainEvent, TrainRequest, Trainer, checkpoints, train};

/// A network small enough to train in a test, changed by `key=value`.
pub fn tiny(changes: &[&str]) -> ValidConfig {
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
pub fn stripes(count: usize) -> ImageSet {
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

/// A fresh run of pixels, on the processor.
pub fn request<'a>(
    config: &'a ValidConfig,
    data: &'a ImageSet,
    folder: &'a Path,
    control: &'a Control,
) -> TrainRequest<'a> {
    TrainRequest {
        config,
        data,
        autoencoder: None,
        begin_from: None,
        device: &Device::Cpu,
        folder,
        resume: false,
        samples_missing: false,
        control,
    }
}

pub fn run(
    config: &ValidConfig,
    data: &ImageSet,
    folder: &Path,
    resume: bool,
    cancel: &CancelToken,
    stop_after: u64,
) -> engine::Result<TrainEnd> {
    let control = &Control::new();
    let request = TrainRequest { resume, ..request(config, data, folder, control) };
    train(&request, cancel, &mut |event| {
        if let TrainEvent::Step(figures) = event
            && figures.step == stop_after
        {
            cancel.cancel();
        }
        Ok(())
    })
}

pub fn advance(trainer: &mut Trainer, steps: usize) {
    for _ in 0..steps {
        trainer.step().unwrap();
    }
}

pub fn bytes_of_last(folder: &Path) -> (u64, Vec<u8>) {
    let (step, path) = checkpoints(folder).unwrap().pop().unwrap();
    (step, std::fs::read(path).unwrap())
}
