//! The variational bound, from which a network learns its variance (Nichol & Dhariwal 2021, arXiv
//! 2102.09672).

use candle_core::Tensor;

use super::batch::Batch;
use crate::Result;
use crate::config::{Prediction, RunConfig};
use crate::schedule::NoiseSchedule;

/// Lambda of the paper: what the bound counts beside the simple loss.
const SHARE: f64 = 0.001;
/// Half the distance of two neighbouring bytes of a pixel in [-1, 1].
const HALF_STEP: f64 = 1.0 / 255.0;
/// Beyond this a pixel is black or white, and all that lies farther out counts to it.
const EDGE: f64 = 0.999;
/// Probabilities below this count as it.
const LEAST: f64 = 1e-12;

/// What the bound needs to know of each timestep.
#[derive(Debug)]
pub(super) struct Bound {
    prediction: Prediction,
    /// Whether images are pixels of 256 values rather than latents.
    pixels: bool,
    timesteps: Vec<Reverse>,
}

/// The reverse step from one timestep.
#[derive(Clone, Copy, Debug)]
struct Reverse {
    /// How much of the picture is in the mean of the next x.
    from_x0: f64,
    /// Natural logarithms of the smallest and the largest variance: the posterior's, and beta. The
    /// posterior's of the first step, which is 0, is taken to be that of the second.
    least: f64,
    most: f64,
}

impl Bound {
    pub fn new(config: &RunConfig, schedule: &NoiseSchedule) -> Self {
        let timesteps = 0..schedule.timesteps();
        Self {
            prediction: config.diffusion_params.prediction_type,
            pixels: !config.model_params.draws_latents(),
            timesteps: timesteps.map(|t| Reverse::at(schedule, t)).collect(),
        }
    }

    /// What each image of `batch` adds to the loss: (batch). It is the term of its timestep in bits a
    /// number, times all timesteps, for the bound is their sum, times lambda. `answer` and `learned`
    /// are what the network tells of the images and of their variances, in the images' shape; only the
    /// second learns from it.
    pub fn terms(
        &self,
        answer: &Tensor,
        learned: &Tensor,
        batch: &Batch,
        schedule: &NoiseSchedule,
    ) -> Result<Tensor> {
        let told = self.picture(&answer.detach(), batch, schedule)?;
        let least = self.column(batch, |reverse| reverse.least)?;
        let log_variance = self.log_variance(learned, &least, batch)?;
        let off = (&batch.images - told)?.broadcast_mul(&self.column(batch, |r| r.from_x0)?)?;
        let later = divergence(&off, &log_variance, &least)?.mean((1, 2, 3))?;
        let first = match self.pixels {
            true => surprise_of_bytes(&batch.images, &off, &log_variance)?,
            false => surprise(&off, &log_variance)?,
        };
        let is_first: Vec<u8> = batch.timesteps.iter().map(|&t| u8::from(t == 0)).collect();
        let is_first = Tensor::new(is_first, answer.device())?;
        let nats = is_first.where_cond(&first.mean((1, 2, 3))?, &later)?;
        Ok((nats * (SHARE * self.timesteps.len() as f64 / std::f64::consts::LN_2))?)
    }

    /// The picture that the network tells of.
    fn picture(&self, answer: &Tensor, batch: &Batch, schedule: &NoiseSchedule) -> Result<Tensor> {
        let x = schedule.add_noise(&batch.images, &batch.noise, &batch.timesteps)?;
        let device = answer.device();
        let signals = schedule.signals(&batch.timesteps, device)?;
        let noises = schedule.noises(&batch.timesteps, device)?;
        Ok(match self.prediction {
            Prediction::Noise => (x - answer.broadcast_mul(&noises)?)?.broadcast_div(&signals)?,
            Prediction::Velocity => {
                (x.broadcast_mul(&signals)? - answer.broadcast_mul(&noises)?)?
            }
            Prediction::Picture => answer.clone(),
        })
    }

    /// Between the logarithms of the smallest and the largest variance, as `learned` says: -1 for the
    /// one, 1 for the other.
    fn log_variance(&self, learned: &Tensor, least: &Tensor, batch: &Batch) -> Result<Tensor> {
        let range = self.column(batch, |reverse| reverse.most - reverse.least)?;
        Ok(learned.affine(0.5, 0.5)?.broadcast_mul(&range)?.broadcast_add(least)?)
    }

