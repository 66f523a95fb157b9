//! diffusers' `Attention` over the pixels of an image.

use candle_core::Tensor;

use super::config::UNet2DConfig;
use crate::unet::attention::pointwise;
use crate::unet::layers::GroupNorm;
use crate::unet::params::{Init, Params};
use crate::{Result, kernels};

/// Group norm, multi-head self-attention, and the input added.
#[derive(Clone, Debug)]
pub(super) struct Attention {
    /// None as diffusers leaves it out.
    norm: Option<GroupNorm>,
    qkv_weight: Tensor, // (3 channels, channels): queries, keys, values
    qkv_bias: Tensor,   // (3 channels)
    out_weight: Tensor, // (channels, channels)
    out_bias: Tensor,   // (channels)
    heads: usize,
}

impl Attention {
    /// `groups`: of its norm.
    pub fn new(
        params: &mut Params,
        unet: &UNet2DConfig,
        channels: usize,
        groups: Option<usize>,
    ) -> Result<Self> {
        let mut linear = |name: &str| {
            params.within(name, |params| {
                let init = Init::for_fan_in(channels);
                let weight = params.get("weight", (channels, channels), init)?;
                Ok((weight, params.get("bias", channels, init)?))
            })
        };
        let [q, k, v] = [linear("to_q")?, linear("to_k")?, linear("to_v")?];
        let (out_weight, out_bias) = linear("to_out.0")?;
        let norm = groups.map(|groups| {
            params.within("group_norm", |params| {
                GroupNorm::with_eps(params, groups, channels, unet.norm_eps)
            })
        });
        Ok(Self {
            norm: norm.transpose()?,
            qkv_weight: Tensor::cat(&[&q.0, &k.0, &v.0], 0)?,
            qkv_bias: Tensor::cat(&[&q.1, &k.1, &v.1], 0)?,
            out_weight,
            out_bias,
            heads: channels / unet.attention_head_dim.unwrap_or(channels),
        })
    }

    /// (batch, channels, height, width), the same out.
    pub fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let (batch, channels, height, width) = x.dims4()?;
        let normed = match &self.norm {
            Some(norm) => &norm.forward(x)?,
            None => x,
        };
        let qkv = pointwise(normed, &self.qkv_weight, &self.qkv_bias)?;
        let qkv = qkv.reshape((batch, 3 * channels, height * width))?;
        let mixed =
            kernels::attention(&qkv, self.heads)?.reshape((batch, channels, height, width))?;
        Ok(kernels::add(x, &pointwise(&mixed, &self.out_weight, &self.out_bias)?)?)
    }
}
