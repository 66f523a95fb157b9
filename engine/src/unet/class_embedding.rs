//! From classes to what is added to the time embedding.

use candle_core::Tensor;

use super::params::{Init, Params};
use crate::Result;

/// A vector for each class.
#[derive(Clone, Debug)]
pub struct ClassEmbedding {
    weight: Tensor, // (classes, dim)
}

impl ClassEmbedding {
    pub fn new(params: &mut Params, classes: usize, dim: usize) -> Result<Self> {
        params.within("class_emb", |params| {
            Ok(Self { weight: params.get("weight", (classes, dim), Init::Normal)? })
        })
    }

    /// The weighted sum of the classes' vectors: (batch, classes) to (batch, dim). No class is the
    /// zero vector, which is what the network learns for an image whose class it was not told.
    pub fn forward(&self, classes: &Tensor) -> Result<Tensor> {
        Ok(classes.matmul(&self.weight)?)
    }
}
