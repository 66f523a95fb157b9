//! Where a network's weights come from: fresh random numbers, or a checkpoint.

use candle_core::{Device, Shape, Tensor, Var};
use rand::Rng;

use crate::noise::{self, Stream};
use crate::{Error, Result};

/// How a weight begins; PyTorch's defaults.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    Zeros,
    Ones,
    /// A unit Gaussian.
    Normal,
    /// Uniform in [-bound, bound].
    Uniform {
        bound: f64,
    },
}

impl Init {
    /// PyTorch's default for convolutions and linear layers, weights and biases alike.
    pub fn for_fan_in(fan_in: usize) -> Self {
        Init::Uniform { bound: 1.0 / (fan_in as f64).sqrt() }
    }

    /// Xavier's, as PyTorch's attention uses for its joint projection.
    pub fn xavier(fan_in: usize, fan_out: usize) -> Self {
        Init::Uniform { bound: (6.0 / (fan_in + fan_out) as f64).sqrt() }
    }
}

type Lookup<'a> = dyn FnMut(&str, Shape, Init) -> Result<Tensor> + 'a;

/// Hands out weights by name while a network is built.
pub struct Params<'a> {
    prefix: String,
    lookup: &'a mut Lookup<'a>,
}

impl<'a> Params<'a> {
    /// Asks `lookup` for each weight: its full name, shape and beginning.
    pub fn new(lookup: &'a mut Lookup<'a>) -> Self {
        Self { prefix: String::new(), lookup }
    }

    /// The weights below `name`, for the time of `build`.
    pub fn within<T>(
        &mut self,
        name: impl std::fmt::Display,
        build: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<T> {
        let outer = self.prefix.len();
        self.prefix.push_str(&format!("{name}."));
        let built = build(self);
        self.prefix.truncate(outer);
        built
    }

    pub fn get(&mut self, name: &str, shape: impl Into<Shape>, init: Init) -> Result<Tensor> {
        (self.lookup)(&format!("{}{name}", self.prefix), shape.into(), init)
    }
}

/// A trainable weight with its first value. `position` is its place in the network.
pub fn fresh(seed: u64, position: u64, shape: &Shape, init: Init, device: &Device) -> Result<Var> {
    let values: Vec<f32> = match init {
        Init::Zeros => vec![0.0; shape.elem_count()],
        Init::Ones => vec![1.0; shape.elem_count()],
        Init::Normal => noise::gaussian(seed, Stream::Weights, position, shape.elem_count()),
        Init::Uniform { bound } => {
            let mut random = noise::generator(seed, Stream::Weights, position);
            let draw = |_| ((2.0 * random.random::<f64>() - 1.0) * bound) as f32;
            (0..shape.elem_count()).map(draw).collect()
        }
    };
    Ok(Var::from_tensor(&Tensor::from_vec(values, shape, device)?)?)
}

/// The error for a weight that a checkpoint lacks or holds in another shape.
pub fn misfit(name: &str, wanted: &Shape, found: Option<&Shape>) -> Error {
    let found = match found {
        Some(shape) => format!("has shape {shape:?}"),
        None => "is missing".into(),
    };
    Error::Checkpoint(format!(
        "the checkpoint is of another network: `{name}` {found}, the configuration needs {wanted:?}"
    ))
}
