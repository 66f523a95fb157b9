//! Inception's network with few channels and seeded weights, as a file.

use std::collections::HashMap;
use std::path::Path;

use candle_core::{Device, Tensor};
use engine::noise::{Stream, gaussian};

/// Channels of every convolution but those whose outputs are the features.
const WIDTH: usize = 2;

/// A convolution: its name, its window, its inputs and its outputs.
type Layer = (String, (usize, usize), usize, usize);

/// Writes the weights as safetensors.
pub fn write(path: &Path) {
    let mut tensors = HashMap::new();
    for (number, (name, window, inputs, outputs)) in layers().into_iter().enumerate() {
        let shape = (outputs, inputs, window.0, window.1);
        let count = outputs * inputs * window.0 * window.1;
        let scale = 1.0 / ((inputs * window.0 * window.1) as f32).sqrt();
        let numbers = gaussian(5, Stream::Weights, number as u64, count);
        let numbers: Vec<f32> = numbers.into_iter().map(|x| x * scale).collect();
        let weight = Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap();
        tensors.insert(format!("{name}.conv.weight"), weight);
        for (part, value) in
            [("weight", 1.0), ("bias", 0.1), ("running_mean", 0.0), ("running_var", 1.0)]
        {
            let numbers = Tensor::full(value as f32, outputs, &Device::Cpu).unwrap();
            tensors.insert(format!("{name}.bn.{part}"), numbers);
        }
    }
    candle_core::safetensors::save(&tensors, path).unwrap();
}

fn layers() -> Vec<Layer> {
    let named = |name: &str, side, inputs| (name.to_owned(), (side, side), inputs, WIDTH);
    let mut layers = vec![
        named("Conv2d_1a_3x3", 3, 3),
        named("Conv2d_2a_3x3", 3, WIDTH),
        named("Conv2d_2b_3x3", 3, WIDTH),
        named("Conv2d_3b_1x1", 1, WIDTH),
        named("Conv2d_4a_3x3", 3, WIDTH),
    ];
    // What goes into a block is what came out of the one before it.
    for (block, inputs) in [("Mixed_5b", 2), ("Mixed_5c", 8), ("Mixed_5d", 8)] {
        layers.extend(narrow(block, inputs, FIRST));
    }
    layers.extend(narrow("Mixed_6a", 8, SECOND));
    for (block, inputs) in [("Mixed_6b", 12), ("Mixed_6c", 8), ("Mixed_6d", 8), ("Mixed_6e", 8)] {
        layers.extend(narrow(block, inputs, THIRD));
    }
    layers.extend(narrow("Mixed_7a", 8, FOURTH));
    layers.extend(last("Mixed_7b", 12, [WIDTH; 3]));
    layers.extend(last("Mixed_7c", 12, [320, 384, 192]));
    layers
}

/// Convolutions by name and window; the first of each branch, marked, sees the whole input.
type Shape = &'static [(&'static str, (usize, usize), bool)];

const FIRST: Shape = &[
    ("branch1x1", (1, 1), true),
    ("branch5x5_1", (1, 1), true),
    ("branch5x5_2", (5, 5), false),
    ("branch3x3dbl_1", (1, 1), true),
    ("branch3x3dbl_2", (3, 3), false),
    ("branch3x3dbl_3", (3, 3), false),
    ("branch_pool", (1, 1), true),
];
const SECOND: Shape = &[
    ("branch3x3", (3, 3), true),
    ("branch3x3dbl_1", (1, 1), true),
    ("branch3x3dbl_2", (3, 3), false),
    ("branch3x3dbl_3", (3, 3), false),
];
const THIRD: Shape = &[
    ("branch1x1", (1, 1), true),
    ("branch7x7_1", (1, 1), true),
    ("branch7x7_2", (1, 7), false),
    ("branch7x7_3", (7, 1), false),
    ("branch7x7dbl_1", (1, 1), true),
    ("branch7x7dbl_2", (7, 1), false),
    ("branch7x7dbl_3", (1, 7), false),
    ("branch7x7dbl_4", (7, 1), false),
    ("branch7x7dbl_5", (1, 7), false),
    ("branch_pool", (1, 1), true),
];
const FOURTH: Shape = &[
    ("branch3x3_1", (1, 1), true),
    ("branch3x3_2", (3, 3), false),
    ("branch7x7x3_1", (1, 1), true),
    ("branch7x7x3_2", (1, 7), false),
    ("branch7x7x3_3", (7, 1), false),
    ("branch7x7x3_4", (3, 3), false),
];

fn narrow(block: &str, inputs: usize, shape: Shape) -> Vec<Layer> {
    let layer = |&(name, window, first): &(&str, _, bool)| {
        (format!("{block}.{name}"), window, if first { inputs } else { WIDTH }, WIDTH)
    };
    shape.iter().map(layer).collect()
}

/// A block whose branches fork; `outputs` are those of the first branch, of each tine, and of the last
/// branch.
fn last(block: &str, inputs: usize, [first, tine, pool]: [usize; 3]) -> Vec<Layer> {
    let layer =
        |name: &str, window, inputs, outputs| (format!("{block}.{name}"), window, inputs, outputs);
    vec![
        layer("branch1x1", (1, 1), inputs, first),
        layer("branch3x3_1", (1, 1), inputs, WIDTH),
        layer("branch3x3_2a", (1, 3), WIDTH, tine),
        layer("branch3x3_2b", (3, 1), WIDTH, tine),
        layer("branch3x3dbl_1", (1, 1), inputs, WIDTH),
        layer("branch3x3dbl_2", (3, 3), WIDTH, WIDTH),
        layer("branch3x3dbl_3a", (1, 3), WIDTH, tine),
        layer("branch3x3dbl_3b", (3, 1), WIDTH, tine),
        layer("branch_pool", (1, 1), inputs, pool),
    ]
}
