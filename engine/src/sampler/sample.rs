//! The whole way, step after step.

use candle_core::Tensor;

use super::canvas::Canvases;
use super::develop::Developer;
use super::guidance::Guided;
use super::{Course, Level, SampleRequest};
use crate::grid::Picture;
use crate::model::Model;
use crate::noise::Stream;
use crate::{CancelToken, Result};

/// What stands after one step.
#[derive(Debug)]
pub struct SampleStep<'a> {
    /// 1 to `steps`.
    pub step: usize,
    /// Steps that are taken, which may be fewer than the request's sampling has.
    pub steps: usize,
    /// The timestep the network was asked at first, 0 to T - 1.
    pub timestep: f32,
    /// (batch, channels, height, width), as [`Model::shape`] has it.
    pub x: &'a Tensor,
    /// The prediction of what will be drawn, of the same shape; pixels are within [-1, 1].
    pub x0: &'a Tensor,
    developer: &'a Developer<'a>,
}

impl SampleStep<'_> {
    pub fn x_pictures(&self) -> Result<Vec<Picture>> {
        self.developer.pictures(self.x)
    }

    pub fn x0_pictures(&self) -> Result<Vec<Picture>> {
        self.developer.pictures(self.x0)
    }
}

/// Draws the pictures, telling of every step. Ends with [`crate::Error::Cancelled`] if asked to
/// stop, and with a [`crate::config::ConfigError`] if `model` cannot draw what is asked for.
pub fn sample(
    model: &Model,
    request: &SampleRequest,
    cancel: &CancelToken,
    report: &mut dyn FnMut(&SampleStep) -> Result<()>,
) -> Result<Vec<Picture>> {
    request.check(model)?;
    let model = &model.with_border(request.border());
    let guided = Guided::new(model, &request.guidance, cancel)?;
    let mut course = course(model, request)?;
    let legs = request.legs();
    if legs.is_empty() && !request.inits.is_empty() {
        let given = request.inits.iter().map(|init| init.picture.clone());
        return Ok(given.cycle().take(request.seeds.len()).collect());
    }
    let noise = request.start_noise(model)?;
    let canvases = Canvases::new(&request.inits, model, &noise)?;
    let developer = Developer::new(model, &request.inits)?;
    let mut x = begin(&course, canvases.as_ref(), &noise, legs.start)?;
    for index in legs.clone() {
        let mut network = |x: &Tensor, timestep| guided.predict(x, timestep);
        let mut draws = 0;
        let mut noise = || {
            draws += 1;
            request.noise(Stream::Sampling, draw_number(index, draws - 1), model)
        };
        let (mut next, mut x0) = course.step(index, &x, &mut network, &mut noise)?;
        let leg = course.path.legs()[index];
        if let Some(canvases) = &canvases {
            (next, x0) = (canvases.keep(next, leg.to)?, canvases.keep(x0, Level::CLEAN)?);
        }
        x = next;
        report(&SampleStep {
            step: index - legs.start + 1,
            steps: legs.len(),
            timestep: leg.from.timestep,
            x: &x,
            x0: &x0,
            developer: &developer,
        })?;
    }
    developer.pictures(&x)
}

fn course(model: &Model, request: &SampleRequest) -> Result<Course> {
    let (schedule, prediction) = (model.schedule(), model.prediction());
    let course = Course::new(&request.sampling, schedule, prediction, model.manner())?
        .with_variance(model.variance());
    Ok(if model.draws_latents() { course.unbounded() } else { course })
}

/// x before the step at place `first` of the path.
fn begin(
    course: &Course,
    canvases: Option<&Canvases>,
    noise: &Tensor,
    first: usize,
) -> Result<Tensor> {
    match canvases {
        Some(canvases) => canvases.start(&course.path.legs()[first]),
        None => course.start(noise),
    }
}

/// The counter of draw `draw` of step `index`; both are less than 2^32.
fn draw_number(index: usize, draw: u64) -> u64 {
    index as u64 | draw << 32
}
