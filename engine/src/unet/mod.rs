//! The U-Net of the reference code: predicts the noise in a noised image from it and its timestep,
//! and from its class as the reference's follow-up, StableDiffusion-PyTorch, has it.
//!
//! Weights carry the reference's names, so its checkpoints load as they are. Where the reference
//! ignores a number of its own YAML or hard-codes one, it is a setting here whose default matches
//! its weights: `num_heads` (4), `norm_groups` (8), `conv_out_channels` (16).

pub(crate) mod attention;
mod border;
mod change_embedding;
mod class_embedding;
pub(crate) mod context;
mod down;
mod dropout;
pub(crate) mod layers;
mod mid;
pub(crate) mod params;
mod resampling;
mod residual;
mod time_embedding;
mod up;

use std::collections::BTreeMap;

use candle_core::{DType, Device, Shape, Tensor, Var};

use crate::Result;
use crate::config::ModelParams;
pub use border::Border;
pub(crate) use border::wrapped;
use change_embedding::ChangeEmbedding;
pub(crate) use change_embedding::is_told_in_training;
use class_embedding::ClassEmbedding;
use context::Context;
use down::Down;
pub use dropout::Dropout;
use layers::{Conv2d, GroupNorm};
use mid::Mid;
use params::{Init, Params};
use time_embedding::TimeEmbedding;
use up::Up;

/// Weights by name.
pub type Weights = BTreeMap<String, Tensor>;

/// What a network is told of each image besides its timestep.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told<'a> {
    /// (batch, num_classes): weighs the classes each image is to show, zeros for none in particular.
    pub classes: Option<&'a Tensor>,
    /// (batch, 9): how each image was warped; zeros, or nothing, for one that was not.
    pub warps: Option<&'a Tensor>,
    /// (batch, 3): what was cut out of each image; zeros, or nothing, for a whole one.
    pub cutouts: Option<&'a Tensor>,
}

impl<'a> Told<'a> {
    fn classes(classes: Option<&'a Tensor>) -> Self {
        Self { classes, ..Self::default() }
    }
}

