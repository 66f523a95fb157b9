//! Latents that are a Gaussian each (Kingma & Welling 2013, arXiv 1312.6114).

use candle_core::Tensor;

use crate::Result;

/// Between these bounds e^x neither vanishes nor overflows; Rombach et al. have them too.
const LOG_VARIANCES: (f32, f32) = (-30.0, 20.0);

/// A Gaussian for each latent; both tensors are (batch, z_channels, height, width).
#[derive(Debug)]
pub struct Gaussian {
    pub mean: Tensor,
    /// Natural logarithm of the variance.
    pub log_variance: Tensor,
}

impl Gaussian {
    /// What an encoder tells: (batch, 2 z_channels, height, width), means first.
    pub fn told(told: &Tensor) -> Result<Self> {
        let channels = told.dim(1)? / 2;
        let (least, most) = LOG_VARIANCES;
        Ok(Self {
            mean: told.narrow(1, 0, channels)?.contiguous()?,
            log_variance: told.narrow(1, channels, channels)?.contiguous()?.clamp(least, most)?,
        })
    }

    /// mean + deviation · noise, with unit Gaussian noise of the mean's shape; without noise the mean.
    pub fn draw(&self, noise: Option<&Tensor>) -> Result<Tensor> {
        match noise {
            Some(noise) => Ok((&self.mean + ((&self.log_variance * 0.5)?.exp()? * noise)?)?),
            None => Ok(self.mean.clone()),
        }
    }

    /// The Kullback-Leibler divergence from a unit Gaussian, in nats, the mean over the latents of
    /// each image: (batch).
    pub fn divergence(&self) -> Result<Tensor> {
        let spread = (self.log_variance.exp()? - &self.log_variance)?;
        let sum = ((self.mean.sqr()? + spread)? - 1.0)?;
        Ok((sum.mean((1, 2, 3))? * 0.5)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{Device, Var};

    fn told(mean: f32, log_variance: f32) -> Tensor {
        Tensor::new(&[[[[mean]], [[log_variance]]]], &Device::Cpu).unwrap()
    }

    #[test]
    fn the_divergence_is_that_of_the_closed_form() {
        // ln(1 / s) + (s² + m²) / 2 - 1 / 2, with s² = e^log_variance.
        for (mean, deviation) in [(0f32, 1f32), (1.0, 1.0), (0.0, 0.5), (-2.0, 3.0), (0.7, 0.1)] {
            let variance = deviation * deviation;
            let wanted = (1.0 / deviation).ln() + (variance + mean * mean) / 2.0 - 0.5;
            let gaussian = Gaussian::told(&told(mean, variance.ln())).unwrap();
            let found = gaussian.divergence().unwrap().to_vec1::<f32>().unwrap();
            assert!((found[0] - wanted).abs() < 1e-5, "{mean}, {deviation}: {found:?} {wanted}");
        }
    }

    #[test]
    fn noise_is_scaled_by_the_deviation_and_both_learn() {
        let both = Var::from_tensor(&told(0.5, 4f32.ln())).unwrap();
        let noise = Tensor::new(&[[[[1.5f32]]]], &Device::Cpu).unwrap();
        let drawn = Gaussian::told(both.as_tensor()).unwrap().draw(Some(&noise)).unwrap();
        assert!((drawn.sum_all().unwrap().to_scalar::<f32>().unwrap() - 3.5).abs() < 1e-6);
        let grads = drawn.backward().unwrap();
        let grad = grads.get(&both).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        // d/dm = 1, d/d(ln s²) = s / 2 · noise.
        assert!((grad[0] - 1.0).abs() < 1e-6 && (grad[1] - 1.5).abs() < 1e-6, "{grad:?}");
    }

    #[test]
    fn variances_without_bounds_are_held() {
        let wild = Gaussian::told(&told(0.0, 1e9)).unwrap();
        assert!(wild.divergence().unwrap().to_vec1::<f32>().unwrap()[0].is_finite());
    }
}
