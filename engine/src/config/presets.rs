//! Ready-made configurations.

use super::{AutoencoderKind, AutoencoderParams, ModelParams, Prediction, RunConfig};

/// A named configuration to start from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Preset {
    pub name: &'static str,
    /// One sentence for the picker.
    pub about: &'static str,
}

/// All presets, the default one first.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "small",
        about: "28×28 pictures on a laptop's processor: shapes within minutes, clear ones in a quarter of an hour.",
    },
    Preset {
        name: "reference",
        about: "The network and recipe of the DDPM video, 10 million weights: for a graphics card.",
    },
    Preset {
        name: "sprites",
        about: "32×32 colour pictures, such as sprites, on a laptop's processor: shapes within a quarter of an hour, clear ones in an hour.",
    },
    Preset { name: "rgb", about: "The reference network for colour pictures." },
    Preset {
        name: "autoencoder",
        about: "First of two runs for larger pictures on a laptop's processor: learns to make 64×64 colour pictures small and large again.",
    },
    Preset {
        name: "latent",
        about: "Second of two runs: draws 64×64 colour pictures in the latents of the first, sixteen times fewer than pixels.",
    },
];

impl RunConfig {
    /// The preset called `name`.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "small" => Some(small()),
            "reference" => Some(Self::default()),
            "sprites" => Some(sprites()),
            "rgb" => Some(rgb()),
            "autoencoder" => Some(autoencoder()),
            "latent" => Some(latent()),
            _ => None,
        }
    }
}

/// Narrow where there are many pixels, attention only where there are few, a rate twenty times the
/// reference's, and averaged weights: what brings clear pictures soonest on two cores.
fn small() -> RunConfig {
    let mut config = RunConfig::default();
    config.model_params = ModelParams {
        down_channels: vec![16, 32, 64, 96],
        mid_channels: vec![96, 96, 64],
        attn_down: vec![false, true, true],
        num_down_layers: 1,
        num_mid_layers: 1,
        num_up_layers: 1,
        ..config.model_params
    };
    let train = &mut config.train_params;
    train.batch_size = 32;
    train.num_steps = 6000;
    train.lr = 2e-3;
    train.warmup_steps = 100;
    train.lr_schedule = "cosine".into();
    train.grad_clip = 1.0;
    train.ema_decay = 0.998;
    train.checkpoint_every = 1000;
    train.sample_every = 500;
    train.num_samples = 16;
    train.num_grid_rows = 8;
    train.sample_steps = 50;
    config
}

/// Twice as wide as `small`, and v instead of noise: on a plain ground, noise predicted a little wrong
/// is a picture of blots.
fn sprites() -> RunConfig {
    let mut config = small();
    config.model_params = ModelParams {
        im_channels: 3,
        im_size: 32,
        down_channels: vec![32, 64, 96, 128],
        mid_channels: vec![128, 128, 96],
        conv_out_channels: 32,
        ..config.model_params
    };
    config.diffusion_params.prediction_type = Prediction::Velocity;
    let train = &mut config.train_params;
    train.task_name = "sprites".into();
    train.num_steps = 8000;
    train.ema_decay = 0.999;
    config
}

fn rgb() -> RunConfig {
    let mut config = RunConfig::default();
    config.model_params.im_channels = 3;
    config
}

fn autoencoder() -> RunConfig {
    let mut config = small();
    config.model_params.im_channels = 3;
    config.model_params.im_size = 64;
    config.autoencoder_params = AutoencoderParams {
        kind: AutoencoderKind::Kl,
        thumbnail: true,
        norm_channels: 4,
        down_channels: vec![16, 32, 48],
        mid_channels: vec![48, 48],
        perceptual_weight: 0.5,
        disc_channels: vec![16, 32, 64],
        ..AutoencoderParams::default()
    };
    let train = &mut config.train_params;
    train.task_name = "autoencoder".into();
    train.batch_size = 16;
    train.num_steps = 2000;
    config
}

/// Latents are few, so that the network can be wide. It predicts v: where x is almost all noise, an
/// error in the noise it predicts would count a hundredfold in the picture, and latents, unlike
/// pixels, have no bounds to clip it to.
fn latent() -> RunConfig {
    let mut config = small();
    config.model_params = ModelParams {
        im_channels: 3,
        im_size: 64,
        down_channels: vec![32, 64, 96],
        mid_channels: vec![96, 96, 64],
        down_sample: vec![true, true],
        attn_down: vec![false, true],
        conv_out_channels: 32,
        autoencoder: "autoencoder".into(),
        ..config.model_params
    };
    config.diffusion_params.prediction_type = Prediction::Velocity;
    config.train_params.task_name = "latent".into();
    config
}
