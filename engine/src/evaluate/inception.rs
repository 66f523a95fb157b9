//! The network whose features are meant by FID: Inception v3 with the weights of pytorch-fid,
//! `pt_inception-2015-12-05-6726825d.pth`, which a person brings along, as it is or as safetensors.
//!
//! Layers and names are those of torchvision's `inception_v3` (Szegedy et al. 2015, arXiv 1512.00567)
//! with pytorch-fid's changes: averages leave out what lies beyond the edge, and the last block takes
//! the largest instead.

use std::path::Path;

use candle_core::{Device, Tensor};

use super::bilinear::enlarged;
use crate::checkpoint::native::read_tensors;
use crate::checkpoint::read_pickle;
use crate::grid::Picture;
use crate::model::placed;
use crate::unet::Weights;
use crate::{CancelToken, Error, Result};

/// Numbers that stand for a picture: those that are pooled before the classes.
pub const FEATURES: usize = 2048;
/// Width and height that every picture is brought to.
const SIDE: usize = 299;
/// Pictures that it sees at once.
const AT_ONCE: usize = 8;
/// What batch norm adds to a variance.
const EPSILON: f64 = 1e-3;

/// A layer of a branch.
enum Layer {
    /// Its name, the height and width of its window, its stride, and whether it keeps the size.
    Convolution(&'static str, (usize, usize), usize, bool),
    /// The mean of the 3x3 pixels around each, of those that are there.
    Average,
    /// The largest of the 3x3 pixels around each.
    Largest,
    /// The largest of 3x3 pixels, every second one.
    Halve,
    /// The same input for two convolutions, whose outputs stand one behind the other.
    Fork([&'static Layer; 2]),
}

use Layer::{Average, Convolution, Fork, Halve, Largest};

const fn one(name: &'static str) -> Layer {
    Convolution(name, (1, 1), 1, true)
}

const fn same(name: &'static str, height: usize, width: usize) -> Layer {
    Convolution(name, (height, width), 1, true)
}

const fn strided(name: &'static str) -> Layer {
    Convolution(name, (3, 3), 2, false)
}

/// A block: its name, and branches whose outputs stand one behind the other.
type Block = (&'static str, &'static [&'static [Layer]]);

const A: &[&[Layer]] = &[
    &[one("branch1x1")],
    &[one("branch5x5_1"), same("branch5x5_2", 5, 5)],
    &[one("branch3x3dbl_1"), same("branch3x3dbl_2", 3, 3), same("branch3x3dbl_3", 3, 3)],
    &[Average, one("branch_pool")],
];
const B: &[&[Layer]] = &[
    &[strided("branch3x3")],
    &[one("branch3x3dbl_1"), same("branch3x3dbl_2", 3, 3), strided("branch3x3dbl_3")],
    &[Halve],
];
const C: &[&[Layer]] = &[
    &[one("branch1x1")],
    &[one("branch7x7_1"), same("branch7x7_2", 1, 7), same("branch7x7_3", 7, 1)],
    &[
        one("branch7x7dbl_1"),
        same("branch7x7dbl_2", 7, 1),
        same("branch7x7dbl_3", 1, 7),
        same("branch7x7dbl_4", 7, 1),
        same("branch7x7dbl_5", 1, 7),
    ],
    &[Average, one("branch_pool")],
];
const D: &[&[Layer]] = &[
    &[one("branch3x3_1"), strided("branch3x3_2")],
    &[
        one("branch7x7x3_1"),
        same("branch7x7x3_2", 1, 7),
        same("branch7x7x3_3", 7, 1),
        strided("branch7x7x3_4"),
    ],
    &[Halve],
];
const FORK: Layer = Fork([&same("branch3x3_2a", 1, 3), &same("branch3x3_2b", 3, 1)]);
const FORK_DEEP: Layer = Fork([&same("branch3x3dbl_3a", 1, 3), &same("branch3x3dbl_3b", 3, 1)]);
const E1: &[&[Layer]] = &[
    &[one("branch1x1")],
    &[one("branch3x3_1"), FORK],
    &[one("branch3x3dbl_1"), same("branch3x3dbl_2", 3, 3), FORK_DEEP],
    &[Average, one("branch_pool")],
];
const E2: &[&[Layer]] = &[
    &[one("branch1x1")],
    &[one("branch3x3_1"), FORK],
    &[one("branch3x3dbl_1"), same("branch3x3dbl_2", 3, 3), FORK_DEEP],
    &[Largest, one("branch_pool")],
];

const STEM: &[Layer] = &[
    Convolution("Conv2d_1a_3x3", (3, 3), 2, false),
    Convolution("Conv2d_2a_3x3", (3, 3), 1, false),
    Convolution("Conv2d_2b_3x3", (3, 3), 1, true),
    Halve,
    Convolution("Conv2d_3b_1x1", (1, 1), 1, true),
    Convolution("Conv2d_4a_3x3", (3, 3), 1, false),
    Halve,
];
const BLOCKS: [Block; 11] = [
    ("Mixed_5b", A),
    ("Mixed_5c", A),
    ("Mixed_5d", A),
    ("Mixed_6a", B),
    ("Mixed_6b", C),
    ("Mixed_6c", C),
    ("Mixed_6d", C),
    ("Mixed_6e", C),
    ("Mixed_7a", D),
    ("Mixed_7b", E1),
    ("Mixed_7c", E2),
];

/// The network on weights that stand.
#[derive(Clone, Debug)]
pub struct Inception {
    weights: Weights,
    device: Device,
}

impl Inception {
    /// Reads pytorch-fid's file, whose pickle is parsed and never run, or the same weights as
    /// safetensors.
    pub fn load(path: &Path, device: &Device) -> Result<Self> {
        let weights = match path.extension().is_some_and(|ending| ending == "safetensors") {
            true => {
                let bytes = std::fs::read(path).map_err(|error| Error::file(path, error))?;
                read_tensors(&bytes).map_err(|error| Error::file(path, error))?
            }
            false => read_pickle(path)?,
        };
        let read = Self::new(&weights, device);
        read.map_err(|error| Error::file(path, format!("no weights of Inception: {error}")))
    }

    /// The network on these weights, by pytorch-fid's names.
    pub fn new(weights: &Weights, device: &Device) -> Result<Self> {
        let network = Self { weights: folded(weights, device)?, device: device.clone() };
        // What does not fit together is told now, by the smallest picture that goes through.
        let least = Tensor::zeros((1, 3, 75, 75), candle_core::DType::F32, device)?;
        let found = network.forward(&least)?.dims2()?;
        match found {
            (1, FEATURES) => Ok(network),
            (_, found) => Err(Error::Checkpoint(format!("{found} features, not {FEATURES}"))),
        }
    }

    /// What it makes of `pictures`: [`FEATURES`] numbers each, one behind the other.
    pub fn features(&self, pictures: &[Picture], cancel: &CancelToken) -> Result<Vec<f64>> {
        let mut numbers = Vec::with_capacity(pictures.len() * FEATURES);
        for part in pictures.chunks(AT_ONCE) {
            cancel.check()?;
            let seen: Vec<f32> = part.iter().flat_map(|picture| enlarged(picture, SIDE)).collect();
            let x = Tensor::from_vec(seen, (part.len(), 3, SIDE, SIDE), &self.device)?;
            let features = self.forward(&x)?.flatten_all()?.to_vec1::<f32>()?;
            numbers.extend(features.into_iter().map(f64::from));
        }
        Ok(numbers)
    }

    /// (batch, 3, height, width) in [-1, 1] to (batch, features).
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let mut h = x.clone();
        for layer in STEM {
            h = self.layer("", layer, &h)?;
        }
        for (name, branches) in &BLOCKS {
            let branch = |layers: &&[Layer]| {
                let name = format!("{name}.");
                layers.iter().try_fold(h.clone(), |h, layer| self.layer(&name, layer, &h))
            };
            h = Tensor::cat(&branches.iter().map(branch).collect::<Result<Vec<_>>>()?, 1)?;
        }
        Ok(h.mean((2, 3))?)
    }

    fn layer(&self, block: &str, layer: &Layer, x: &Tensor) -> Result<Tensor> {
        Ok(match layer {
            Convolution(name, window, stride, keeps) => {
                let padding = if *keeps { (window.0 / 2, window.1 / 2) } else { (0, 0) };
                self.convolution(&format!("{block}{name}"), *window, *stride, padding, x)?
            }
            Average => average(x)?,
            // All pixels are zero or above, so that zeros beyond the edge are never the largest.
            Largest => bordered(x, (1, 1))?.max_pool2d_with_stride(3, 1)?,
            Halve => x.max_pool2d_with_stride(3, 2)?,
            Fork([first, second]) => {
                let both = [self.layer(block, first, x)?, self.layer(block, second, x)?];
                Tensor::cat(&both, 1)?
            }
        })
    }

    /// Convolution, batch norm, ReLU.
    fn convolution(
        &self,
        name: &str,
        window: (usize, usize),
        stride: usize,
        padding: (usize, usize),
        x: &Tensor,
    ) -> Result<Tensor> {
        let weight = found(&self.weights, &format!("{name}.weight"))?;
        let (_, inputs, height, width) = weight.dims4()?;
        if (height, width) != window || inputs != x.dim(1)? {
            let message = format!("`{name}` has the shape {:?}", weight.dims());
            return Err(Error::Checkpoint(message));
        }
        let bias = found(&self.weights, &format!("{name}.bias"))?;
        let h = bordered(x, padding)?.contiguous()?.conv2d(weight, 0, stride, 1, 1)?;
        Ok(h.broadcast_add(&bias.reshape((1, (), 1, 1))?)?.relu()?)
    }
}

/// Each convolution with the batch norm behind it in one: `name.weight` and `name.bias`.
fn folded(weights: &Weights, device: &Device) -> Result<Weights> {
    let weights = placed(weights, device)?;
    let mut folded = Weights::new();
    let names = weights.keys().filter_map(|name| name.strip_suffix(".conv.weight"));
    for name in names {
        let norm = |part: &str| found(&weights, &format!("{name}.bn.{part}"));
        let scale = (norm("weight")? / (norm("running_var")? + EPSILON)?.sqrt()?)?;
        let bias = (norm("bias")? - (norm("running_mean")? * &scale)?)?;
        let kernel = &weights[&format!("{name}.conv.weight")];
        let kernel = kernel.broadcast_mul(&scale.reshape(((), 1, 1, 1))?)?;
        folded.insert(format!("{name}.weight"), kernel);
        folded.insert(format!("{name}.bias"), bias);
    }
    Ok(folded)
}

fn found<'a>(weights: &'a Weights, name: &str) -> Result<&'a Tensor> {
    weights.get(name).ok_or_else(|| Error::Checkpoint(format!("`{name}` is missing")))
}

/// Zeros around every plane: rows above and below, columns at both sides.
fn bordered(x: &Tensor, (rows, columns): (usize, usize)) -> Result<Tensor> {
    Ok(x.pad_with_zeros(2, rows, rows)?.pad_with_zeros(3, columns, columns)?)
}

/// The mean of the 3x3 pixels around each, of those that are there.
fn average(x: &Tensor) -> Result<Tensor> {
    let sums = |x: &Tensor| bordered(x, (1, 1))?.avg_pool2d_with_stride(3, 1).map_err(Error::from);
    let there = x.narrow(0, 0, 1)?.narrow(1, 0, 1)?.ones_like()?;
    Ok(sums(x)?.broadcast_div(&sums(&there)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_leaves_out_what_lies_beyond_the_edge() {
        let x = Tensor::new(&[[[[1f32, 2.0], [3.0, 6.0]]]], &Device::Cpu).unwrap();
        let found = average(&x).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(found.iter().all(|mean| (mean - 3.0).abs() < 1e-6), "{found:?}");
    }

    #[test]
    fn a_batch_norm_is_folded_into_its_convolution() {
        let numbers = |x: f32| Tensor::new(&[x], &Device::Cpu).unwrap();
        let weights: Weights = [
            ("c.conv.weight", numbers(3.0).reshape((1, 1, 1, 1)).unwrap()),
            ("c.bn.weight", numbers(2.0)),
            ("c.bn.bias", numbers(0.5)),
            ("c.bn.running_mean", numbers(1.0)),
            ("c.bn.running_var", numbers(4.0 - 1e-3)),
        ]
        .map(|(name, tensor)| (name.to_owned(), tensor))
        .into();
        let folded = folded(&weights, &Device::Cpu).unwrap();
        let number = |name: &str| folded[name].flatten_all().unwrap().to_vec1::<f32>().unwrap()[0];
        assert!((number("c.weight") - 3.0).abs() < 1e-6 && (number("c.bias") + 0.5).abs() < 1e-6);
        let network = Inception::new(&weights, &Device::Cpu).err().unwrap().to_string();
        assert!(network.contains("`Conv2d_1a_3x3.weight` is missing"), "{network}");
    }
}
