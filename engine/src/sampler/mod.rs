//! From noise to pictures.

mod ddim;
mod ddpm;

pub use ddim::Ddim;
pub use ddpm::{Ddpm, Variance};

use candle_core::{DType, Tensor};

use crate::config::{ConfigError, SamplerKind};
use crate::grid::Picture;
use crate::model::Model;
use crate::noise::{self, Stream};
use crate::schedule::NoiseSchedule;
use crate::{CancelToken, Error, Result};

/// One way from noise to pictures: which timesteps to visit, and how to step between them.
pub trait Sampler {
    /// The timesteps at which the network is asked, the noisiest first.
    fn timesteps(&self) -> &[usize];

    /// From `x` at `timesteps()[index]` to the next one, and the prediction of x0 made on the way.
    /// `z` draws unit Gaussian noise of `x`'s shape, for samplers that add some.
    fn step(
        &self,
        index: usize,
        x: &Tensor,
        noise_pred: &Tensor,
        z: &mut dyn FnMut() -> Result<Tensor>,
    ) -> Result<(Tensor, Tensor)>;
}

/// The sampler of `kind` that takes `steps` steps through `schedule`.
pub fn sampler(
    kind: SamplerKind,
    schedule: &NoiseSchedule,
    steps: usize,
) -> Result<Box<dyn Sampler>> {
    let most = schedule.timesteps();
    if !(1..=most).contains(&steps) {
        return Err(ConfigError::one(
            "steps",
            format!(
                "{steps} steps are not possible; this model has {most} timesteps: give 1 to {most}"
            ),
        )
        .into());
    }
    Ok(match kind {
        SamplerKind::Ddpm => Box::new(Ddpm::new(schedule, steps)),
        SamplerKind::Ddim => Box::new(Ddim::new(schedule, steps)),
    })
}

/// `steps` timesteps evenly spread over the schedule, the noisiest first, ending at 0.
fn leading_timesteps(timesteps: usize, steps: usize) -> Vec<usize> {
    let stride = timesteps / steps;
    (0..steps).rev().map(|i| i * stride).collect()
}

/// The prediction of x0 from `x` at a timestep with this alpha_cumprod.
fn predict_x0(x: &Tensor, noise_pred: &Tensor, alpha_cumprod: f64) -> Result<Tensor> {
    Ok(((x - (noise_pred * (1.0 - alpha_cumprod).sqrt())?)? / alpha_cumprod.sqrt())?)
}

/// What to draw: one picture for each seed. A picture depends on its own seed alone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRequest {
    pub sampler: SamplerKind,
    pub steps: usize,
    pub seeds: Vec<u64>,
}

/// What stands after one step.
#[derive(Debug)]
pub struct SampleStep<'a> {
    /// 1 to `steps`.
    pub step: usize,
    pub steps: usize,
    /// The timestep the network was asked at.
    pub timestep: usize,
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
    let sampler = sampler(request.sampler, model.schedule(), request.steps)?;
    let draw = |stream, counter| {
        noise::gaussian_images(&request.seeds, stream, counter, shape, model.device())
    };
    let mut x = draw(Stream::Start, 0)?;
    for (index, &timestep) in sampler.timesteps().iter().enumerate() {
        cancel.check()?;
        let noise_pred = model.predict_noise(&x, timestep)?;
        let mut z = || draw(Stream::Sampling, index as u64);
        let (next, x0) = sampler.step(index, &x, &noise_pred, &mut z)?;
        x = next;
        report(&SampleStep { step: index + 1, steps: request.steps, timestep, x: &x, x0: &x0 })?;
    }
    pictures(&x)
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
