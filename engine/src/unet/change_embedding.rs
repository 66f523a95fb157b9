//! From how a training image was changed to what is added to the time embedding.

use candle_core::Tensor;

use super::params::{Init, Params};
use crate::Result;
use crate::data::{CUTOUT_LABEL, WARP_LABEL};

const WARPS: &str = "warp_emb";
const CUTOUTS: &str = "cutout_emb";

/// Whether the weight `name` is of what is told in training alone. A network draws the same without.
pub(crate) fn is_told_in_training(name: &str) -> bool {
    let part = name.split('.').next();
    part.is_some_and(|part| [WARPS, CUTOUTS].contains(&part))
}

/// A linear layer without bias: an image that was not changed adds nothing. It begins with zeros, as
/// if nothing were told.
#[derive(Clone, Debug)]
pub struct ChangeEmbedding {
    weight: Tensor, // (numbers, dim)
}

impl ChangeEmbedding {
    pub fn of_warps(params: &mut Params, dim: usize) -> Result<Self> {
        Self::new(params, WARPS, (WARP_LABEL, dim))
    }

    pub fn of_cutouts(params: &mut Params, dim: usize) -> Result<Self> {
        Self::new(params, CUTOUTS, (CUTOUT_LABEL, dim))
    }

    fn new(params: &mut Params, name: &str, shape: (usize, usize)) -> Result<Self> {
        params.within(name, |params| Ok(Self { weight: params.get("weight", shape, Init::Zeros)? }))
    }

    /// (batch, numbers) to (batch, dim).
    pub fn forward(&self, labels: &Tensor) -> Result<Tensor> {
        Ok(labels.matmul(&self.weight)?)
    }
}
