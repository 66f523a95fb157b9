//! From noise to pictures.

mod course;
mod ddim;
mod ddpm;
mod denoiser;
mod dpmpp_2m;
mod dpmpp_2m_sde;
mod dpmpp_sde;
mod euler;
mod euler_a;
mod guidance;
mod heun;
mod history;
mod level;
mod lms;
mod path;
mod plms;
mod spacing;
mod unipc;

pub use course::Course;
pub use ddim::Ddim;
pub use ddpm::{Ddpm, Variance};
pub use denoiser::{Denoiser, Estimate};
pub use dpmpp_2m::DpmPp2m;
pub use dpmpp_2m_sde::DpmPp2mSde;
pub use dpmpp_sde::DpmPpSde;
pub use euler::Euler;
pub use euler_a::EulerAncestral;
pub use guidance::Guidance;
pub use heun::Heun;
pub use level::{Level, Levels};
pub use lms::Lms;
pub use path::{Leg, Path};
pub use plms::Plms;
pub use spacing::Spacing;
pub use unipc::UniPc;

use candle_core::{DType, Tensor};
use guidance::Guided;

use crate::config::Sampling;
use crate::grid::Picture;
use crate::model::Model;
use crate::noise::{self, Stream};
use crate::{CancelToken, Error, Result};

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

/// What to draw: one picture for each seed. A picture depends on its own seed alone.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleRequest {
    pub sampling: Sampling,
    pub seeds: Vec<u64>,
    pub guidance: Guidance,
}

/// What stands after one step.
#[derive(Debug)]
pub struct SampleStep<'a> {
    /// 1 to `steps`.
    pub step: usize,
    pub steps: usize,
    /// The timestep the network was asked at first, 0 to T - 1.
    pub timestep: f32,
    /// (batch, channels, height, width)
    pub x: &'a Tensor,
    /// The prediction of the finished picture, of the same shape, within [-1, 1].
    pub x0: &'a Tensor,
}

impl SampleStep<'_> {
    pub fn x_pictures(&self) -> Result<Vec<Picture>> {
        pictures(self.x)
    }

    pub fn x0_pictures(&self) -> Result<Vec<Picture>> {
        pictures(self.x0)
    }
}

/// Draws the pictures, telling of every step. Ends with [`Error::Cancelled`] if asked to stop.
pub fn sample(
    model: &Model,
    request: &SampleRequest,
    cancel: &CancelToken,
    report: &mut dyn FnMut(&SampleStep) -> Result<()>,
) -> Result<Vec<Picture>> {
    let params = &model.config().model_params;
    let shape = (params.im_channels, params.im_size, params.im_size);
    let steps = request.sampling.steps;
    let guided = Guided::new(model, &request.guidance)?;
    let mut course = Course::new(&request.sampling, model.schedule(), model.prediction())?;
    let draw = |stream, counter| {
        noise::gaussian_images(&request.seeds, stream, counter, shape, model.device())
    };
    let mut x = course.start(&draw(Stream::Start, 0)?)?;
    for index in 0..steps {
        let mut network = |x: &Tensor, timestep| {
            cancel.check()?;
            guided.predict(x, timestep)
        };
        let mut draws = 0;
        let mut noise = || {
            draws += 1;
            draw(Stream::Sampling, draw_number(index, draws - 1))
        };
        let (next, x0) = course.step(index, &x, &mut network, &mut noise)?;
        x = next;
        let timestep = course.path.legs()[index].from.timestep;
        report(&SampleStep { step: index + 1, steps, timestep, x: &x, x0: &x0 })?;
    }
    pictures(&x)
}

/// The counter of draw `draw` of step `index`; both are less than 2^32.
fn draw_number(index: usize, draw: u64) -> u64 {
    index as u64 | draw << 32
}

/// Tensors in [-1, 1] (batch, channels, height, width) as pictures; what lies outside is clamped.
pub fn pictures(images: &Tensor) -> Result<Vec<Picture>> {
    let (batch, channels, height, width) = images.dims4()?;
    let bytes = ((images.clamp(-1f32, 1f32)? + 1.0)? * 127.5)?.round()?.to_dtype(DType::U8)?;
    let bytes = bytes.flatten_all()?.to_vec1::<u8>()?;
    let area = height * width;
    let shown = match channels {
        1 | 3 => channels,
        2 => 1,
        4 => 3,
        _ => return Err(Error::Data(format!("{channels} channels cannot be shown"))),
    };
    Ok((0..batch)
        .map(|at| {
            let planes = &bytes[at * channels * area..][..shown * area];
            Picture::from_planes(width as u32, height as u32, shown as u8, planes)
        })
        .collect())
}
