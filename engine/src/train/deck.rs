//! Which images a step sees, and how they are changed. All of it follows from (seed, step).

use candle_core::{Device, Tensor};
use rand::Rng;

use crate::Result;
use crate::config::RunConfig;
use crate::data::{
    Augmented, CUTOUT_LABEL, CutoutLabel, ImageSet, Symmetry, WARP_LABEL, WarpLabel, augmented,
};
use crate::noise::{self, Stream};

/// The images that are trained on: every one once an epoch, in an order shuffled anew for each.
#[derive(Debug)]
pub(super) struct Deck<'a> {
    pub data: &'a ImageSet,
    config: RunConfig,
    epoch: u64,
    /// Numbers of the images that are trained on.
    images: Vec<usize>,
    order: Vec<usize>,
}

/// An image as a step sees it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    /// Its number in the data set.
    pub image: usize,
    /// How it is laid, if that is all that was changed in it.
    pub laid: Option<Symmetry>,
    /// What the network is told of how it was warped.
    pub label: WarpLabel,
    /// And of what was cut out of it.
    pub cutout: CutoutLabel,
    /// Plane after plane.
    pub planes: Vec<u8>,
}

impl View {
    /// Image `at` of `data` as it is.
    pub fn plain(data: &ImageSet, at: usize) -> Self {
        Self {
            image: at,
            laid: Some(Symmetry::default()),
            label: [0.0; WARP_LABEL],
            cutout: [0.0; CUTOUT_LABEL],
            planes: data.image(at).to_vec(),
        }
    }
}

impl<'a> Deck<'a> {
    /// Of the images of `data` that have these numbers.
    pub fn new(data: &'a ImageSet, images: Vec<usize>, config: &RunConfig) -> Self {
        let mut deck = Self { data, config: config.clone(), epoch: 0, images, order: Vec::new() };
        deck.shuffle(0);
        deck
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

    /// The images of `step`, changed as the configuration allows; those of an epoch's last step may
    /// be fewer.
    pub fn views(&mut self, step: u64) -> Vec<View> {
        let (epoch, start) = self.place(step);
        if epoch != self.epoch {
            self.shuffle(epoch);
        }
        let per_step = self.config.train_params.images_per_step();
        let chosen = &self.order[start..self.order.len().min(start + per_step)];
        let mut random = noise::generator(self.config.train_params.seed, Stream::Augment, step);
        chosen.iter().map(|&at| self.augmented(at, &mut random)).collect()
    }

    fn augmented(&self, at: usize, random: &mut impl Rng) -> View {
        let params = &self.config.dataset_params;
        let (_, _, height, width) = shape_of(self.data, 1);
        let Augmented { planes, laid, label, cutout } =
            augmented(params, self.data.image(at), (width, height), random);
        View { image: at, laid, label, cutout, planes }
    }
}

/// (count, channels, height, width)
pub(super) fn shape_of(data: &ImageSet, count: usize) -> (usize, usize, usize, usize) {
    (count, data.channels as usize, data.height as usize, data.width as usize)
}

/// Views of images of `data` as (views, channels, height, width) in [-1, 1].
pub(super) fn pixels<'v>(
    data: &ImageSet,
    views: impl IntoIterator<Item = &'v View>,
    device: &Device,
) -> Result<Tensor> {
    let (_, channels, height, width) = shape_of(data, 1);
    let numbers: Vec<f32> =
        views.into_iter().flat_map(|view| &view.planes).map(|&byte| to_unit(byte)).collect();
    Ok(Tensor::from_vec(numbers, ((), channels, height, width), device)?)
}

/// 0..255 to [-1, 1], as the reference does it.
fn to_unit(byte: u8) -> f32 {
    f32::from(byte) / 255.0 * 2.0 - 1.0
}
