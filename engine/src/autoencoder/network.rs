//! Networks built from what hands out their weights.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Shape, Tensor, Var};

use crate::Result;
use crate::unet::Weights;
use crate::unet::params::{self, Params};

/// A network that is built the same from fresh weights, from those that stand, and from shapes.
pub trait Network: Sized {
    /// What its shape follows from.
    type Spec;

    fn build(spec: &Self::Spec, params: &mut Params) -> Result<Self>;

    /// A network with fresh weights drawn from `seed`, and those weights, for training. Two networks
    /// of one seed differ if their weights have other `places`, counted from there on.
    fn fresh(
        spec: &Self::Spec,
        seed: u64,
        places: u64,
        device: &Device,
    ) -> Result<(Self, BTreeMap<String, Var>)> {
        let mut vars = BTreeMap::new();
        let mut lookup = |name: &str, shape: Shape, init| {
            let var = params::fresh(seed, places + vars.len() as u64, &shape, init, device)?;
            let tensor = var.as_tensor().clone();
            vars.insert(name.to_owned(), var);
            Ok(tensor)
        };
        let network = Self::build(spec, &mut Params::new(&mut lookup))?;
        Ok((network, vars))
    }

    /// A network on weights that stand; each is checked for its shape.
    fn from_weights(spec: &Self::Spec, weights: &Weights) -> Result<Self> {
        let mut lookup = |name: &str, shape: Shape, _| match weights.get(name) {
            Some(tensor) if *tensor.shape() == shape => Ok(tensor.clone()),
            other => Err(params::misfit(name, &shape, other.map(Tensor::shape))),
        };
        Self::build(spec, &mut Params::new(&mut lookup))
    }

    /// How many numbers its weights hold.
    fn count(spec: &Self::Spec) -> Result<u64> {
        let mut count = 0;
        let mut lookup = |_: &str, shape: Shape, _| {
            count += shape.elem_count() as u64;
            // One number seen everywhere: building needs the shape, not the memory.
            Ok(Tensor::zeros((), DType::F32, &Device::Cpu)?.broadcast_as(shape)?)
        };
        Self::build(spec, &mut Params::new(&mut lookup))?;
        Ok(count)
    }
}
