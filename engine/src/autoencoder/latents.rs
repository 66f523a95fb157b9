//! The latents of a finished autoencoder, as another network learns and draws them.

use candle_core::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::{Autoencoder, Network, Spec};
use crate::config::{AutoencoderParams, ModelParams, RunConfig};
use crate::unet::{Border, Weights};
use crate::{Error, Result};

/// How latents are brought to mean 0 and variance 1, which is what noise schedules are made for
/// (Rombach et al. 2022, arXiv 2112.10752, section G): less their mean in each channel, and all
/// times one number, so that a channel which tells little stays small.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Standard {
    /// By channel; of as many channels as latents have.
    pub means: Vec<f32>,
    /// 1 / standard deviation about these means.
    pub scale: f32,
}

impl Standard {
    /// That of some latents, each (images, z_channels, height, width).
    pub fn of(samples: &[Tensor]) -> Result<Self> {
        let mut channels: Vec<Sum> = Vec::new();
        for sample in samples {
            let (images, count, ..) = sample.dims4()?;
            channels.resize(count, Sum::default());
            let planes = sample.flatten_from(2)?.to_vec3::<f32>()?;
            for image in planes.iter().take(images) {
                channels.iter_mut().zip(image).for_each(|(sum, plane)| sum.add(plane));
            }
        }
        let variance =
            channels.iter().map(Sum::variance).sum::<f64>() / channels.len().max(1) as f64;
        // Latents that are all alike have nothing to be scaled.
        let scale = if variance > 1e-12 { 1.0 / variance.sqrt() } else { 1.0 };
        Ok(Self {
            means: channels.iter().map(|sum| sum.mean() as f32).collect(),
            scale: scale as f32,
        })
    }

    /// (1, z_channels, 1, 1)
    fn means(&self, device: &Device) -> Result<Tensor> {
        Ok(Tensor::from_slice(&self.means, (1, self.means.len(), 1, 1), device)?)
    }

    fn apply(&self, latents: &Tensor) -> Result<Tensor> {
        let centred = latents.broadcast_sub(&self.means(latents.device())?)?;
        Ok((centred * f64::from(self.scale))?)
    }

    fn undo(&self, latents: &Tensor) -> Result<Tensor> {
        let spread = (latents / f64::from(self.scale))?;
        Ok(spread.broadcast_add(&self.means(latents.device())?)?)
    }
}

/// What a model that draws latents has to tell of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatentSpec {
    /// The autoencoder's shape.
    pub params: AutoencoderParams,
    pub standard: Standard,
}

impl LatentSpec {
    /// Whether the autoencoder of the run `autoencoder` can be built for the model of `config`, and
    /// its latents undone.
    pub(crate) fn check(&self, config: &RunConfig, mut autoencoder: RunConfig) -> Result<()> {
        config.check_autoencoder(&autoencoder)?;
        // The network that judged it is not built again, and may not fit pictures of this size.
        autoencoder.autoencoder_params.disc_weight = 0.0;
        autoencoder.validate()?;
        let Standard { means, scale } = &self.standard;
        let usable = means.len() == self.params.z_channels
            && means.iter().all(|mean| mean.is_finite())
            && scale.is_finite()
            && *scale > 0.0;
        if usable {
            Ok(())
        } else {
            Err(Error::Checkpoint("its `latents` cannot be undone".into()))
        }
    }
}

/// Of the numbers of a channel.
#[derive(Clone, Debug, Default)]
struct Sum {
    count: f64,
    sum: f64,
    squares: f64,
}

impl Sum {
    fn add(&mut self, numbers: &[f32]) {
        self.count += numbers.len() as f64;
        self.sum += numbers.iter().map(|&x| f64::from(x)).sum::<f64>();
        self.squares += numbers.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>();
    }

    fn mean(&self) -> f64 {
        self.sum / self.count
    }

    fn variance(&self) -> f64 {
        (self.squares / self.count - self.mean().powi(2)).max(0.0)
    }
}

