//! What a run takes, before it begins.

use super::space::LATENTS_KEPT;
use crate::autoencoder::{Autoencoder, Discriminator, Network, Spec};
use crate::checkpoint::Header;
use crate::config::{AutoencoderParams, DownSampleKind, ModelParams, RunConfig};
use crate::unet::UNet;

/// How many numbers a network of this shape trains.
pub fn weights_of(model: &ModelParams) -> u64 {
    let shapes = UNet::shapes(model).unwrap_or_default();
    shapes.iter().map(|(_, shape)| shape.elem_count() as u64).sum()
}

/// How many numbers the network that the run of `config` makes has: the autoencoder or, if it draws in
/// the latents of `autoencoder`, the network that draws.
pub fn weights_in(config: &RunConfig, autoencoder: Option<&Header>) -> u64 {
    match config.is_autoencoder() {
        true => Autoencoder::count(&spec_of(config)).unwrap_or_default(),
        false => weights_of(&built(config, autoencoder)),
    }
}

/// Bytes that training takes at its peak, roughly: weights with gradients, averages and optimizer,
/// the activations that the backward pass needs, and all `images` images of the data set.
/// `autoencoder` is that in whose latents the run draws, if it does.
pub fn memory_estimate(config: &RunConfig, autoencoder: Option<&Header>, images: u64) -> u64 {
    let copies = if config.train_params.average_decay().is_some() { 5 } else { 4 };
    let (weights, activations) = match config.is_autoencoder() {
        true => (copies * weights_in(config, None) + 4 * judge(config), of_autoencoder(config)),
        false => {
            let still = autoencoder
                .and_then(Header::autoencoder)
                .map_or(0, |spec| Autoencoder::count(&spec).unwrap_or_default());
            let network = built(config, autoencoder);
            (copies * weights_of(&network) + still, of_network(&network))
        }
    };
    (weights + activations * config.train_params.batch_size as u64) * 4
        + of_images(config, autoencoder, images)
        + (64 << 20)
}

/// Bytes of images as they are held, and of the latents that are kept beside them.
fn of_images(config: &RunConfig, autoencoder: Option<&Header>, images: u64) -> u64 {
    let numbers = |model: &ModelParams| (model.im_channels * model.im_size * model.im_size) as u64;
    let latents = match autoencoder {
        Some(_) => images.saturating_mul(4 * numbers(&built(config, autoencoder))),
        None => 0,
    };
    images.saturating_mul(numbers(&config.model_params)) + latents.min(LATENTS_KEPT as u64)
}

fn spec_of(config: &RunConfig) -> Spec {
    let channels = config.model_params.im_channels;
    Spec { params: config.autoencoder_params.clone(), channels }
}

/// The network that draws, as it is built.
fn built(config: &RunConfig, autoencoder: Option<&Header>) -> ModelParams {
    let network = config.network();
    match autoencoder.and_then(Header::autoencoder).filter(|_| network.draws_latents()) {
        Some(spec) => network.in_latents(&spec.params),
        None => network,
    }
}

/// Numbers that the judge of an autoencoder trains.
fn judge(config: &RunConfig) -> u64 {
    match config.autoencoder_params.disc_weight > 0.0 {
        true => Discriminator::count(&spec_of(config)).unwrap_or_default(),
        false => 0,
    }
}

/// Numbers of one image that are kept for the backward pass.
fn of_network(model: &ModelParams) -> u64 {
    let mut area = (model.im_size * model.im_size) as u64;
    let mut activations = 0u64;
    for level in 0..model.levels() {
        let outer = model.down_channels[level + 1].max(model.down_channels[level]) as u64;
        let attention = if model.attention_at(level) { 6 } else { 0 };
        let layers = (model.num_down_layers + model.num_up_layers) as u64;
        activations += area * outer * layers * (8 + attention);
        if model.down_sample[level] {
            if model.down_sample_kind == DownSampleKind::Pool {
                // The doubled pixels that the convolution behind them saw.
                activations += area * model.down_channels[level] as u64;
            }
            area /= 4;
        }
    }
    let mid = model.mid_channels.iter().copied().max().unwrap_or(0) as u64;
    activations + area * mid * (model.num_mid_layers * model.mid_channels.len()) as u64 * 14
}

fn of_autoencoder(config: &RunConfig) -> u64 {
    let params: &AutoencoderParams = &config.autoencoder_params;
    let side = config.model_params.im_size;
    let area = |halvings: usize| ((side * side) >> (2 * halvings)) as u64;
    let level = |level: usize| {
        let outer = params.down_channels[level].max(params.down_channels[level + 1]) as u64;
        let attention = if params.attention_at(level) { 6 } else { 0 };
        let layers = (params.num_down_layers + params.num_up_layers) as u64;
        area(params.halvings(level)) * outer * layers * (8 + attention)
    };
    let levels: u64 = (0..params.levels()).map(level).sum();
    let mid = params.mid_channels.iter().copied().max().unwrap_or(0) as u64;
    let mids = 2 * params.num_mid_layers as u64 * params.mid_channels.len() as u64;
    let judged = params.disc_channels.iter().enumerate();
    let judge: u64 = match params.disc_weight > 0.0 {
        // Once for the autoencoder, twice for the judge itself.
        true => judged.map(|(at, &channels)| 3 * 6 * area(at + 1) * channels as u64).sum(),
        false => 0,
    };
    levels + area(params.halvings(params.levels())) * mid * mids * 14 + judge
}
