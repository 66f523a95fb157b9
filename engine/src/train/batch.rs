//! Which images, timesteps and noise a diffusion step sees. All of it follows from (seed, step).

use candle_core::{Device, Tensor};
use rand::Rng;

use super::deck::{Deck, View};
use super::space::Space;
use super::timesteps::Timesteps;
use crate::Result;
use crate::config::RunConfig;
use crate::data::{CUTOUT_LABEL, ImageSet, WARP_LABEL};
use crate::noise::{self, Stream};

/// Images that a step trains on.
#[derive(Debug)]
pub(super) struct Batch {
    /// (batch, channels, height, width): pixels in [-1, 1], or latents.
    pub images: Tensor,
    /// Unit Gaussian, of the same shape, but for offset noise.
    pub noise: Tensor,
    pub timesteps: Vec<usize>,
    /// What the loss of each image counts; all the same if there are none.
    pub weights: Option<Vec<f32>>,
    /// (batch, classes): 1 at the class of each image, zeros where it is not told.
    pub classes: Option<Tensor>,
    /// (batch, 9): how each image was warped; none where none is.
    pub warps: Option<Tensor>,
    /// (batch, 3): what was cut out of each image; none where nothing is.
    pub cutouts: Option<Tensor>,
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
                warps: self.warps.as_ref().map(cut).transpose()?,
                cutouts: self.cutouts.as_ref().map(cut).transpose()?,
            })
        };
        (0..self.len()).step_by(size).map(part).collect()
    }
}

/// Deals out the images of each step, with all that a diffusion step needs besides.
#[derive(Debug)]
pub(super) struct Dealer<'a> {
    deck: Deck<'a>,
    space: Space,
    config: RunConfig,
    pub timesteps: Timesteps,
}

impl<'a> Dealer<'a> {
    /// Deals out what is in `deck`, as it looks in `space`.
    pub fn new(deck: Deck<'a>, space: Space, config: &RunConfig) -> Self {
        Self { deck, space, config: config.clone(), timesteps: Timesteps::new(config) }
    }

    pub fn data(&self) -> &'a ImageSet {
        self.deck.data
    }

    pub fn epoch_of(&self, step: u64) -> u64 {
        self.deck.epoch_of(step)
    }

    /// The images of `step`; those of an epoch's last step may be fewer.
    pub fn deal(&mut self, step: u64, device: &Device) -> Result<Batch> {
        let views = self.deck.views(step);
        let shape = self.space.shape(self.deck.data, views.len());
        let (timesteps, weights) = self.timesteps.draw(step, views.len());
        Ok(Batch {
            images: self.space.images(self.deck.data, &views, device)?,
            noise: Tensor::from_vec(self.noise(step, shape), shape, device)?,
            timesteps,
            weights,
            classes: self.classes(step, &views, device)?,
            warps: self.warps(&views, device)?,
            cutouts: self.cutouts(&views, device)?,
        })
    }

    fn warps(&self, views: &[View], device: &Device) -> Result<Option<Tensor>> {
        if self.config.dataset_params.augment_probability == 0.0 {
            return Ok(None);
        }
        let labels: Vec<f32> = views.iter().flat_map(|view| view.label).collect();
        Ok(Some(Tensor::from_vec(labels, ((), WARP_LABEL), device)?))
    }

    fn cutouts(&self, views: &[View], device: &Device) -> Result<Option<Tensor>> {
        if self.config.dataset_params.cutout == 0.0 {
            return Ok(None);
        }
        let labels: Vec<f32> = views.iter().flat_map(|view| view.cutout).collect();
        Ok(Some(Tensor::from_vec(labels, ((), CUTOUT_LABEL), device)?))
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

    fn classes(&self, step: u64, views: &[View], device: &Device) -> Result<Option<Tensor>> {
        let params = &self.config.train_params;
        let mut random = noise::generator(params.seed, Stream::ClassDropout, step);
        let mut told = |_| random.random::<f64>() >= params.class_dropout;
        let labels =
            views.iter().map(|view| told(view.image).then_some(self.deck.data.labels[view.image]));
        class_rows(labels, self.config.model_params.num_classes, device)
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Images of two by two pixels, of three classes in turn.
    fn data(count: usize) -> ImageSet {
        ImageSet {
            width: 2,
            height: 2,
            channels: 1,
            pixels: vec![7; 4 * count],
            labels: (0..count as u32).map(|at| at % 3).collect(),
            classes: crate::model::numbered(3),
        }
    }

    fn dealer<'a>(data: &'a ImageSet, changes: &[(&str, &str)]) -> Dealer<'a> {
        let mut config = RunConfig::default();
        config.set("train_params.batch_size", "500").unwrap();
        config.set("model_params.num_classes", "3").unwrap();
        changes.iter().for_each(|(key, value)| config.set(key, value).unwrap());
        let all = (0..data.len()).collect();
        Dealer::new(Deck::new(data, all, &config), Space::Pixels, &config)
    }

    fn variance(numbers: &[f32]) -> f32 {
        let mean = numbers.iter().sum::<f32>() / numbers.len() as f32;
        numbers.iter().map(|x| (x - mean).powi(2)).sum::<f32>() / numbers.len() as f32
    }

    #[test]
    fn offset_noise_moves_each_plane_as_a_whole() {
        let data = data(3);
        let planes = |offset: &str| {
            let dealer = dealer(&data, &[("train_params.offset_noise", offset)]);
            let noise = dealer.noise(1, (500, 3, 8, 8));
            let means: Vec<f32> =
                noise.chunks(64).map(|plane| plane.iter().sum::<f32>() / 64.0).collect();
            let inside = noise.chunks(64).map(variance).sum::<f32>() / 1500.0;
            (variance(&means), inside)
        };
        let near = |(between, inside): (f32, f32), wanted: f32| {
            assert!((between / wanted - 1.0).abs() < 0.15, "{between} and {wanted}");
            assert!((inside - 63.0 / 64.0).abs() < 0.02, "{inside}");
        };
        near(planes("0"), 1.0 / 64.0);
        near(planes("0.5"), 0.25 + 1.0 / 64.0);
    }

    #[test]
    fn the_share_of_classes_that_is_not_told_is_that_of_the_setting() {
        let data = data(2000);
        let share = |dropout: &str| {
            let mut dealer = dealer(&data, &[("train_params.class_dropout", dropout)]);
            let mut untold = 0;
            for step in 1..=4 {
                let views = dealer.deck.views(step);
                let told = dealer.classes(step, &views, &Device::Cpu).unwrap().unwrap();
                for (row, view) in told.to_vec2::<f32>().unwrap().iter().zip(&views) {
                    let mut wanted = [0.0; 3];
                    wanted[data.labels[view.image] as usize] = 1.0;
                    match row.iter().all(|&x| x == 0.0) {
                        true => untold += 1,
                        false => assert_eq!(row, &wanted),
                    }
                }
            }
            f64::from(untold) / 2000.0
        };
        assert_eq!((share("0"), share("1")), (0.0, 1.0));
        let some = share("0.3");
        assert!((some - 0.3).abs() < 0.03, "{some}");
        assert_eq!(share("0.3"), some, "it follows from the seed");
    }
}
