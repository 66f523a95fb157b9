//! From noise to pictures.

mod canvas;
mod clipping;
mod course;
mod ddim;
mod ddpm;
mod denoiser;
mod develop;
mod dpmpp_2m;
mod dpmpp_2m_sde;
mod dpmpp_sde;
mod euler;
mod euler_a;
mod fit;
mod guidance;
mod heun;
mod history;
mod init;
mod level;
mod lms;
mod manner;
mod mask;
mod path;
mod pictures;
mod plms;
mod portions;
mod region;
mod request;
mod sample;
mod seed_resize;
mod smear;
mod spacing;
mod unipc;
mod variation;

pub use clipping::Clipping;
pub use course::Course;
pub use ddim::Ddim;
pub use ddpm::Ddpm;
pub use denoiser::{Denoiser, Estimate};
pub use dpmpp_2m::DpmPp2m;
pub use dpmpp_2m_sde::DpmPp2mSde;
pub use dpmpp_sde::DpmPpSde;
pub use euler::Euler;
pub use euler_a::EulerAncestral;
pub use fit::{Fitted, fit};
pub use guidance::Guidance;
pub use heun::Heun;
pub use init::Init;
pub use level::{Level, Levels};
pub use lms::Lms;
pub use manner::Manner;
pub use mask::Mask;
pub use path::{Leg, Path};
pub use pictures::{image_tensor, pictures};
pub use plms::Plms;
pub(crate) use portions::portion;
pub use region::Region;
pub use request::SampleRequest;
pub use sample::{SampleStep, Sampled, sample, sample_until_stopped};
pub use spacing::Spacing;
pub use unipc::UniPc;
pub use variation::Variation;

use candle_core::Tensor;

use crate::Result;

/// One way to step from one level of noise to the next. A value is good for one generation: some
/// samplers build on what their last steps found.
pub trait Sampler {
    /// What unit Gaussian noise is multiplied by to be x at the `first` level. The samplers of
    /// k-diffusion leave the picture's place in it empty; the others fill it with noise.
    fn start_scale(&self, _first: Level) -> f64 {
        1.0
    }

    /// From `x` (batch, channels, height, width) at the beginning of leg `index` of `path` to x at
    /// its end, and the picture estimated at its beginning. Legs are taken in order.
    fn step(
        &mut self,
        path: &Path,
        index: usize,
        x: &Tensor,
        denoiser: &mut Denoiser,
    ) -> Result<(Tensor, Tensor)>;
}

/// `factor` · `tensor` + the sum of `terms`, each a factor and a tensor of the same shape.
fn weighted_sum<'a>(
    factor: f64,
    tensor: &Tensor,
    terms: impl IntoIterator<Item = (f64, &'a Tensor)>,
) -> Result<Tensor> {
    let mut sum = (tensor * factor)?;
    for (factor, term) in terms {
        sum = (sum + (term * factor)?)?;
    }
    Ok(sum)
}
