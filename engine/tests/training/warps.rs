//! Networks that are told how their images were changed.

use candle_core::{Device, Tensor};
use engine::CancelToken;
use engine::checkpoint::Checkpoint;
use engine::config::{RunConfig, SamplerKind, Sampling};
use engine::grid::Picture;
use engine::model::Model;
use engine::noise::{Stream, gaussian_images};
use engine::sampler::{SampleRequest, sample};
use engine::train::{Control, TrainRequest, Trainer, train};
use engine::unet::{Told, UNet};

use crate::fixture::{advance, bytes_of_last, request, run, stripes, tiny};

const WARPED: &str = "dataset_params.augment_probability=0.3";
const CUT: &str = "dataset_params.cutout=0.5";

fn images() -> Tensor {
    gaussian_images(&[1, 2], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap()
}

fn numbers(x: &Tensor) -> Vec<f32> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

fn answer(unet: &UNet, warps: Option<&Tensor>) -> Tensor {
    told(unet, Told { warps, ..Told::default() })
}

fn told(unet: &UNet, told: Told) -> Tensor {
    unet.learning(&images(), &[3.0, 40.0], told, None).unwrap()
}

fn rows(value: f32) -> Tensor {
    Tensor::full(value, (2, 9), &Device::Cpu).unwrap()
}

#[test]
fn a_network_that_learned_of_warps_is_told_of_none_when_it_draws() {
    let (config, data) = (tiny(&[WARPED]), stripes(8));
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    advance(&mut trainer, 6);
    let unet = UNet::from_weights(&config.network(), &trainer.checkpoint().weights).unwrap();
    let drawn = numbers(&unet.forward(&images(), &[3.0, 40.0], None).unwrap());
    assert_eq!(numbers(&answer(&unet, Some(&rows(0.0)))), drawn);
    assert_ne!(numbers(&answer(&unet, Some(&rows(1.0)))), drawn);
    // Without the layer it draws the same.
    let plain = UNet::from_weights(&config.model_params, &trainer.checkpoint().weights).unwrap();
    assert_eq!(numbers(&answer(&plain, None)), drawn);
}

#[test]
fn a_fresh_network_is_the_same_with_the_layer_and_without_and_gradients_reach_it() {
    let config = tiny(&[WARPED]);
    let (told, vars) = UNet::fresh(&config.network(), 3, &Device::Cpu).unwrap();
    let (plain, _) = UNet::fresh(&config.model_params, 3, &Device::Cpu).unwrap();
    let answer = answer(&told, Some(&rows(1.0)));
    assert_eq!(numbers(&answer), numbers(&plain.forward(&images(), &[3.0, 40.0], None).unwrap()));
    let grads = answer.sqr().unwrap().mean_all().unwrap().backward().unwrap();
    let grad = numbers(grads.get(&vars["warp_emb.weight"]).unwrap());
    assert_eq!(grad.len(), 9 * config.model_params.time_emb_dim);
    assert!(grad.iter().any(|&x| x != 0.0));
}

#[test]
fn a_network_that_learned_of_cutouts_is_told_of_none_when_it_draws() {
    let (config, data) = (tiny(&[CUT, WARPED]), stripes(8));
    let mut trainer = Trainer::new(&config, &data, &Device::Cpu).unwrap();
    advance(&mut trainer, 6);
    let weights = trainer.checkpoint().weights;
    assert!(numbers(&weights["cutout_emb.weight"]).iter().any(|&weight| weight != 0.0));
    let unet = UNet::from_weights(&config.network(), &weights).unwrap();
    let drawn = numbers(&unet.forward(&images(), &[3.0, 40.0], None).unwrap());
    let cut = Tensor::full(1f32, (2, 3), &Device::Cpu).unwrap();
    let answer = |cutouts: &Tensor| {
        numbers(&told(&unet, Told { cutouts: Some(cutouts), ..Told::default() }))
    };
    assert_eq!(answer(&cut.zeros_like().unwrap()), drawn);
    assert_ne!(answer(&cut), drawn);
    // A run may begin from the weights of one that was told of nothing, and the other way round.
    let saved = trainer.checkpoint();
    let plain = Trainer::new(&tiny(&[]), &data, &Device::Cpu).unwrap().checkpoint();
    for (changes, from) in [(&[CUT][..], &plain), (&[], &saved)] {
        let name = "train_params.begin_from=other";
        begin(&tiny(&[changes, &[name]].concat()), &data, from);
    }
}

fn draw(checkpoint: &Checkpoint) -> Vec<Picture> {
    let model = Model::new(checkpoint, &Device::Cpu).unwrap();
    let request = SampleRequest::new(Sampling::new(SamplerKind::Ddim, 5), vec![1, 2], (8, 8));
    sample(&model, &request, &CancelToken::new(), &mut |_| Ok(())).unwrap()
}

#[test]
fn it_is_saved_drawn_with_and_begun_from() {
    let (config, data) = (tiny(&[WARPED]), stripes(8));
    let folder = tempfile::tempdir().unwrap();
    run(&config, &data, folder.path(), false, &CancelToken::new(), 0).unwrap();
    let (_, bytes) = bytes_of_last(folder.path());
    let saved = Checkpoint::from_bytes(&bytes).unwrap();
    assert_eq!(saved.header.config.dataset_params.augment_probability, 0.3);
    assert!(saved.weights.contains_key("warp_emb.weight"));
    assert_eq!(draw(&saved), draw(&Checkpoint::from_bytes(&bytes).unwrap()));
    // A run with the layer may begin from a model without it, and the other way round.
    let plain = Trainer::new(&tiny(&[]), &data, &Device::Cpu).unwrap().checkpoint();
    for (changes, from) in [(&[WARPED][..], &plain), (&[], &saved)] {
        let name = "train_params.begin_from=other";
        begin(&tiny(&[changes, &[name]].concat()), &data, from);
    }
}

fn begin(config: &engine::config::ValidConfig, data: &engine::data::ImageSet, from: &Checkpoint) {
    let folder = tempfile::tempdir().unwrap();
    let control = &Control::new();
    let fresh = request(config, data, folder.path(), control);
    let request = TrainRequest { begin_from: Some(from), ..fresh };
    train(&request, &CancelToken::new(), &mut |_| Ok(())).unwrap();
}

#[test]
fn every_preset_can_be_told() {
    for name in ["small", "reference", "rgb"] {
        let mut config = RunConfig::preset(name).unwrap();
        let before = UNet::shapes(&config.network()).unwrap().len();
        config.set("dataset_params.augment_probability", "0.12").unwrap();
        let shapes = UNet::shapes(&config.validate().unwrap().network()).unwrap();
        assert_eq!(shapes.len(), before + 1);
        assert_eq!(shapes.last().unwrap().0, "warp_emb.weight", "{name}");
    }
}
