//! A network that tells pictures from reconstructions, patch by patch (Isola et al. 2016, arXiv
//! 1611.07004), trained by least squares (Mao et al. 2016, arXiv 1611.04076) as in the reference's
//! follow-up.
//!
//! Where that has batch norm, this has group norm: what it says of a picture then depends on no
//! other picture of the batch.

use candle_core::Tensor;

use super::{Network, Spec};
use crate::Result;
use crate::kernels::ConvShape;
use crate::unet::Border;
use crate::unet::layers::{Conv2d, GroupNorm};
use crate::unet::params::Params;

/// Slope of the activation below zero.
const LEAK: f64 = 0.2;

/// 4x4 convolutions that halve the size, then one that tells.
#[derive(Clone, Debug)]
pub struct Discriminator {
    layers: Vec<(Conv2d, Option<GroupNorm>)>,
    last: Conv2d,
}

impl Network for Discriminator {
    type Spec = Spec;

    fn build(spec: &Spec, params: &mut Params) -> Result<Self> {
        let widths: Vec<usize> =
            [spec.channels].into_iter().chain(spec.params.disc_channels.clone()).collect();
        let groups = spec.params.norm_channels;
        params.within("discriminator.layers", |params| {
            let layers = widths.windows(2).enumerate();
            let layers = layers
                .map(|(at, pair)| params.within(at, |params| layer(params, at, pair, groups)))
                .collect::<Result<_>>()?;
            let last = params.within(format!("{}.0", widths.len() - 1), |params| {
                let keep = ConvShape { stride: 1, padding: 1 };
                Conv2d::new(params, widths[widths.len() - 1], 1, 4, keep)
            })?;
            Ok(Self { layers, last })
        })
    }
}

/// The first layer has no norm.
fn layer(
    params: &mut Params,
    at: usize,
    widths: &[usize],
    groups: usize,
) -> Result<(Conv2d, Option<GroupNorm>)> {
    let halve = ConvShape { stride: 2, padding: 1 };
    let conv = params.within(0, |params| Conv2d::new(params, widths[0], widths[1], 4, halve))?;
    let norm =
        (at > 0).then(|| params.within(1, |params| GroupNorm::new(params, groups, widths[1])));
    Ok((conv, norm.transpose()?))
}

impl Discriminator {
    /// How real each patch of `pictures` (batch, channels, height, width) looks, about 1 for
    /// pictures and 0 for reconstructions: (batch, 1, rows, columns).
    pub fn forward(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut h = pictures.clone();
        for (conv, norm) in &self.layers {
            h = conv.forward(&h, Border::Zeros)?;
            if let Some(norm) = norm {
                h = norm.forward(&h)?;
            }
            h = leaky(&h)?;
        }
        self.last.forward(&h, Border::Zeros)
    }

    /// How far what it says of `pictures` is from `truth`, the mean square over patches: (batch).
    pub fn error(&self, pictures: &Tensor, truth: f64) -> Result<Tensor> {
        Ok((self.forward(pictures)? - truth)?.sqr()?.mean((1, 2, 3))?)
    }
}

fn leaky(x: &Tensor) -> Result<Tensor> {
    Ok(((x.relu()? * (1.0 - LEAK))? + (x * LEAK)?)?)
}