    /// A number for each image: (batch, 1, 1, 1).
    fn column(&self, batch: &Batch, of: impl Fn(&Reverse) -> f64) -> Result<Tensor> {
        let numbers = batch.timesteps.iter().map(|&t| of(&self.timesteps[t]) as f32);
        let numbers: Vec<f32> = numbers.collect();
        Ok(Tensor::from_vec(numbers, (batch.len(), 1, 1, 1), batch.images.device())?)
    }
}

impl Reverse {
    fn at(schedule: &NoiseSchedule, t: usize) -> Self {
        let kept = |t: usize| f64::from(schedule.alphas_cumprod()[t]);
        let beta = |t: usize| f64::from(schedule.betas()[t]);
        let posterior = |t: usize| beta(t) * (1.0 - kept(t - 1)) / (1.0 - kept(t));
        let before = if t == 0 { 1.0 } else { kept(t - 1) };
        Self {
            from_x0: before.sqrt() * beta(t) / (1.0 - kept(t)),
            least: posterior(t.max(1)).ln(),
            most: beta(t).ln(),
        }
    }
}

/// How far the network's Gaussian is from the posterior's in nats, whose means lie `off` apart.
fn divergence(off: &Tensor, log_variance: &Tensor, posterior: &Tensor) -> Result<Tensor> {
    let wider = log_variance.broadcast_sub(posterior)?;
    let spread = (&wider + wider.neg()?.exp()?)?;
    let apart = (off.sqr()? * log_variance.neg()?.exp()?)?;
    Ok(((spread + apart)? - 1.0)?.affine(0.5, 0.0)?)
}

/// How surprising numbers `off` from the mean are, in nats, by their density.
fn surprise(off: &Tensor, log_variance: &Tensor) -> Result<Tensor> {
    let apart = (off.sqr()? * log_variance.neg()?.exp()?)?;
    Ok(((apart + log_variance)? + std::f64::consts::TAU.ln())?.affine(0.5, 0.0)?)
}

/// How surprising `pixels`, `off` from the mean, are in nats: by the share of the Gaussian that is
/// rounded to their byte (Ho et al. 2020, arXiv 2006.11239, equation 13).
fn surprise_of_bytes(pixels: &Tensor, off: &Tensor, log_variance: &Tensor) -> Result<Tensor> {
    let sharpness = log_variance.affine(-0.5, 0.0)?.exp()?;
    let below = |edge: f64| share_below(&((off + edge)? * &sharpness)?);
    let (upper, lower) = (below(HALF_STEP)?, below(-HALF_STEP)?);
    let above = lower.affine(-1.0, 1.0)?;
    let within = (&upper - &lower)?;
    let share = pixels.gt(EDGE)?.where_cond(&above, &within)?;
    let share = pixels.lt(-EDGE)?.where_cond(&upper, &share)?;
    Ok(share.maximum(LEAST)?.log()?.neg()?)
}

