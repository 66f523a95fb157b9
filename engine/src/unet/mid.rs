//! The bottom of the U.

use candle_core::Tensor;

use super::attention::Attention;
use super::context::Context;
use super::params::Params;
use super::residual::{Residual, ResidualConfig};
use crate::Result;
use crate::config::ModelParams;

/// A residual block, then pairs of attention and residual block.
#[derive(Clone, Debug)]
pub struct Mid {
    first: Residual,
    pairs: Vec<(Attention, Residual)>,
}

impl Mid {
    pub fn new(params: &mut Params, model: &ModelParams, index: usize) -> Result<Self> {
        let (inputs, outputs) = (model.mid_channels[index], model.mid_channels[index + 1]);
        let config = |inputs| ResidualConfig {
            inputs,
            outputs,
            time_dim: model.time_emb_dim,
            groups: model.norm_groups,
        };
        params.within(format!("mids.{index}"), |params| {
            let first = Residual::new(params, 0, config(inputs))?;
            let pair = |at| {
                let attention =
                    Attention::new(params, at, outputs, model.num_heads, model.norm_groups)?;
                Ok((attention, Residual::new(params, at + 1, config(outputs))?))
            };
            let pairs = (0..model.num_mid_layers).map(pair).collect::<Result<_>>()?;
            Ok(Self { first, pairs })
        })
    }

    /// (batch, in, height, width) to (batch, out, height, width).
    pub fn forward(&self, x: &Tensor, context: &Context) -> Result<Tensor> {
        let mut h = self.first.forward(x, context)?;
        for (attention, residual) in &self.pairs {
            h = residual.forward(&attention.forward(&h)?, context)?;
        }
        Ok(h)
    }
}
