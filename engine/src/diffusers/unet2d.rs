//! diffusers' `UNet2DModel`.

use candle_core::{DType, Device, Shape, Tensor};

use super::blocks::{Down, Mid, Up};
use super::config::UNet2DConfig;
use crate::Result;
use crate::unet::context::Context;
use crate::unet::layers::{Conv2d, GroupNorm, Linear};
use crate::unet::params::{self, Init, Params};
use crate::unet::{Border, Weights};

/// Predicts noise: (batch, channels, height, width) and a timestep each, to the same shape.
#[derive(Clone, Debug)]
pub struct UNet2D {
    time: [Linear; 2],
    classes: Option<Tensor>, // (classes, time width)
    conv_in: Conv2d,
    downs: Vec<Down>,
    mid: Mid,
    ups: Vec<Up>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    config: UNet2DConfig,
}

impl UNet2D {
    /// The network on weights that stand; each is checked for its shape.
    pub fn from_weights(config: &UNet2DConfig, weights: &Weights) -> Result<Self> {
        config.check()?;
        let mut lookup = |name: &str, shape: Shape, _| {
            let found = weights.get(name).or_else(|| weights.get(&former_name(name)?));
            match found {
                Some(tensor) if *tensor.shape() == shape => Ok(tensor.clone()),
                other => Err(params::misfit(name, &shape, other.map(Tensor::shape))),
            }
        };
        Self::build(config, &mut Params::new(&mut lookup))
    }

    /// Numbers in the network's weights.
    pub fn count(config: &UNet2DConfig) -> Result<u64> {
        config.check()?;
        let mut count = 0;
        let mut lookup = |_: &str, shape: Shape, _| {
            count += shape.elem_count() as u64;
            // One number seen everywhere: building needs the shape, not the memory.
            Ok(Tensor::zeros((), DType::F32, &Device::Cpu)?.broadcast_as(shape)?)
        };
        Self::build(config, &mut Params::new(&mut lookup))?;
        Ok(count)
    }

    fn build(config: &UNet2DConfig, params: &mut Params) -> Result<Self> {
        let channels = &config.block_out_channels;
        let (first, width) = (channels[0], config.time_width());
        let time = params.within("time_embedding", |params| {
            let mut linear = |name: &str, inputs| {
                params.within(name, |params| Linear::new(params, inputs, width))
            };
            Ok([linear("linear_1", first)?, linear("linear_2", width)?])
        })?;
        let classes = config
            .num_class_embeds
            .map(|classes| params.get("class_embedding.weight", (classes, width), Init::Ones));
        Ok(Self {
            time,
            classes: classes.transpose()?,
            conv_in: params
                .within("conv_in", |params| Conv2d::three(params, config.in_channels, first))?,
            downs: (0..channels.len())
                .map(|level| Down::new(params, config, level))
                .collect::<Result<_>>()?,
            mid: Mid::new(params, config)?,
            ups: (0..channels.len())
                .map(|place| Up::new(params, config, place))
                .collect::<Result<_>>()?,
            norm_out: params.within("conv_norm_out", |params| {
                GroupNorm::with_eps(params, config.norm_num_groups, first, config.norm_eps)
            })?,
            conv_out: params
                .within("conv_out", |params| Conv2d::three(params, first, config.out_channels))?,
            config: config.clone(),
        })
    }

    /// What the network predicts of `x`, noised up to a timestep each. `classes` (batch, classes)
    /// weighs the classes each image is to show, for a network that was trained with them.
    pub fn forward(
        &self,
        x: &Tensor,
        timesteps: &[f32],
        classes: Option<&Tensor>,
    ) -> Result<Tensor> {
        self.bordered(x, timesteps, classes, Border::Zeros)
    }

    /// As [`Self::forward`], with another border around the image.
    pub fn bordered(
        &self,
        x: &Tensor,
        timesteps: &[f32],
        classes: Option<&Tensor>,
        border: Border,
    ) -> Result<Tensor> {
        let context =
            Context { time: self.time(timesteps, classes, x.device())?, border, dropout: None };
        let x = if self.config.center_input_sample { x.affine(2.0, -1.0)? } else { x.clone() };
        let mut h = self.conv_in.forward(&x, border)?;
        let mut skips = vec![h.clone()];
        for down in &self.downs {
            h = down.forward(&h, &context, &mut skips)?;
        }
        h = self.mid.forward(&h, &context)?;
        for up in &self.ups {
            h = up.forward(&h, &context, &mut skips)?;
        }
        self.conv_out.forward(&self.norm_out.forward_silu(&h)?, border)
    }

    /// What every residual block sees, after SiLU: (batch, time width).
    fn time(&self, timesteps: &[f32], classes: Option<&Tensor>, device: &Device) -> Result<Tensor> {
        let waves = self.sinusoids(timesteps, device)?;
        let [first, second] = &self.time;
        let mut time = second.forward(&first.forward(&waves)?.silu()?)?;
        if let (Some(table), Some(classes)) = (&self.classes, classes) {
            time = (time + classes.matmul(table)?)?;
        }
        Ok(time.silu()?)
    }

    /// (batch, first width): sines and cosines, in the order the configuration says.
    fn sinusoids(&self, timesteps: &[f32], device: &Device) -> Result<Tensor> {
        let UNet2DConfig { block_out_channels, freq_shift, flip_sin_to_cos, .. } = &self.config;
        let half = block_out_channels[0] / 2;
        let step = -(10_000f32.ln()) / (half - freq_shift) as f32;
        let waves: [fn(f32) -> f32; 2] =
            if *flip_sin_to_cos { [f32::cos, f32::sin] } else { [f32::sin, f32::cos] };
        let mut values = Vec::with_capacity(timesteps.len() * 2 * half);
        for t in timesteps {
            for wave in waves {
                values.extend((0..half).map(|i| wave(t * (step * i as f32).exp())));
            }
        }
        Ok(Tensor::from_vec(values, (timesteps.len(), 2 * half), device)?)
    }
}

/// What diffusers called a weight of attention before its version 0.15.
fn former_name(name: &str) -> Option<String> {
    let names = [
        (".to_q.", ".query."),
        (".to_k.", ".key."),
        (".to_v.", ".value."),
        (".to_out.0.", ".proj_attn."),
    ];
    names.into_iter().find(|(now, _)| name.contains(now)).map(|(now, then)| name.replace(now, then))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// Numbers in the network of one of google's published models, whose blocks are plain but for one.
    fn published(side: usize, channels: &[usize], attention: usize) -> u64 {
        let levels = channels.len();
        let types = |plain: &str, other: &str, at: usize| -> Vec<String> {
            (0..levels).map(|level| if level == at { other } else { plain }.to_owned()).collect()
        };
        let config = json!({
            "sample_size": side,
            "block_out_channels": channels,
            "down_block_types": types("DownBlock2D", "AttnDownBlock2D", attention),
            "up_block_types": types("UpBlock2D", "AttnUpBlock2D", levels - 1 - attention),
            "attention_head_dim": null,
            "downsample_padding": 0,
            "flip_sin_to_cos": false,
            "freq_shift": 1,
            "norm_eps": 1e-6,
        });
        UNet2D::count(&serde_json::from_value(config).unwrap()).unwrap()
    }

    #[test]
    fn published_networks_have_as_many_weights_as_in_diffusers() {
        // google/ddpm-cifar10-32, then -cat-256, -church-256, -bedroom-256 and -celebahq-256.
        assert_eq!(published(32, &[128, 256, 256, 256], 1), 35_746_307);
        assert_eq!(published(256, &[128, 128, 256, 256, 512, 512], 4), 113_673_219);
    }
}
