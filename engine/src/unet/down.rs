//! Down the left side of the U.

use candle_core::Tensor;

use super::attention::Attention;
use super::context::Context;
use super::params::Params;
use super::resampling::Shrink;
use super::residual::{Residual, ResidualConfig};
use crate::Result;
use crate::config::ModelParams;

/// Layers of a down or an up block: a residual block, then attention where the level has it.
#[derive(Clone, Debug)]
pub(super) struct Layers(Vec<(Residual, Option<Attention>)>);

impl Layers {
    pub fn new(
        params: &mut Params,
        model: &ModelParams,
        level: usize,
        inputs: usize,
        outputs: usize,
        count: usize,
    ) -> Result<Self> {
        let layer = |params: &mut Params, layer: usize| {
            let inputs = if layer == 0 { inputs } else { outputs };
            let config = ResidualConfig {
                inputs,
                outputs,
                time_dim: model.time_emb_dim,
                groups: model.norm_groups,
            };
            let residual = Residual::new(params, layer, config)?;
            let attention = model.attention_at(level).then(|| {
                Attention::new(params, layer, outputs, model.num_heads, model.norm_groups)
            });
            Ok((residual, attention.transpose()?))
        };
        (0..count).map(|at| layer(params, at)).collect::<Result<_>>().map(Self)
    }

    pub fn forward(&self, x: &Tensor, context: &Context) -> Result<Tensor> {
        let mut h = x.clone();
        for (residual, attention) in &self.0 {
            h = residual.forward(&h, context)?;
            if let Some(attention) = attention {
                h = attention.forward(&h)?;
            }
        }
        Ok(h)
    }
}

/// Residual and attention layers, then half the size where the level halves.
#[derive(Clone, Debug)]
pub struct Down {
    layers: Layers,
    shrink: Option<Shrink>,
}

impl Down {
    pub fn new(params: &mut Params, model: &ModelParams, level: usize) -> Result<Self> {
        let (inputs, outputs) = (model.down_channels[level], model.down_channels[level + 1]);
        params.within(format!("downs.{level}"), |params| {
            let layers = Layers::new(params, model, level, inputs, outputs, model.num_down_layers)?;
            let shrink = model.down_sample[level].then(|| {
                params.within("down_sample_conv", |params| {
                    Shrink::new(params, model.down_sample_kind, outputs)
                })
            });
            Ok(Self { layers, shrink: shrink.transpose()? })
        })
    }

    /// (batch, in, height, width) to (batch, out, height or half, width or half).
    pub fn forward(&self, x: &Tensor, context: &Context) -> Result<Tensor> {
        let h = self.layers.forward(x, context)?;
        match &self.shrink {
            Some(shrink) => shrink.forward(&h, context.border),
            None => Ok(h),
        }
    }
}