/// The share of a unit Gaussian below `x`, as improved-diffusion has it: Page 1977's tanh.
fn share_below(x: &Tensor) -> Result<Tensor> {
    let cubic = (x.sqr()?.affine(0.044715, 1.0)? * x)?;
    let root = (2.0 / std::f64::consts::PI).sqrt();
    Ok(cubic.affine(root, 0.0)?.tanh()?.affine(0.5, 0.5)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::DiffusionParams;
    use candle_core::{Device, Var};

    fn tensor(numbers: &[f32]) -> Tensor {
        Tensor::from_slice(numbers, (numbers.len(), 1, 1, 1), &Device::Cpu).unwrap()
    }

    fn first(tensor: &Tensor) -> f32 {
        tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn divergences_are_those_of_the_closed_form() {
        // Of N(0, 1) from N(2, 4): ln 2 + (1 + 4) / 8 - 1/2.
        let found = divergence(&tensor(&[2.0]), &tensor(&[4f32.ln()]), &tensor(&[0.0])).unwrap();
        assert!((first(&found) - (2f32.ln() + 0.125)).abs() < 1e-6);
        // Of the density of N(0, 4) at 2: ln(2 · 4 · pi) / 2 + 1/2.
        let found = surprise(&tensor(&[2.0]), &tensor(&[4f32.ln()])).unwrap();
        assert!((first(&found) - (0.5 * (8.0 * std::f32::consts::PI).ln() + 0.5)).abs() < 1e-6);
    }

    #[test]
    fn all_bytes_together_are_certain() {
        let bytes: Vec<f32> = (0..256).map(|byte| byte as f32 / 127.5 - 1.0).collect();
        let (pixels, wide) = (tensor(&bytes), tensor(&[-1.5f32; 256]));
        let off = (&pixels - 0.3).unwrap();
        let surprises = surprise_of_bytes(&pixels, &off, &wide).unwrap();
        let shares = surprises.neg().unwrap().exp().unwrap().sum_all().unwrap();
        assert!((first(&shares) - 1.0).abs() < 1e-3, "{shares}");
    }

    fn batch(timesteps: &[usize]) -> Batch {
        let numbers = |from: f32| {
            let numbers: Vec<f32> = (0..timesteps.len()).map(|at| from + 0.2 * at as f32).collect();
            tensor(&numbers)
        };
        let (images, noise) = (numbers(-0.4), numbers(0.7));
        Batch {
            images,
            noise,
            timesteps: timesteps.to_vec(),
            weights: None,
            classes: None,
            warps: None,
            cutouts: None,
        }
    }

    /// The bound of a linear schedule of ten steps, and that schedule.
    fn bound(prediction: Prediction) -> (Bound, NoiseSchedule) {
        let diffusion_params = DiffusionParams {
            num_timesteps: 10,
            prediction_type: prediction,
            ..Default::default()
        };
        let schedule = NoiseSchedule::new(&diffusion_params);
        let config = RunConfig { diffusion_params, ..Default::default() };
        (Bound::new(&config, &schedule), schedule)
    }

    #[test]
    fn a_picture_told_right_leaves_what_the_variance_is_off() {
        for prediction in [Prediction::Noise, Prediction::Velocity, Prediction::Picture] {
            let (bound, schedule) = bound(prediction);
            let batch = batch(&[5, 5]);
            let right = match prediction {
                Prediction::Noise => batch.noise.clone(),
                Prediction::Velocity => {
                    schedule.velocity(&batch.images, &batch.noise, &batch.timesteps).unwrap()
                }
                Prediction::Picture => batch.images.clone(),
            };
            let terms = |learned: &[f32]| {
                let terms = bound.terms(&right, &tensor(learned), &batch, &schedule).unwrap();
                terms.to_vec1::<f32>().unwrap()
            };
            // The first has the posterior's variance, the second beta's: ratio r, (ln r + 1/r - 1) / 2.
            let found = terms(&[-1.0, 1.0]);
            let Reverse { least, most, .. } = bound.timesteps[5];
            let wanted = 0.5 * (most - least + (least - most).exp() - 1.0) / 2f64.ln() * 0.01;
            assert!(found[0].abs() < 1e-6, "{found:?}");
            assert!((f64::from(found[1]) - wanted).abs() < 1e-6, "{found:?} {wanted}");
        }
    }

    #[test]
    fn only_the_variance_learns_and_it_learns_from_each_image_of_a_batch() {
        let (bound, schedule) = bound(Prediction::Noise);
        let batch = batch(&[0, 7]);
        let answer = Var::from_tensor(&tensor(&[0.1, -0.3])).unwrap();
        let loss = |learned: &Tensor| {
            let terms = bound.terms(answer.as_tensor(), learned, &batch, &schedule).unwrap();
            terms.sum_all().unwrap()
        };
        let learned = Var::from_tensor(&tensor(&[0.2, -0.1])).unwrap();
        let grads = loss(learned.as_tensor()).backward().unwrap();
        assert!(grads.get(answer.as_tensor()).is_none());
        let found = grads.get(learned.as_tensor()).unwrap().flatten_all().unwrap();
        let found = found.to_vec1::<f32>().unwrap();
        for at in 0..2 {
            let moved = |by: f32| {
                let mut numbers = [0.2, -0.1];
                numbers[at] += by;
                f64::from(loss(&tensor(&numbers)).to_scalar::<f32>().unwrap())
            };
            let slope = (moved(0.01) - moved(-0.01)) / 0.02;
            let off = (f64::from(found[at]) - slope).abs();
            assert!(off < 0.02 * slope.abs(), "{at}: {} is not {slope}", found[at]);
        }
    }
}
