//! Every random number. Seed, stream and counter in, the same bytes out, on any machine.
//!
//! Each draw opens its own ChaCha8 key stream at a place computed from (seed, stream, counter), so
//! no draw depends on how many came before it: not on the batch, the thread count or a resume.

use candle_core::{Device, Tensor};
use rand::Rng;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use crate::Result;

/// What a draw is for; each purpose has numbers of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// First weights; the counter is the position of the tensor.
    Weights = 1,
    /// Order of the images; the counter is the epoch.
    Shuffle = 2,
    /// Timesteps of a training batch; the counter is the step.
    Timestep = 3,
    /// Noise added to a training batch; the counter is the step.
    Training = 4,
    /// The noise an image begins as; the counter is 0.
    Start = 5,
    /// The noise of a sampling step; the counter is the number of the step.
    Sampling = 6,
    /// Which images of a training batch are shown without their class; the counter is the step.
    ClassDropout = 7,
    /// Noise that shifts whole channels of a training batch; the counter is the step.
    Offset = 8,
    /// How the images of a training batch are mirrored and turned; the counter is the step.
    Augment = 9,
    /// Which images are never trained on; the counter is 0.
    Split = 10,
    /// Noise of the images that are never trained on; the counter is the number of the image.
    Validation = 11,
    /// Their timesteps; the counter is 0.
    ValidationTimestep = 12,
    /// What dropout leaves out of a training step; the counter is the step.
    Dropout = 13,
    /// What is drawn from the latents of an autoencoder that learns; the counter is the step.
    Latent = 14,
    /// Where unused entries of a codebook are put; the counter is the step.
    Codebook = 15,
}

/// The generator of one draw.
pub fn generator(seed: u64, stream: Stream, counter: u64) -> ChaCha8Rng {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
    key[16..24].copy_from_slice(&counter.to_le_bytes());
    ChaCha8Rng::from_seed(key)
}

/// `count` numbers of a unit Gaussian, by the Box-Muller transform.
pub fn gaussian(seed: u64, stream: Stream, counter: u64, count: usize) -> Vec<f32> {
    let mut random = generator(seed, stream, counter);
    let mut numbers = Vec::with_capacity(count + 1);
    while numbers.len() < count {
        // 1 - u is in (0, 1], where the logarithm is finite.
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        let angle = std::f64::consts::TAU * random.random::<f64>();
        numbers.push((radius * angle.cos()) as f32);
        numbers.push((radius * angle.sin()) as f32);
    }
    numbers.truncate(count);
    numbers
}

/// One unit Gaussian image for each seed: (seeds, channels, height, width).
pub fn gaussian_images(
    seeds: &[u64],
    stream: Stream,
    counter: u64,
    shape: (usize, usize, usize),
    device: &Device,
) -> Result<Tensor> {
    let (channels, height, width) = shape;
    let numbers: Vec<f32> = seeds
        .iter()
        .flat_map(|&seed| gaussian(seed, stream, counter, channels * height * width))
        .collect();
    Ok(Tensor::from_vec(numbers, (seeds.len(), channels, height, width), device)?)
}

/// The numbers 0..count in random order (Fisher-Yates).
pub fn permutation(seed: u64, stream: Stream, counter: u64, count: usize) -> Vec<usize> {
    let mut random = generator(seed, stream, counter);
    let mut order: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        order.swap(at, random.random_range(0..=at as u64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_the_same_today_and_tomorrow() {
        let first = gaussian(7, Stream::Start, 0, 3);
        assert_eq!(first, gaussian(7, Stream::Start, 0, 4)[..3]);
        assert_ne!(first, gaussian(8, Stream::Start, 0, 3));
        assert_ne!(first, gaussian(7, Stream::Sampling, 0, 3));
        assert_ne!(first, gaussian(7, Stream::Start, 1, 3));
    }

    #[test]
    fn gaussians_have_mean_zero_and_variance_one() {
        let numbers = gaussian(1, Stream::Training, 0, 100_000);
        let mean = numbers.iter().sum::<f32>() / 1e5;
        let variance = numbers.iter().map(|x| x * x).sum::<f32>() / 1e5;
        assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
    }

    #[test]
    fn a_permutation_holds_every_number_once() {
        let mut order = permutation(3, Stream::Shuffle, 1, 100);
        assert_ne!(order, permutation(3, Stream::Shuffle, 2, 100));
        assert_ne!(order, permutation(3, Stream::Split, 1, 100));
        order.sort_unstable();
        assert_eq!(order, (0..100).collect::<Vec<_>>());
    }
}
