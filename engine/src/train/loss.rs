//! Mean squared error on what the network is to tell, whole and by timestep.

use candle_core::Tensor;

use super::batch::Batch;
use super::bound::Bound;
use crate::Result;
use crate::config::{LossWeighting, Prediction, RunConfig};
use crate::schedule::NoiseSchedule;

/// What a run takes the error of, and how much each timestep counts.
#[derive(Debug)]
pub(super) struct Objective {
    prediction: Prediction,
    /// By timestep; empty if all count the same.
    weights: Vec<f32>,
    /// Of a network that learns its variance too.
    bound: Option<Bound>,
}

/// The error of a batch.
#[derive(Debug)]
pub(super) struct Loss {
    /// The sum over the images, as much as each counts in its batch: a scalar with its history.
    pub sum: Tensor,
    /// Of each image.
    pub images: Vec<ImageLoss>,
}

/// The error of one image.
#[derive(Clone, Copy, Debug)]
pub(super) struct ImageLoss {
    /// All that it costs.
    pub value: f32,
    /// What it costs without the bound, which knows no limit.
    pub error: f32,
    /// How much it counts in its batch, 1 unless its timestep was drawn more often than others.
    pub weight: f32,
}

impl Objective {
    pub fn new(config: &RunConfig, schedule: &NoiseSchedule) -> Self {
        let prediction = config.diffusion_params.prediction_type;
        let (weighting, gamma) =
            (config.train_params.loss_weighting, config.train_params.snr_gamma);
        let weight = |t| weighting.weight(prediction, f64::from(schedule.snr(t)), gamma) as f32;
        let weights = match weighting {
            LossWeighting::None => Vec::new(),
            _ => (0..schedule.timesteps()).map(weight).collect(),
        };
        let learned = config.diffusion_params.variance_type.is_learned();
        Self { prediction, weights, bound: learned.then(|| Bound::new(config, schedule)) }
    }

    /// What the network should tell of `batch`: (batch, channels, height, width).
    fn target(&self, batch: &Batch, schedule: &NoiseSchedule) -> Result<Tensor> {
        match self.prediction {
            Prediction::Noise => Ok(batch.noise.clone()),
            Prediction::Velocity => {
                schedule.velocity(&batch.images, &batch.noise, &batch.timesteps)
            }
            Prediction::Picture => Ok(batch.images.clone()),
        }
    }

    /// The mean error of always answering zero, about: what is to be told has a mean square of one,
    /// or less if it is the picture.
    pub fn blind(&self, timesteps: &[usize]) -> f32 {
        if self.weights.is_empty() {
            return 1.0;
        }
        timesteps.iter().map(|&t| self.weights[t]).sum::<f32>() / timesteps.len() as f32
    }

    /// The error of `answer`, of the shape of the batch's images; with as many channels again where it
    /// tells a variance.
    pub fn loss(&self, answer: &Tensor, batch: &Batch, schedule: &NoiseSchedule) -> Result<Loss> {
        let target = self.target(batch, schedule)?;
        let channels = target.dim(1)?;
        let told = answer.narrow(1, 0, channels)?;
        let mut by_image = (&told - target)?.sqr()?.mean((1, 2, 3))?; // (batch)
        if !self.weights.is_empty() {
            let weights: Vec<f32> = batch.timesteps.iter().map(|&t| self.weights[t]).collect();
            by_image = (by_image * Tensor::new(weights, answer.device())?)?;
        }
        let errors = by_image.to_vec1()?;
        if let Some(bound) = &self.bound {
            let learned = answer.narrow(1, channels, channels)?;
            by_image = (by_image + bound.terms(&told, &learned, batch, schedule)?)?;
        }
        let values: Vec<f32> = by_image.to_vec1()?;
        if let Some(weights) = &batch.weights {
            by_image = (by_image * Tensor::new(weights.as_slice(), answer.device())?)?;
        }
        let image = |(at, (value, error))| {
            let weight = batch.weights.as_ref().map_or(1.0, |weights| weights[at]);
            ImageLoss { value, error, weight }
        };
        let images = values.into_iter().zip(errors).enumerate().map(image).collect();
        Ok(Loss { sum: by_image.sum_all()?, images })
    }
}

/// Mean error by quarter of the timesteps, low noise first; none where no image fell.
pub(super) fn buckets(
    values: &[f32],
    timesteps: &[usize],
    all_timesteps: usize,
) -> [Option<f32>; 4] {
    let mut sums = [(0f32, 0u32); 4];
    for (value, t) in values.iter().zip(timesteps) {
        let bucket = &mut sums[t * 4 / all_timesteps];
        *bucket = (bucket.0 + value, bucket.1 + 1);
    }
    sums.map(|(sum, count)| (count > 0).then(|| sum / count as f32))
}
