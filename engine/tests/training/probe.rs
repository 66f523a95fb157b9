//! The speed of a run, measured by a clock of the caller's.

use candle_core::Device;
use engine::train::probe;
use engine::{CancelToken, Error};

use crate::fixture::tiny;

#[test]
fn a_probe_counts_images_from_when_it_is_warm_until_it_is_enough() {
    let changes = [
        "model_params.num_classes=3",
        "model_params.im_channels=3",
        "train_params.accumulation_steps=2",
        "train_params.validation_share=0.5",
    ];
    let (config, cancel) = (tiny(&changes), CancelToken::new());
    let mut told = Vec::new();
    let images = probe(&config, 100, None, &Device::Cpu, &cancel, &mut |images| {
        told.push(images);
        images >= 20
    });
    assert_eq!(images.unwrap(), 24);
    assert_eq!(told, [0, 8, 16, 24]);
}

#[test]
fn a_probe_can_be_cancelled() {
    let cancel = CancelToken::new();
    let end = probe(&tiny(&[]), 100, None, &Device::Cpu, &cancel, &mut |images| {
        if images > 0 {
            cancel.cancel();
        }
        false
    });
    assert!(matches!(end, Err(Error::Cancelled)));
}
