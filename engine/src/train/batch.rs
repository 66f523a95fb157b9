//! Which images, timesteps and noise a step sees. All of it follows from (seed, step).

use candle_core::{Device, Tensor};
use rand::Rng;

use super::timesteps::Timesteps;
use crate::Result;
use crate::config::RunConfig;
use crate::data::{ImageSet, augmented};
use crate::noise::{self, Stream};

/// Images that a step trains on.
#[derive(Debug)]
pub(super) struct Batch {
    /// (batch, channels, height, width) in [-1, 1]
    pub images: Tensor,
    /// Unit Gaussian, of the same shape, but for offset noise.
    pub noise: Tensor,
    pub timesteps: Vec<usize>,
    /// What the loss of each image counts; all the same if there are none.
    pub weights: Option<Vec<f32>>,
    /// (batch, classes): 1 at the class of each image, zeros where it is not told.
    pub classes: Option<Tensor>,
}

impl Batch {
    pub fn len(&self) -> usize {
        self.timesteps.len()
    }

    /// The same in parts of at most `size` images.
    pub fn split(self, size: usize) -> Result<Vec<Self>> {
        if self.len() <= size {
            return Ok(vec![self]);
        }
        let part = |start: usize| {
            let count = size.min(self.len() - start);
            let cut = |tensor: &Tensor| tensor.narrow(0, start, count)?.contiguous();
            Ok(Self {
                images: cut(&self.images)?,
                noise: cut(&self.noise)?,
                timesteps: self.timesteps[start..start + count].to_vec(),
                weights: self.weights.as_ref().map(|all| all[start..start + count].to_vec()),
                classes: self.classes.as_ref().map(cut).transpose()?,
            })
        };
        (0..self.len()).step_by(size).map(part).collect()
    }
}

/// Deals out the images of each step: every image once an epoch, in an order shuffled anew for each.
#[derive(Debug)]
pub(super) struct Dealer<'a> {
    data: &'a ImageSet,
    config: RunConfig,
    epoch: u64,
    /// Numbers of the images that are trained on.
    images: Vec<usize>,
    order: Vec<usize>,
    pub timesteps: Timesteps,
}

impl<'a> Dealer<'a> {
    /// Deals out `images` of `data`.
    pub fn new(data: &'a ImageSet, images: Vec<usize>, config: &RunConfig) -> Self {
        let mut dealer = Self {
            data,
            config: config.clone(),
            epoch: 0,
            images,
            order: Vec::new(),
            timesteps: Timesteps::new(config),
        };
        dealer.shuffle(0);
        dealer
    }

    fn shuffle(&mut self, epoch: u64) {
        let seed = self.config.train_params.seed;
        let order = noise::permutation(seed, Stream::Shuffle, epoch, self.images.len());
        self.order = order.into_iter().map(|at| self.images[at]).collect();
        self.epoch = epoch;
    }

    /// The epoch of `step` (both from 1) and the position of its first image in it.
    fn place(&self, step: u64) -> (u64, usize) {
        let per_epoch = self.config.train_params.steps_per_epoch(self.data.len()) as u64;
        let (epoch, at) = ((step - 1) / per_epoch, (step - 1) % per_epoch);
        (epoch, at as usize * self.config.train_params.images_per_step())
    }

    pub fn epoch_of(&self, step: u64) -> u64 {
        self.place(step).0 + 1
    }

    /// The images of `step`; those of an epoch's last step may be fewer.
    pub fn deal(&mut self, step: u64, device: &Device) -> Result<Batch> {
        let (epoch, start) = self.place(step);
        if epoch != self.epoch {
            self.shuffle(epoch);
        }
        let per_step = self.config.train_params.images_per_step();
        let chosen = &self.order[start..self.order.len().min(start + per_step)];
        let shape = shape_of(self.data, chosen.len());
        let (timesteps, weights) = self.timesteps.draw(step, chosen.len());
        Ok(Batch {
            images: Tensor::from_vec(self.pixels(step, chosen), shape, device)?,
            noise: Tensor::from_vec(self.noise(step, shape), shape, device)?,
            timesteps,
            weights,
            classes: self.classes(step, chosen, device)?,
        })
    }

    fn pixels(&self, step: u64, chosen: &[usize]) -> Vec<f32> {
        let mut random = noise::generator(self.config.train_params.seed, Stream::Augment, step);
        let image = |&at: &usize| self.augmented(at, &mut random).into_iter().map(to_unit);
        chosen.iter().flat_map(image).collect()
    }

    /// Image `at`, changed as the configuration allows.
    fn augmented(&self, at: usize, random: &mut impl Rng) -> Vec<u8> {
        let (_, _, height, width) = shape_of(self.data, 1);
        augmented(&self.config.dataset_params, self.data.image(at), (width, height), random)
    }

    /// Unit Gaussian noise, and where offset noise is wanted one number more for each plane
    /// (Guttenberg 2023, "Diffusion with offset noise").
    fn noise(&self, step: u64, shape: (usize, usize, usize, usize)) -> Vec<f32> {
        let (batch, channels, height, width) = shape;
        let params = &self.config.train_params;
        let planes = batch * channels;
        let mut grain =
            noise::gaussian(params.seed, Stream::Training, step, planes * height * width);
        if params.offset_noise > 0.0 {
            let offsets = noise::gaussian(params.seed, Stream::Offset, step, planes);
            for (plane, offset) in grain.chunks_exact_mut(height * width).zip(offsets) {
                plane.iter_mut().for_each(|x| *x += params.offset_noise as f32 * offset);
            }
        }
        grain
    }

    fn classes(&self, step: u64, chosen: &[usize], device: &Device) -> Result<Option<Tensor>> {
        let params = &self.config.train_params;
        let mut random = noise::generator(params.seed, Stream::ClassDropout, step);
        let mut told = |_| random.random::<f64>() >= params.class_dropout;
        let labels = chosen.iter().map(|&at| told(at).then_some(self.data.labels[at]));
        class_rows(labels, self.config.model_params.num_classes, device)
    }
}

/// (count, channels, height, width)
pub(super) fn shape_of(data: &ImageSet, count: usize) -> (usize, usize, usize, usize) {
    (count, data.channels as usize, data.height as usize, data.width as usize)
}

/// (images, classes): 1 at the class of each image, zeros where it is not told; none without classes.
pub(super) fn class_rows(
    labels: impl Iterator<Item = Option<u32>>,
    classes: usize,
    device: &Device,
) -> Result<Option<Tensor>> {
    if classes == 0 {
        return Ok(None);
    }
    let row = |label: Option<u32>| {
        (0..classes as u32).map(move |class| if label == Some(class) { 1f32 } else { 0.0 })
    };
    let rows: Vec<f32> = labels.flat_map(row).collect();
    Ok(Some(Tensor::from_vec(rows, ((), classes), device)?))
}

/// 0..255 to [-1, 1], as the reference does it.
pub(super) fn to_unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0 * 2.0 - 1.0
}
