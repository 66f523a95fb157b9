//! From how an image was warped to what is added to the time embedding.

use candle_core::Tensor;

use super::params::{Init, Params};
use crate::Result;
use crate::data::WARP_LABEL;

/// The name of its weight.
pub(crate) const WARPS: &str = "warp_emb.weight";

/// A linear layer without bias: an image that was not warped adds nothing. It begins with zeros, as
/// if nothing were told.
#[derive(Clone, Debug)]
pub struct WarpEmbedding {
    weight: Tensor, // (9, dim)
}

impl WarpEmbedding {
    pub fn new(params: &mut Params, dim: usize) -> Result<Self> {
        params.within("warp_emb", |params| {
            Ok(Self { weight: params.get("weight", (WARP_LABEL, dim), Init::Zeros)? })
        })
    }

    /// (batch, 9) to (batch, dim).
    pub fn forward(&self, labels: &Tensor) -> Result<Tensor> {
        Ok(labels.matmul(&self.weight)?)
    }
}
