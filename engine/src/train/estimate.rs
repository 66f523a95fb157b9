//! What a run takes, before it begins.

use crate::config::{ModelParams, RunConfig};
use crate::unet::UNet;

/// How many numbers a network of this shape trains.
pub fn weights_of(model: &ModelParams) -> u64 {
    let shapes = UNet::shapes(model).unwrap_or_default();
    shapes.iter().map(|(_, shape)| shape.elem_count() as u64).sum()
}

/// Bytes that training takes at its peak, roughly: weights with gradients, averages and optimizer,
/// and the activations that the backward pass needs.
pub fn memory_estimate(config: &RunConfig) -> u64 {
    let model = &config.model_params;
    let copies = if config.train_params.average_decay().is_some() { 5 } else { 4 };
    let weights = weights_of(model) * copies * 4;
    let mut area = (model.im_size * model.im_size) as u64;
    let mut activations = 0u64;
    for level in 0..model.levels() {
        let outer = model.down_channels[level + 1].max(model.down_channels[level]) as u64;
        let attention = if model.attention_at(level) { 6 } else { 0 };
        let layers = (model.num_down_layers + model.num_up_layers) as u64;
        activations += area * outer * layers * (8 + attention);
        if model.down_sample[level] {
            area /= 4;
        }
    }
    let mid = model.mid_channels.iter().copied().max().unwrap_or(0) as u64;
    activations += area * mid * (model.num_mid_layers * model.mid_channels.len()) as u64 * 14;
    weights + activations * config.train_params.batch_size as u64 * 4 + (64 << 20)
}