/// A finished autoencoder between pictures and standard latents. It keeps no gradients if its weights
/// are cut off from any.
#[derive(Clone, Debug)]
pub struct Latents {
    autoencoder: Autoencoder,
    spec: Spec,
    standard: Standard,
    weights: Weights,
}

impl Latents {
    /// On weights that are checked to fit `spec`.
    pub fn new(spec: &Spec, standard: &Standard, weights: &Weights) -> Result<Self> {
        Ok(Self {
            autoencoder: Autoencoder::from_weights(spec, weights)?,
            spec: spec.clone(),
            standard: standard.clone(),
            weights: weights.clone(),
        })
    }

    /// The autoencoder's weights by name.
    pub(crate) fn weights(&self) -> &Weights {
        &self.weights
    }

    /// How many numbers the autoencoder's weights hold.
    pub(crate) fn numbers(&self) -> u64 {
        self.weights.values().map(|weight| weight.elem_count() as u64).sum()
    }

    /// Pictures (batch, channels, height, width) in [-1, 1] to (batch, z_channels, height / factor,
    /// width / factor).
    pub fn encode(&self, pictures: &Tensor, border: Border) -> Result<Tensor> {
        self.standard.apply(&self.autoencoder.encode(pictures, border)?)
    }

    /// The other way; pictures may lie a little outside [-1, 1].
    pub fn decode(&self, latents: &Tensor, border: Border) -> Result<Tensor> {
        self.autoencoder.decode(&self.standard.undo(latents)?, border)
    }

    /// A network that draws pictures as it is built to draw these latents.
    pub(crate) fn network(&self, model: &ModelParams) -> ModelParams {
        model.in_latents(&self.spec.params)
    }

    /// What a model that draws them has to tell.
    pub(crate) fn told(&self) -> LatentSpec {
        LatentSpec { params: self.spec.params.clone(), standard: self.standard.clone() }
    }

    /// How many pixels along a side become one latent.
    pub fn factor(&self) -> usize {
        self.spec.params.factor()
    }

    /// Of latents for pictures of `size` (width, height): (z_channels, height, width).
    pub fn shape(&self, size: (usize, usize)) -> (usize, usize, usize) {
        let factor = self.factor();
        (self.spec.params.z_channels, size.1 / factor, size.0 / factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latents_come_to_mean_zero_and_variance_one_and_back() {
        let device = &Device::Cpu;
        let noise = |seed| crate::noise::gaussian(seed, crate::noise::Stream::Start, 0, 2 * 2 * 64);
        let shape = (2, 2, 8, 8);
        let skew = Tensor::new(&[[[[3f32]], [[0.5]]]], device).unwrap();
        let mean = Tensor::new(&[[[[5f32]], [[-2.0]]]], device).unwrap();
        let samples: Vec<Tensor> = (0..20)
            .map(|seed| {
                let unit = Tensor::from_vec(noise(seed), shape, device).unwrap();
                unit.broadcast_mul(&skew).unwrap().broadcast_add(&mean).unwrap()
            })
            .collect();
        let standard = Standard::of(&samples).unwrap();
        let all = Tensor::cat(&samples, 0).unwrap();
        let even = standard.apply(&all).unwrap();
        let again = Standard::of(std::slice::from_ref(&even)).unwrap();
        assert!((again.scale - 1.0).abs() < 1e-4, "{again:?}");
        assert!(again.means.iter().all(|mean| mean.abs() < 1e-4), "{again:?}");
        let back = (standard.undo(&even).unwrap() - all).unwrap().abs().unwrap();
        assert!(back.max_all().unwrap().to_scalar::<f32>().unwrap() < 1e-4);
    }

    #[test]
    fn latents_that_are_all_alike_are_left_as_they_are() {
        let flat = Tensor::new(&[[[[7f32, 7.0]]]], &Device::Cpu).unwrap();
        assert_eq!(Standard::of(&[flat]).unwrap(), Standard { means: vec![7.0], scale: 1.0 });
    }
}
