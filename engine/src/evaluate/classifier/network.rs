//! The layers of a classifier.

use candle_core::Tensor;

use super::Spec;
use crate::Result;
use crate::autoencoder::Network;
use crate::kernels;
use crate::unet::Border;
use crate::unet::layers::{Conv2d, GroupNorm, Linear};
use crate::unet::params::Params;

/// Numbers that stand for a picture.
pub const WIDTH: usize = 64;
/// Groups of every group normalisation.
const GROUPS: usize = 8;
/// Pictures above this have a block more, for the last to see about as many pixels.
const LARGE: usize = 32;

/// Blocks of a 3x3 convolution, group norm and SiLU, each but the first on pixels half as wide and
/// high; their mean is what stands for the picture, and a linear layer tells its class.
#[derive(Clone, Debug)]
pub(super) struct Layers {
    blocks: Vec<(Conv2d, GroupNorm)>,
    last: Linear,
}

impl Network for Layers {
    type Spec = Spec;

    fn build(spec: &Spec, params: &mut Params) -> Result<Self> {
        let widths: &[usize] =
            if spec.side > LARGE { &[3, 16, 16, 32, WIDTH] } else { &[3, 16, 32, WIDTH] };
        let pairs = widths.windows(2).enumerate();
        let blocks = pairs
            .map(|(at, pair)| params.within(at, |params| block(params, pair[0], pair[1])))
            .collect::<Result<_>>()?;
        let last = params.within("last", |params| Linear::new(params, WIDTH, spec.classes))?;
        Ok(Self { blocks, last })
    }
}

fn block(params: &mut Params, inputs: usize, outputs: usize) -> Result<(Conv2d, GroupNorm)> {
    let conv = params.within("conv", |params| Conv2d::three(params, inputs, outputs))?;
    Ok((conv, params.within("norm", |params| GroupNorm::new(params, GROUPS, outputs))?))
}

impl Layers {
    /// What stands for each of `pictures` (batch, 3, side, side): (batch, [`WIDTH`]).
    pub fn features(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut h = pictures.clone();
        for (at, (conv, norm)) in self.blocks.iter().enumerate() {
            if at > 0 {
                h = kernels::halve(&h)?;
            }
            h = norm.forward_silu(&conv.forward(&h, Border::Zeros)?)?;
        }
        Ok(h.mean((2, 3))?)
    }

    /// How much speaks for each class, before any softmax: (batch, classes).
    pub fn classes(&self, pictures: &Tensor) -> Result<Tensor> {
        self.last.forward(&self.features(pictures)?)
    }
}
