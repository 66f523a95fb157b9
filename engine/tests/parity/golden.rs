//! The default network on weights made by a formula, against the reference's output.

use std::path::Path;

use candle_core::{Device, Tensor};
use engine::config::ModelParams;
use engine::unet::{UNet, Weights};

use crate::Findings;
use crate::case::{Case, difference};

pub fn check(case: &Case) -> Option<Findings> {
    Some(vec![
        ("eps, one channel", eps_error(&case.folder, 1), 1e-4),
        ("eps, three channels", eps_error(&case.folder, 3), 2e-3),
    ])
}

fn eps_error(folder: &Path, channels: usize) -> f64 {
    let model = ModelParams { im_channels: channels, ..Default::default() };
    let unet = UNet::from_weights(&model, &formula_weights(folder, channels)).unwrap();
    let count = 3 * channels * 28 * 28;
    let x: Vec<f32> = (0..count).map(|i| (0.1 * i as f64).sin() as f32).collect();
    let x = Tensor::from_vec(x, (3, channels, 28, 28), &Device::Cpu).unwrap();
    let eps = unet.forward(&x, &[0.0, 500.0, 999.0], None).unwrap();
    let wanted = Tensor::read_npy(folder.join(format!("unet_c{channels}_out_f32.npy"))).unwrap();
    difference(&eps, &wanted)
}

/// The weights the case's README describes; the order of the names is the reference's state dict's.
fn formula_weights(folder: &Path, channels: usize) -> Weights {
    let listing = std::fs::read_to_string(folder.join("state_dict_default.txt")).unwrap();
    let lines = listing.lines().filter(|line| !line.trim().is_empty());
    lines
        .enumerate()
        .map(|(k, line)| {
            let mut columns = line.split('\t');
            let name = columns.next().unwrap();
            let shape = shape_of(name, columns.next().unwrap(), channels);
            (name.to_owned(), formula_tensor(k, name, &shape))
        })
        .collect()
}

fn shape_of(name: &str, text: &str, channels: usize) -> Vec<usize> {
    let numbers = text.trim_matches(['[', ']']).split(',');
    let mut shape: Vec<usize> = numbers.map(|number| number.trim().parse().unwrap()).collect();
    match name {
        "conv_in.weight" => shape[1] = channels,
        "conv_out.weight" | "conv_out.bias" => shape[0] = channels,
        _ => {}
    }
    shape
}

fn formula_tensor(k: usize, name: &str, shape: &[usize]) -> Tensor {
    let count: usize = shape.iter().product();
    let wave = |i: usize| (0.7 * i as f64 + 1.3 * k as f64).sin();
    let value = |i: usize| match shape.len() {
        1 if name.ends_with(".weight") => 1.0 + 0.1 * wave(i),
        1 => 0.1 * wave(i),
        _ => wave(i) / ((count / shape[0]) as f64).sqrt(),
    };
    let numbers: Vec<f32> = (0..count).map(|i| value(i) as f32).collect();
    Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap()
}
