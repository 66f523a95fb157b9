//! diffusers' `ResnetBlock2D`.

use candle_core::Tensor;

use super::config::UNet2DConfig;
use crate::Result;
use crate::kernels;
use crate::unet::context::Context;
use crate::unet::layers::{Conv2d, GroupNorm, Linear};
use crate::unet::params::Params;

/// Two convolutions with the timestep between them, and a way around.
#[derive(Clone, Debug)]
pub(super) struct Resnet {
    norm1: GroupNorm,
    conv1: Conv2d,
    time: Linear,
    norm2: GroupNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
    scale_shift: bool,
}

impl Resnet {
    pub fn new(
        params: &mut Params,
        unet: &UNet2DConfig,
        inputs: usize,
        outputs: usize,
    ) -> Result<Self> {
        let scale_shift = unet.resnet_time_scale_shift == "scale_shift";
        let time_outputs = if scale_shift { 2 * outputs } else { outputs };
        let (groups, eps) = (unet.norm_num_groups, unet.norm_eps);
        let shortcut = (inputs != outputs)
            .then(|| params.within("conv_shortcut", |params| Conv2d::one(params, inputs, outputs)));
        Ok(Self {
            norm1: params
                .within("norm1", |params| GroupNorm::with_eps(params, groups, inputs, eps))?,
            conv1: params.within("conv1", |params| Conv2d::three(params, inputs, outputs))?,
            time: params.within("time_emb_proj", |params| {
                Linear::new(params, unet.time_width(), time_outputs)
            })?,
            norm2: params
                .within("norm2", |params| GroupNorm::with_eps(params, groups, outputs, eps))?,
            conv2: params.within("conv2", |params| Conv2d::three(params, outputs, outputs))?,
            shortcut: shortcut.transpose()?,
            scale_shift,
        })
    }

    /// (batch, in, height, width) to (batch, out, height, width).
    pub fn forward(&self, x: &Tensor, context: &Context) -> Result<Tensor> {
        let h = self.norm1.forward_silu(x)?;
        let time = self.time.forward(&context.time)?;
        let border = context.border;
        let h = if self.scale_shift {
            let h = self.norm2.forward(&self.conv1.forward(&h, border)?)?;
            let parts = time.unsqueeze(2)?.unsqueeze(3)?.chunk(2, 1)?;
            h.broadcast_mul(&(&parts[0] + 1.0)?)?.broadcast_add(&parts[1])?.silu()?
        } else {
            self.norm2.forward_silu(&self.conv1.forward_shifted(&h, &time, border)?)?
        };
        let h = self.conv2.forward(&h, border)?;
        let around = match &self.shortcut {
            Some(shortcut) => shortcut.forward(x, border)?,
            None => x.clone(),
        };
        Ok(kernels::add(&around, &h)?)
    }
}
