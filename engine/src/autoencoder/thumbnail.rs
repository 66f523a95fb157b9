//! The picture made small, as what the first latents begin with.
//!
//! Layers learn colours late, because they vary less than brightness. A way past all layers, without
//! weights, has them from the first step on, and the layers learn what it lacks. Chen et al. 2024 (DC-AE, arXiv 2410.10733) lay such ways around their blocks; here is one
//! around the whole of each side.

use candle_core::{DType, Device, Tensor};

use super::Spec;
use super::detail::halved;
use crate::Result;
use crate::unet::Border;
use crate::unet::layers::ConvTranspose2d;

/// Natural logarithm of the variance that Gaussian latents begin with: noise of a twentieth beside
/// pictures within [-1, 1].
const LOG_VARIANCE: f64 = -6.0;

/// The way around encoder and decoder.
#[derive(Clone, Debug)]
pub(super) struct Thumbnail {
    /// Colour channels.
    channels: usize,
    z_channels: usize,
    told_channels: usize,
    halvings: usize,
}

impl Thumbnail {
    /// None where `spec` has none.
    pub fn new(spec: &Spec) -> Option<Self> {
        let shape = &spec.params;
        shape.thumbnail.then(|| Self {
            channels: spec.channels,
            z_channels: shape.z_channels,
            told_channels: shape.told_channels(),
            halvings: shape.halvings(shape.levels()),
        })
    }

    /// What the encoder's layers add to: pictures (batch, channels, height, width) as means of
    /// squares, zeros for the other latents, and variances for Gaussian ones; (batch, told channels,
    /// height / factor, width / factor).
    pub fn small(&self, pictures: &Tensor) -> Result<Tensor> {
        let mut small = pictures.clone();
        for _ in 0..self.halvings {
            small = halved(&small)?;
        }
        let (batch, _, height, width) = small.dims4()?;
        let plane = |channels: usize, value: f64| -> Result<Tensor> {
            let ones = Tensor::ones((batch, channels, height, width), DType::F32, small.device())?;
            Ok((ones * value)?)
        };
        let others = plane(self.z_channels - self.channels, 0.0)?;
        let variances = plane(self.told_channels - self.z_channels, LOG_VARIANCE)?;
        let parts = [&small, &others, &variances];
        let parts: Vec<&Tensor> = parts.into_iter().filter(|part| part.elem_count() > 0).collect();
        Ok(Tensor::cat(&parts, 1)?)
    }

    /// What the decoder's layers add to: the first of the latents (batch, z_channels, height, width),
    /// smoothly made large, (batch, channels, height · factor, width · factor).
    pub fn large(&self, latents: &Tensor, border: Border) -> Result<Tensor> {
        let grow = linear(self.channels, latents.device())?;
        let mut large = latents.narrow(1, 0, self.channels)?.contiguous()?;
        let (_, _, height, width) = large.dims4()?;
        let mut share =
            Tensor::ones((1, self.channels, height, width), DType::F32, large.device())?;
        for _ in 0..self.halvings {
            large = grow.forward(&large, border)?;
            share = grow.forward(&share, border)?;
        }
        // At the rim, a part of the weights lies beyond the picture.
        Ok(large.broadcast_div(&share)?)
    }
}

/// Linear interpolation to twice the size, channel by channel.
fn linear(channels: usize, device: &Device) -> Result<ConvTranspose2d> {
    let row = Tensor::new(&[0.25f32, 0.75, 0.75, 0.25], device)?;
    let kernel = row.reshape((4, 1))?.broadcast_mul(&row.reshape((1, 4))?)?;
    let alone = Tensor::eye(channels, DType::F32, device)?.reshape((channels, channels, 1, 1))?;
    let weight = alone.broadcast_mul(&kernel.reshape((1, 1, 4, 4))?)?;
    Ok(ConvTranspose2d::from(weight, Tensor::zeros(channels, DType::F32, device)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{AutoencoderKind, AutoencoderParams};

    fn thumbnail(kind: AutoencoderKind) -> Thumbnail {
        let params = AutoencoderParams { kind, thumbnail: true, ..AutoencoderParams::default() };
        Thumbnail::new(&Spec { params, channels: 3 }).unwrap()
    }

    fn numbers(tensor: &Tensor) -> Vec<f32> {
        tensor.flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn latents_begin_with_the_means_of_squares() {
        let pictures: Vec<f32> = (0..3 * 64).map(|at| (at / 64) as f32 + (at % 2) as f32).collect();
        let pictures = Tensor::from_vec(pictures, (1, 3, 8, 8), &Device::Cpu).unwrap();
        let small = thumbnail(AutoencoderKind::Kl).small(&pictures).unwrap();
        assert_eq!(small.dims(), [1, 8, 2, 2]);
        let wanted = [0.5, 1.5, 2.5, 0.0, -6.0, -6.0, -6.0, -6.0];
        let wanted: Vec<f32> = wanted.into_iter().flat_map(|value| [value; 4]).collect();
        assert_eq!(numbers(&small), wanted);
        assert_eq!(thumbnail(AutoencoderKind::Vq).small(&pictures).unwrap().dims(), [1, 4, 2, 2]);
    }

    #[test]
    fn a_plain_picture_stays_plain_to_its_rim() {
        let plain = Tensor::full(0.7f32, (2, 4, 3, 5), &Device::Cpu).unwrap();
        for border in [Border::Zeros, Border::Opposite] {
            let large = thumbnail(AutoencoderKind::Kl).large(&plain, border).unwrap();
            assert_eq!(large.dims(), [2, 3, 12, 20]);
            assert!(numbers(&large).iter().all(|x| (x - 0.7).abs() < 1e-6), "{border:?}");
        }
    }

    #[test]
    fn edges_become_slopes() {
        let edge = Tensor::new(&[0f32, 0.0, 1.0, 1.0], &Device::Cpu).unwrap();
        let edge = edge.reshape((1, 1, 1, 4)).unwrap().broadcast_as((1, 4, 2, 4)).unwrap();
        let large = thumbnail(AutoencoderKind::Kl).large(&edge, Border::Zeros).unwrap();
        let row = &numbers(&large)[..16];
        assert!(row.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6), "{row:?}");
        assert!(row[0].abs() < 1e-6 && (row[15] - 1.0).abs() < 1e-6, "{row:?}");
        assert!(row[6] > 0.05 && row[9] < 0.95, "{row:?}");
    }
}
