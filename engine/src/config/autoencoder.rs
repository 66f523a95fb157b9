//! The network that makes pictures small for another to draw in, and how it learns.

use serde::{Deserialize, Serialize};

/// What a run trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AutoencoderKind {
    /// No autoencoder: the U-Net that draws.
    #[default]
    None,
    /// One whose latents are a Gaussian, held near the unit one: Kingma & Welling 2013 (arXiv
    /// 1312.6114).
    Kl,
    /// One whose latents are entries of a codebook: van den Oord et al. 2017 (arXiv 1711.00937).
    Vq,
}

impl AutoencoderKind {
    pub const NAMES: &[&str] = &["none", "kl", "vq"];
}

/// The shape of an autoencoder and the weights of its losses. Where StableDiffusion-PyTorch, the
/// reference's follow-up, has a name for a setting, it has that name here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AutoencoderParams {
    pub kind: AutoencoderKind,
    pub z_channels: usize,
    /// Whether the first latents begin with the picture made small.
    pub thumbnail: bool,
    pub codebook_size: usize,
    pub down_channels: Vec<usize>,
    pub mid_channels: Vec<usize>,
    pub down_sample: Vec<bool>,
    pub attn_down: Vec<bool>,
    pub num_down_layers: usize,
    pub num_mid_layers: usize,
    pub num_up_layers: usize,
    pub num_heads: usize,
    pub norm_channels: usize,
    pub kl_weight: f64,
    pub codebook_weight: f64,
    pub commitment_beta: f64,
    pub perceptual_weight: f64,
    pub disc_weight: f64,
    pub disc_start: usize,
    pub disc_channels: Vec<usize>,
}

impl Default for AutoencoderParams {
    fn default() -> Self {
        Self {
            kind: AutoencoderKind::None,
            z_channels: 4,
            thumbnail: false,
            codebook_size: 512,
            down_channels: vec![32, 64, 128],
            mid_channels: vec![128, 128],
            down_sample: vec![true, true],
            attn_down: Vec::new(),
            num_down_layers: 1,
            num_mid_layers: 1,
            num_up_layers: 1,
            num_heads: 4,
            norm_channels: 8,
            kl_weight: 1e-4,
            codebook_weight: 1.0,
            commitment_beta: 0.25,
            perceptual_weight: 1.0,
            disc_weight: 0.0,
            disc_start: 1000,
            disc_channels: vec![64, 128, 256],
        }
    }
}

impl AutoencoderParams {
    /// Number of blocks on the way down, and of blocks on the way up.
    pub fn levels(&self) -> usize {
        self.down_channels.len().saturating_sub(1)
    }

    /// Whether the block at `level`, on either side, uses attention.
    pub fn attention_at(&self, level: usize) -> bool {
        self.attn_down.get(level).copied().unwrap_or(false)
    }

    /// How many pixels along a side become one latent.
    pub fn factor(&self) -> usize {
        1 << self.halvings(self.levels())
    }

    /// How often width and height have been halved before the block at `level`.
    pub fn halvings(&self, level: usize) -> usize {
        self.down_sample.iter().take(level).filter(|&&halves| halves).count()
    }

    /// Channels that the encoder tells: of a Gaussian, its mean and the logarithm of its variance.
    pub fn told_channels(&self) -> usize {
        match self.kind {
            AutoencoderKind::Kl => 2 * self.z_channels,
            _ => self.z_channels,
        }
    }
}
