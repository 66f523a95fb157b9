//! What a step asks for: the network's estimates, and fresh noise.

use candle_core::Tensor;

use super::level::Level;
use super::{Clipping, weighted_sum};
use crate::Result;
use crate::config::{Prediction, VarianceType};

impl Prediction {
    /// The picture and the Gaussian in `x`, from the network's `answer`.
    pub fn read(self, answer: &Tensor, x: &Tensor, level: Level) -> Result<Estimate> {
        let (signal, noise) = (level.signal(), level.noise());
        let of = |x_share, answer_share| weighted_sum(x_share, x, [(answer_share, answer)]);
        let (x0, noise) = match self {
            Self::Noise => (of(1.0 / signal, -noise / signal)?, answer.clone()),
            Self::Velocity => (of(signal, -noise)?, of(noise, signal)?),
            Self::Picture => (answer.clone(), of(1.0 / noise, -signal / noise)?),
        };
        Ok(Estimate { x0, noise, variance: None })
    }
}

/// What the network makes of an x, both of x's shape.
#[derive(Clone, Debug)]
pub struct Estimate {
    /// The picture, as far as the denoiser's clipping lets it go.
    pub x0: Tensor,
    /// The Gaussian as the network told it, from before any clipping.
    pub noise: Tensor,
    /// Where the variance lies in its range, from -1 to 1, if the network tells it.
    pub variance: Option<Tensor>,
}

/// The network as a sampler sees it.
pub struct Denoiser<'a> {
    /// The network's answer to x (batch, channels, height, width) and a timestep.
    pub network: &'a mut dyn FnMut(&Tensor, f32) -> Result<Tensor>,
    pub prediction: Prediction,
    pub variance: VarianceType,
    /// What is done to the estimates of the picture.
    pub clipping: Clipping,
    /// Draws unit Gaussian noise of x's shape, other noise at each call.
    pub noise: &'a mut dyn FnMut() -> Result<Tensor>,
}

impl Denoiser<'_> {
    /// Asks the network once.
    pub fn estimate(&mut self, x: &Tensor, level: Level) -> Result<Estimate> {
        let answer = (self.network)(x, level.timestep)?;
        let (answer, variance) = match self.variance.is_learned() {
            true => {
                let channels = x.dim(1)?;
                let variance = answer.narrow(1, channels, channels)?;
                (answer.narrow(1, 0, channels)?, Some(variance))
            }
            false => (answer, None),
        };
        let estimate = Estimate { variance, ..self.prediction.read(&answer, x, level)? };
        Ok(Estimate { x0: self.clipping.apply(&estimate.x0)?, ..estimate })
    }

    /// The picture, and d(x/signal)/d(sigma) of the probability flow (arXiv 2206.00364, equation
    /// 3): the Gaussian that together with this picture makes up `x`.
    pub fn slope(&mut self, x: &Tensor, level: Level) -> Result<(Tensor, Tensor)> {
        let x0 = self.estimate(x, level)?.x0;
        let noise = level.noise();
        let slope = weighted_sum(1.0 / noise, x, [(-level.signal() / noise, &x0)])?;
        Ok((x0, slope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn all_predictions_of_one_truth_read_alike() {
        let level = Level { timestep: 3.0, alpha_cumprod: 0.7 };
        let (signal, noise) = (level.signal(), level.noise());
        let tensor = |numbers: [f32; 3]| Tensor::new(&numbers, &Device::Cpu).unwrap();
        let (picture, gaussian) = (tensor([0.5, -0.2, 0.9]), tensor([1.5, 0.3, -2.0]));
        let mixed = |a, b| weighted_sum(a, &picture, [(b, &gaussian)]).unwrap();
        let x = mixed(signal, noise);
        let answers = [
            (Prediction::Noise, gaussian.clone()),
            (Prediction::Velocity, mixed(-noise, signal)),
            (Prediction::Picture, picture.clone()),
        ];
        for (prediction, answer) in answers {
            let estimate = prediction.read(&answer, &x, level).unwrap();
            for (found, wanted) in [(&estimate.x0, &picture), (&estimate.noise, &gaussian)] {
                let found = found.to_vec1::<f32>().unwrap();
                let wanted = wanted.to_vec1::<f32>().unwrap();
                assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6));
            }
        }
    }
}
