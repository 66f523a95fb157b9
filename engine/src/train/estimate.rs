//! What a run takes, before it begins.

use super::shards::{at_once, shard_of};
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
/// `autoencoder` is that in whose latents the run draws, if it does. On the CPU it tells a little more
/// than what was measured, and more the more threads learn at once.
pub fn memory_estimate(
    config: &RunConfig,
    autoencoder: Option<&Header>,
    images: u64,
    on_cpu: bool,
) -> u64 {
    let kept = if on_cpu { BY_THE_TAPE.dropping(config.train_params.dropout) } else { BY_CANDLE };
    let batch = config.train_params.batch_size;
    let (shards, images_held) = match on_cpu {
        true => (at_once(batch), batch.min(at_once(batch) * shard_of(batch))),
        false => (1, batch),
    };
    // Weights, two means, and gradients: their sum, and those of each shard that is learned from.
    let gradients = if shards > 1 { shards as u64 + 1 } else { 1 };
    let copies = 3 + gradients + u64::from(config.train_params.average_decay().is_some());
    let (weights, activations) = match config.is_autoencoder() {
        true => (
            copies * weights_in(config, None) + (3 + gradients) * judge(config),
            of_autoencoder(config),
        ),
        false => {
            let still = autoencoder
                .and_then(Header::autoencoder)
                .map_or(0, |spec| Autoencoder::count(&spec).unwrap_or_default());
            let network = built(config, autoencoder);
            (copies * weights_of(&network) + still, of_network(&network, kept))
        }
    };
    (weights + activations * images_held as u64) * 4
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

/// Tensors of a block's size that are kept for its backward pass.
#[derive(Clone, Copy)]
struct Kept {
    residual: u64,
    attention: u64,
}

/// What the kernels' tape keeps: norms, what they were made from, and the result; of attention queries,
/// keys and values too.
const BY_THE_TAPE: Kept = Kept { residual: 4, attention: 5 };
/// What candle's graph keeps: all that was computed.
const BY_CANDLE: Kept = Kept { residual: 8, attention: 6 };

impl Kept {
    /// Dropout is candle's own: what it is applied to, and what it leaves out, are kept besides.
    fn dropping(self, dropout: f64) -> Self {
        Self { residual: self.residual + if dropout > 0.0 { 2 } else { 0 }, ..self }
    }

    fn of(self, attends: bool) -> u64 {
        self.residual + if attends { self.attention } else { 0 }
    }
}

/// Numbers of one image that are kept for the backward pass.
fn of_network(model: &ModelParams, kept: Kept) -> u64 {
    let mut area = (model.im_size * model.im_size) as u64;
    let mut activations = 0u64;
    for level in 0..model.levels() {
        let outer = model.down_channels[level + 1].max(model.down_channels[level]) as u64;
        let layers = (model.num_down_layers + model.num_up_layers) as u64;
        activations += area * outer * layers * kept.of(model.attention_at(level));
        if model.down_sample[level] {
            if model.down_sample_kind == DownSampleKind::Pool {
                // The doubled pixels that the convolution behind them saw.
                activations += area * model.down_channels[level] as u64;
            }
            area /= 4;
        }
    }
    let mid = model.mid_channels.iter().copied().max().unwrap_or(0) as u64;
    let mids = (model.num_mid_layers * model.mid_channels.len()) as u64;
    activations + area * mid * mids * kept.of(true)
}

/// The same for an autoencoder, by what is surely enough: it was not measured since the tape keeps less.
fn of_autoencoder(config: &RunConfig) -> u64 {
    let kept = BY_CANDLE;
    let params: &AutoencoderParams = &config.autoencoder_params;
    let side = config.model_params.im_size;
    let area = |halvings: usize| ((side * side) >> (2 * halvings)) as u64;
    let level = |level: usize| {
        let outer = params.down_channels[level].max(params.down_channels[level + 1]) as u64;
        let layers = (params.num_down_layers + params.num_up_layers) as u64;
        area(params.halvings(level)) * outer * layers * kept.of(params.attention_at(level))
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
    levels + area(params.halvings(params.levels())) * mid * mids * kept.of(true) + judge
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_tells_a_little_more_than_what_was_measured() {
        // By `darkroom bench --batch 64`, which averages no weights, on two threads.
        for (file, measured) in
            [("reference", 643_000_000), ("small", 162_000_000), ("narrow", 160_000_000)]
        {
            let path = format!("{}/../bench/{file}.yaml", env!("CARGO_MANIFEST_DIR"));
            let mut config = RunConfig::from_yaml(&std::fs::read_to_string(path).unwrap()).unwrap();
            config.train_params.batch_size = 64;
            (config.train_params.ema_decay, config.train_params.ema_half_life) = (0.0, 0);
            let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
            let told = |config: &RunConfig| pool.install(|| memory_estimate(config, None, 0, true));
            let estimate = told(&config);
            let share = estimate as f64 / f64::from(measured);
            assert!((1.0..1.35).contains(&share), "{file}: {share}");
            config.train_params.dropout = 0.1;
            assert!(told(&config) > estimate, "{file} with dropout");
        }
    }
}
