//! Autoencoders: pictures made small and large again, for a network to draw in the small (Rombach et
//! al. 2022, arXiv 2112.10752).
//!
//! The networks are those of StableDiffusion-PyTorch, the reference's follow-up, with its names for
//! the weights; its perceptual loss, LPIPS, needs a network whose weights are not at hand here, and
//! [`detail`] takes its place.

mod blocks;
mod codebook;
mod decoder;
pub mod detail;
mod discriminator;
mod encoder;
mod gaussian;
mod latents;
mod network;
mod thumbnail;

pub(crate) use codebook::latent_vectors;
pub use codebook::{Codebook, Quantized};
pub use discriminator::Discriminator;
pub use gaussian::Gaussian;
pub use latents::{LatentSpec, Latents, Standard};
pub use network::Network;

use candle_core::Tensor;

use crate::Result;
use crate::config::{AutoencoderKind, AutoencoderParams};
use crate::unet::Border;
use crate::unet::params::Params;
use decoder::Decoder;
use encoder::Encoder;

/// The codebook among the weights of an autoencoder that has one.
pub(crate) const CODEBOOK: &str = "embedding.weight";

/// An autoencoder for pictures with a number of channels.
#[derive(Clone, Debug, PartialEq)]
pub struct Spec {
    /// Of a kind that is one.
    pub params: AutoencoderParams,
    /// Channels of the pictures.
    pub channels: usize,
}

/// Encoder, decoder, and what stands between them.
#[derive(Clone, Debug)]
pub struct Autoencoder {
    encoder: Encoder,
    bottleneck: Bottleneck,
    decoder: Decoder,
}

/// What the latents are.
#[derive(Clone, Debug)]
enum Bottleneck {
    Gaussian { weight: f64 },
    Codebook { codebook: Codebook, weight: f64, commitment: f64 },
}

/// What an autoencoder makes of pictures while it learns.
#[derive(Debug)]
pub struct Pass {
    /// Of the pictures' shape.
    pub reconstruction: Tensor,
    /// What the latents cost, times its weight: (batch).
    pub latent_loss: Tensor,
    /// What was looked up, if there is a codebook.
    pub quantized: Option<Quantized>,
}

impl Network for Autoencoder {
    type Spec = Spec;

    fn build(spec: &Spec, params: &mut Params) -> Result<Self> {
        let encoder = Encoder::new(params, spec)?;
        let bottleneck = Bottleneck::new(params, &spec.params)?;
        Ok(Self { encoder, bottleneck, decoder: Decoder::new(params, spec)? })
    }
}

impl Bottleneck {
    fn new(params: &mut Params, shape: &AutoencoderParams) -> Result<Self> {
        Ok(match shape.kind {
            AutoencoderKind::Vq => Self::Codebook {
                codebook: Codebook::new(params, shape.codebook_size, shape.z_channels)?,
                weight: shape.codebook_weight,
                commitment: shape.commitment_beta,
            },
            AutoencoderKind::Kl | AutoencoderKind::None => {
                Self::Gaussian { weight: shape.kl_weight }
            }
        })
    }
}

impl Autoencoder {
    /// Pictures (batch, channels, height, width) in [-1, 1] to latents (batch, z_channels, height /
    /// factor, width / factor): the mean of a Gaussian, or what is looked up in a codebook, from
    /// before it is looked up.
    pub fn encode(&self, pictures: &Tensor, border: Border) -> Result<Tensor> {
        let told = self.encoder.forward(pictures, border)?;
        match &self.bottleneck {
            Bottleneck::Gaussian { .. } => Ok(Gaussian::told(&told)?.mean),
            Bottleneck::Codebook { .. } => Ok(told),
        }
    }

    /// Latents to pictures, which may lie a little outside [-1, 1]. Latents are first looked up in
    /// the codebook, if there is one.
    pub fn decode(&self, latents: &Tensor, border: Border) -> Result<Tensor> {
        match &self.bottleneck {
            Bottleneck::Gaussian { .. } => self.decoder.forward(latents, border),
            Bottleneck::Codebook { codebook, .. } => {
                self.decoder.forward(&codebook.quantize(latents)?.entries, border)
            }
        }
    }

    /// Down and up again, with all that is learned from. `noise`, unit Gaussian of the latents'
    /// shape, draws from a Gaussian latent; without it, its mean goes on.
    pub fn learning(&self, pictures: &Tensor, noise: Option<&Tensor>) -> Result<Pass> {
        let told = self.encoder.forward(pictures, Border::Zeros)?;
        let (latents, latent_loss, quantized) = match &self.bottleneck {
            Bottleneck::Gaussian { weight } => {
                let gaussian = Gaussian::told(&told)?;
                (gaussian.draw(noise)?, (gaussian.divergence()? * *weight)?, None)
            }
            Bottleneck::Codebook { codebook, weight, commitment } => {
                let quantized = codebook.quantize(&told)?;
                let loss = quantized.loss(*weight, *commitment)?;
                (quantized.straight_through()?, loss, Some(quantized))
            }
        };
        let reconstruction = self.decoder.forward(&latents, Border::Zeros)?;
        Ok(Pass { reconstruction, latent_loss, quantized })
    }
}
