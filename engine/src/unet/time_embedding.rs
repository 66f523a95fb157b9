//! From a timestep to the vector every residual block sees.

use candle_core::{Device, Tensor};

use super::layers::Linear;
use super::params::Params;
use crate::Result;
use crate::schedule::time_embedding;

/// Sinusoids, then two linear layers with SiLU between them.
#[derive(Clone, Debug)]
pub struct TimeEmbedding {
    first: Linear,
    second: Linear,
    dim: usize,
}

impl TimeEmbedding {
    pub fn new(params: &mut Params, dim: usize) -> Result<Self> {
        params.within("t_proj", |params| {
            let first = params.within(0, |params| Linear::new(params, dim, dim))?;
            let second = params.within(2, |params| Linear::new(params, dim, dim))?;
            Ok(Self { first, second, dim })
        })
    }

    /// A timestep for each image to (batch, dim).
    pub fn forward(&self, timesteps: &[f32], device: &Device) -> Result<Tensor> {
        let sinusoids = time_embedding(timesteps, self.dim, device)?; // (batch, dim)
        self.second.forward(&self.first.forward(&sinusoids)?.silu()?)
    }
}
