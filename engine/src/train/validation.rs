//! The loss on images that are never trained on.

use candle_core::{Device, Tensor};

use super::batch::{Batch, class_rows};
use super::deck::View;
use super::space::Space;
use super::timesteps::stratified;
use crate::Result;
use crate::checkpoint::Header;
use crate::config::RunConfig;
use crate::data::ImageSet;
use crate::noise::{self, Stream};

/// What the network tells of images that it was never trained on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct ValidationLoss {
    /// Of the weights as trained.
    pub loss: f32,
    /// Of their moving average, where there is one.
    pub ema_loss: Option<f32>,
}

/// The numbers of the images to train on, and of those that are held out, in random order.
pub(super) fn split(config: &RunConfig, images: usize) -> (Vec<usize>, Vec<usize>) {
    let params = &config.train_params;
    let mut order = noise::permutation(params.seed, Stream::Split, 0, images);
    let mut trained = order.split_off(params.held_out(images));
    trained.sort_unstable();
    (trained, order)
}

/// The numbers of the images that the run of `header` was never trained on, in random order, if its
/// data set has `images` of them. None are known of a data set that had another number of them when
/// the run began, nor for a model that was merged of several or began from another's weights, which
/// may have been trained on any of them.
pub fn held_out(header: &Header, images: usize) -> Vec<usize> {
    let is_of_one_run = header.merge.is_none() && header.config.train_params.begin_from.is_empty();
    match is_of_one_run && header.dataset.count == images as u64 {
        true => split(&header.config, images).1,
        false => Vec::new(),
    }
}

/// Held-out images, each always under the same noise and at the same timestep, so that two losses
/// differ by the weights alone.
#[derive(Debug)]
pub(super) struct HeldOut<'a> {
    data: &'a ImageSet,
    space: Space,
    images: Vec<usize>,
    /// Of each image: one from each of as many equal parts of all timesteps as there are images.
    timesteps: Vec<usize>,
    seed: u64,
    classes: usize,
}

impl<'a> HeldOut<'a> {
    pub fn new(data: &'a ImageSet, images: Vec<usize>, space: Space, config: &RunConfig) -> Self {
        let (seed, all) = (config.train_params.seed, config.diffusion_params.num_timesteps);
        let mut random = noise::generator(seed, Stream::ValidationTimestep, 0);
        let timesteps = stratified(&mut random, images.len(), all);
        Self { data, space, images, timesteps, seed, classes: config.model_params.num_classes }
    }

    pub fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// The mean of what `losses` tells of each image, asked for at most `size` of them at once.
    pub fn mean(
        &self,
        size: usize,
        device: &Device,
        losses: impl Fn(&Batch) -> Result<Vec<f32>>,
    ) -> Result<f32> {
        let mut sum = 0f64;
        for start in (0..self.images.len()).step_by(size) {
            let end = self.images.len().min(start + size);
            let batch = self.batch(start, end, device)?;
            sum += losses(&batch)?.into_iter().map(f64::from).sum::<f64>();
        }
        Ok((sum / self.images.len() as f64) as f32)
    }

    fn batch(&self, start: usize, end: usize, device: &Device) -> Result<Batch> {
        let chosen = &self.images[start..end];
        let shape = self.space.shape(self.data, chosen.len());
        let count = shape.1 * shape.2 * shape.3;
        let views: Vec<View> = chosen.iter().map(|&at| View::plain(self.data, at)).collect();
        let grain = |&at: &usize| noise::gaussian(self.seed, Stream::Validation, at as u64, count);
        let noise: Vec<f32> = chosen.iter().flat_map(grain).collect();
        let labels = chosen.iter().map(|&at| Some(self.data.labels[at]));
        Ok(Batch {
            images: self.space.images(self.data, &views, device)?,
            noise: Tensor::from_vec(noise, shape, device)?,
            timesteps: self.timesteps[start..end].to_vec(),
            weights: None,
            classes: class_rows(labels, self.classes, device)?,
            warps: None,
            cutouts: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_holds_every_image_once_and_follows_from_the_seed() {
        let mut config = RunConfig::default();
        config.train_params.validation_share = 0.25;
        let (trained, held_out) = split(&config, 41);
        assert_eq!((trained.len(), held_out.len()), (31, 10));
        let mut all = [trained, held_out.clone()].concat();
        all.sort_unstable();
        assert_eq!(all, (0..41).collect::<Vec<_>>());
        config.train_params.seed = 1;
        assert_ne!(split(&config, 41).1, held_out);
    }

    #[test]
    fn a_share_holds_out_one_image_at_least_and_never_all() {
        let mut params = RunConfig::default().train_params;
        assert_eq!(params.held_out(100), 0);
        params.validation_share = 0.01;
        assert_eq!([0, 1, 2, 10, 1000].map(|images| params.held_out(images)), [0, 0, 1, 1, 10]);
    }

    #[test]
    fn the_mean_does_not_depend_on_how_many_pass_at_once() {
        let data = ImageSet {
            width: 2,
            height: 2,
            channels: 1,
            pixels: (0..28).map(|at| at * 9).collect(),
            labels: vec![0; 7],
            classes: Vec::new(),
        };
        let held_out = HeldOut::new(&data, vec![5, 1, 2], Space::Pixels, &RunConfig::default());
        let parts = [0..333, 333..667, 667..1000];
        assert!(held_out.timesteps.iter().zip(&parts).all(|(t, part)| part.contains(t)));
        let mean = |size| {
            let losses = |batch: &Batch| {
                let mixed = (&batch.images * &batch.noise)?.sum((1, 2, 3))?.to_vec1::<f32>()?;
                Ok(mixed.iter().zip(&batch.timesteps).map(|(x, &t)| x * t as f32).collect())
            };
            held_out.mean(size, &Device::Cpu, losses).unwrap()
        };
        assert_eq!(mean(1), mean(2));
        assert_eq!(mean(1), mean(64));
    }
}
