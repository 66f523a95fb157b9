//! Up the right side of the U.

use candle_core::Tensor;

use super::context::Context;
use super::down::Layers;
use super::params::Params;
use super::resampling::Grow;
use crate::Result;
use crate::config::ModelParams;
use crate::kernels;

/// Grows to the size of the skip from the left side, joins it, then residual and attention layers.
#[derive(Clone, Debug)]
pub struct Up {
    grow: Option<Grow>,
    layers: Layers,
}

impl Up {
    /// The up block that faces down block `level`. The deepest one is `ups.0`.
    pub fn new(params: &mut Params, model: &ModelParams, level: usize) -> Result<Self> {
        let inputs = model.down_channels[level];
        let outputs = match level {
            0 => model.conv_out_channels,
            _ => model.down_channels[level - 1],
        };
        params.within(format!("ups.{}", model.levels() - 1 - level), |params| {
            let grow = model.down_sample[level].then(|| {
                params.within("up_sample_conv", |params| {
                    Grow::new(params, model.down_sample_kind, inputs)
                })
            });
            let layers =
                Layers::new(params, model, level, 2 * inputs, outputs, model.num_up_layers)?;
            Ok(Self { grow: grow.transpose()?, layers })
        })
    }

    /// `x` (batch, in, height, width) and `skip` (batch, in, height', width') to (batch, out, height', width').
    pub fn forward(&self, x: &Tensor, skip: &Tensor, context: &Context) -> Result<Tensor> {
        let grown = match &self.grow {
            Some(grow) => grow.forward(x, context.border)?,
            None => x.clone(),
        };
        self.layers.forward(&kernels::join(&grown, skip)?, context)
    }
}