/// Predicts noise, or what it is trained to: (batch, channels, height, width) and a timestep each, to
/// the same shape; with as many channels again where it tells a variance too.
#[derive(Clone, Debug)]
pub struct UNet {
    time: TimeEmbedding,
    classes: Option<ClassEmbedding>,
    warps: Option<ChangeEmbedding>,
    cutouts: Option<ChangeEmbedding>,
    conv_in: Conv2d,
    downs: Vec<Down>,
    mids: Vec<Mid>,
    ups: Vec<Up>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl UNet {
    /// A network with fresh weights drawn from `seed`, and those weights, for training.
    pub fn fresh(
        model: &ModelParams,
        seed: u64,
        device: &Device,
    ) -> Result<(Self, BTreeMap<String, Var>)> {
        let mut vars = BTreeMap::new();
        let mut lookup = |name: &str, shape: Shape, init| {
            let silent = model.zero_init && ends_a_branch(name);
            let init = if silent { Init::Zeros } else { init };
            let var = params::fresh(seed, vars.len() as u64, &shape, init, device)?;
            let tensor = var.as_tensor().clone();
            vars.insert(name.to_owned(), var);
            Ok(tensor)
        };
        let unet = Self::build(model, &mut Params::new(&mut lookup))?;
        Ok((unet, vars))
    }

    /// A network on weights that stand; each is checked for its shape.
    pub fn from_weights(model: &ModelParams, weights: &Weights) -> Result<Self> {
        let mut lookup = |name: &str, shape: Shape, _| match weights.get(name) {
            Some(tensor) if *tensor.shape() == shape => Ok(tensor.clone()),
            other => Err(params::misfit(name, &shape, other.map(|tensor| tensor.shape()))),
        };
        Self::build(model, &mut Params::new(&mut lookup))
    }

    /// Names and shapes of all weights, in the order the network is built.
    pub fn shapes(model: &ModelParams) -> Result<Vec<(String, Shape)>> {
        let mut shapes = Vec::new();
        let mut lookup = |name: &str, shape: Shape, _| {
            shapes.push((name.to_owned(), shape.clone()));
            // One number seen everywhere: building needs the shape, not the memory.
            Ok(Tensor::zeros((), DType::F32, &Device::Cpu)?.broadcast_as(shape)?)
        };
        Self::build(model, &mut Params::new(&mut lookup))?;
        Ok(shapes)
    }

    fn build(model: &ModelParams, params: &mut Params) -> Result<Self> {
        let time = TimeEmbedding::new(params, model.time_emb_dim)?;
        let classes = (model.num_classes > 0)
            .then(|| ClassEmbedding::new(params, model.num_classes, model.time_emb_dim));
        let conv_in = params.within("conv_in", |params| {
            Conv2d::three(params, model.im_channels, model.down_channels[0])
        })?;
        let downs = (0..model.levels())
            .map(|level| Down::new(params, model, level))
            .collect::<Result<_>>()?;
        let mids = (0..model.mid_channels.len() - 1)
            .map(|index| Mid::new(params, model, index))
            .collect::<Result<_>>()?;
        let ups = (0..model.levels())
            .rev()
            .map(|level| Up::new(params, model, level))
            .collect::<Result<_>>()?;
        let norm_out = params.within("norm_out", |params| {
            GroupNorm::new(params, model.norm_groups, model.conv_out_channels)
        })?;
        let conv_out = params.within("conv_out", |params| {
            Conv2d::three(params, model.conv_out_channels, model.out_channels())
        })?;
        // Last, so that the other weights begin the same with it and without.
        let warps =
            model.told_of_warps.then(|| ChangeEmbedding::of_warps(params, model.time_emb_dim));
        let warps = warps.transpose()?;
        let cutouts =
            model.told_of_cutouts.then(|| ChangeEmbedding::of_cutouts(params, model.time_emb_dim));
        Ok(Self {
            time,
            classes: classes.transpose()?,
            warps,
            cutouts: cutouts.transpose()?,
            conv_in,
            downs,
            mids,
            ups,
            norm_out,
            conv_out,
        })
    }

    /// What the network predicts of `x` (batch, channels, height, width), noised up to a timestep
    /// each; of its shape. `classes` are as in [`Told`]; a network without classes has no use for them.
    pub fn forward(
        &self,
        x: &Tensor,
        timesteps: &[f32],
        classes: Option<&Tensor>,
    ) -> Result<Tensor> {
        self.pass(x, timesteps, Told::classes(classes), Border::Zeros, None)
    }

    /// As [`Self::forward`], of images that may be warped, with what `dropout` says left out.
    pub fn learning(
        &self,
        x: &Tensor,
        timesteps: &[f32],
        told: Told,
        dropout: Option<&Dropout>,
    ) -> Result<Tensor> {
        self.pass(x, timesteps, told, Border::Zeros, dropout)
    }

    /// As [`Self::forward`], with another border around the image.
    pub fn bordered(
        &self,
        x: &Tensor,
        timesteps: &[f32],
        classes: Option<&Tensor>,
        border: Border,
    ) -> Result<Tensor> {
        self.pass(x, timesteps, Told::classes(classes), border, None)
    }

    fn pass(
        &self,
        x: &Tensor,
        timesteps: &[f32],
        told: Told,
        border: Border,
        dropout: Option<&Dropout>,
    ) -> Result<Tensor> {
        let time = self.time(timesteps, told, x.device())?;
        let context = Context { time, border, dropout };
        let (mut h, skips) = self.descend(x, &context)?;
        for (up, skip) in self.ups.iter().zip(skips.iter().rev()) {
            h = up.forward(&h, skip, &context)?;
        }
        self.conv_out.forward(&self.norm_out.forward_silu(&h)?, border)
    }

    /// What every block sees of timesteps and what else is told: (batch, time_emb_dim).
    fn time(&self, timesteps: &[f32], told: Told, device: &Device) -> Result<Tensor> {
        let mut time = self.time.forward(timesteps, device)?;
        if let (Some(embedding), Some(classes)) = (&self.classes, told.classes) {
            time = (time + embedding.forward(classes)?)?;
        }
        let changes = [(&self.warps, told.warps), (&self.cutouts, told.cutouts)];
        for (embedding, labels) in changes {
            if let (Some(embedding), Some(labels)) = (embedding, labels) {
                time = (time + embedding.forward(labels)?)?;
            }
        }
        Ok(time.silu()?)
    }

    /// The left side and the bottom of the U: (batch, last mid channels, height', width'), and the
    /// skips from the first to the last.
    fn descend(&self, x: &Tensor, context: &Context) -> Result<(Tensor, Vec<Tensor>)> {
        let mut h = self.conv_in.forward(x, context.border)?;
        // As in the reference, a skip is what goes into a down block.
        let mut skips = Vec::with_capacity(self.downs.len());
        for down in &self.downs {
            skips.push(h.clone());
            h = down.forward(&h, context)?;
        }
        for mid in &self.mids {
            h = mid.forward(&h, context)?;
        }
        Ok((h, skips))
    }

    /// What the bottom of the U holds of `x` (batch, channels, height, width) at a timestep each, the
    /// mean over its pixels: (batch, last mid channels).
    pub fn summary(&self, x: &Tensor, timesteps: &[f32]) -> Result<Tensor> {
        let time = self.time(timesteps, Told::default(), x.device())?;
        let (h, _) = self.descend(x, &Context { time, border: Border::Zeros, dropout: None })?;
        Ok(h.mean((2, 3))?)
    }
}

/// Whether a weight is the last before a block's result is added to what went around the block, or
/// the last of all.
fn ends_a_branch(name: &str) -> bool {
    let last_convolution = name.contains(".resnet_conv_second.")
        && (name.ends_with(".2.weight") || name.ends_with(".2.bias"));
    last_convolution || name.contains(".out_proj.") || name.starts_with("conv_out.")
}
