//! Which images, timesteps and noise a step sees. All of it follows from (seed, step).

use candle_core::{Device, Tensor};
use rand::Rng;

use crate::Result;
use crate::data::ImageSet;
use crate::noise::{self, Stream};

/// One training batch.
#[derive(Debug)]
pub(super) struct Batch {
    /// (batch, channels, height, width) in [-1, 1]
    pub images: Tensor,
    /// Unit Gaussian, of the same shape.
    pub noise: Tensor,
    pub timesteps: Vec<usize>,
}

/// Deals out batches: every image once an epoch, in an order shuffled anew for each.
#[derive(Debug)]
pub(super) struct Dealer<'a> {
    data: &'a ImageSet,
    seed: u64,
    batch_size: usize,
    timesteps: usize,
    epoch: u64,
    order: Vec<usize>,
}

impl<'a> Dealer<'a> {
    pub fn new(data: &'a ImageSet, seed: u64, batch_size: usize, timesteps: usize) -> Self {
        let order = noise::permutation(seed, 0, data.len());
        Self { data, seed, batch_size, timesteps, epoch: 0, order }
    }

    /// The epoch of `step` (both from 1) and the position of its first image in it.
    fn place(&self, step: u64) -> (u64, usize) {
        let per_epoch = self.data.len().div_ceil(self.batch_size) as u64;
        let (epoch, at) = ((step - 1) / per_epoch, (step - 1) % per_epoch);
        (epoch, at as usize * self.batch_size)
    }

    pub fn epoch_of(&self, step: u64) -> u64 {
        self.place(step).0 + 1
    }

    /// The batch of `step`; the last one of an epoch may be smaller.
    pub fn deal(&mut self, step: u64, device: &Device) -> Result<Batch> {
        let (epoch, start) = self.place(step);
        if epoch != self.epoch {
            self.order = noise::permutation(self.seed, epoch, self.data.len());
            self.epoch = epoch;
        }
        let end = (start + self.batch_size).min(self.order.len());
        let chosen = &self.order[start..end];
        let shape = (
            chosen.len(),
            self.data.channels as usize,
            self.data.height as usize,
            self.data.width as usize,
        );
        let count = shape.0 * shape.1 * shape.2 * shape.3;
        let mut random = noise::generator(self.seed, Stream::Timestep, step);
        let images = chosen.iter().flat_map(|&at| self.data.image(at)).map(|&byte| to_unit(byte));
        let grain = noise::gaussian(self.seed, Stream::Training, step, count);
        Ok(Batch {
            images: Tensor::from_vec(images.collect(), shape, device)?,
            noise: Tensor::from_vec(grain, shape, device)?,
            timesteps: chosen
                .iter()
                .map(|_| random.random_range(0..self.timesteps as u64) as usize)
                .collect(),
        })
    }
}

/// 0..255 to [-1, 1], as the reference does it.
fn to_unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0 * 2.0 - 1.0
}
