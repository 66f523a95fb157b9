//! Ancestral sampling of Ho et al. 2020 (arXiv 2006.11239).

use candle_core::Tensor;

use super::{Denoiser, Estimate, Path, Sampler, weighted_sum};
use crate::Result;
use crate::config::VarianceType;

/// Through all timesteps, this is the reference's sampler. Through fewer, the steps between are
/// merged into one with the product of their alphas (Nichol & Dhariwal 2021, arXiv 2102.09672).
#[derive(Clone, Copy, Debug, Default)]
pub struct Ddpm;

impl Sampler for Ddpm {
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)> {
        let leg = path.legs()[index];
        let Estimate { x0, variance, .. } = denoiser.estimate(x, leg.from)?;
        let (now, before) = (leg.from.alpha_cumprod, leg.to.alpha_cumprod);
        let alpha = now / before;
        let from_x0 = before.sqrt() * (1.0 - alpha) / (1.0 - now);
        let from_x = alpha.sqrt() * (1.0 - before) / (1.0 - now);
        let mean = weighted_sum(from_x, x, [(from_x0, &x0)])?;
        if leg.to.is_clean() {
            return Ok((mean, x0));
        }
        let noise = (denoiser.noise)()?;
        let (small, large) = ((1.0 - before) / (1.0 - now) * (1.0 - alpha), 1.0 - alpha);
        let next = match (denoiser.variance, variance) {
            (VarianceType::LearnedRange, Some(learned)) => {
                (mean + (deviation(&learned, small, large)? * noise)?)?
            }
            (VarianceType::FixedLarge, _) => weighted_sum(1.0, &mean, [(large.sqrt(), &noise)])?,
            _ => weighted_sum(1.0, &mean, [(small.sqrt(), &noise)])?,
        };
        Ok((next, x0))
    }
}

/// The root of the variance that `learned` says: -1 for `small`, 1 for `large`, and between them as
/// their logarithms lie (Nichol & Dhariwal 2021, arXiv 2102.09672, equation 15).
fn deviation(learned: &Tensor, small: f64, large: f64) -> Result<Tensor> {
    let (least, most) = (0.5 * small.ln(), 0.5 * large.ln());
    Ok(learned.affine((most - least) / 2.0, (most + least) / 2.0)?.exp()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn a_learned_variance_lies_between_the_two_fixed_ones() {
        let learned = Tensor::new(&[-1f32, 0.0, 1.0], &Device::Cpu).unwrap();
        let found = deviation(&learned, 0.04, 0.16).unwrap().to_vec1::<f32>().unwrap();
        let wanted = [0.2, 0.08f32.sqrt(), 0.4];
        assert!(found.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}");
    }
}
