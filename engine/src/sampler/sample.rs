//! The whole way, step after step.

use candle_core::Tensor;

use super::canvas::Canvases;
use super::develop::Developer;
use super::guidance::Guided;
use super::{Course, Level, SampleRequest};
use crate::grid::Picture;
use crate::model::Model;
use crate::noise::Stream;
use crate::precision::within;
use crate::{CancelToken, Error, Result};

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

/// What came of a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Sampled {
    /// Where it was stopped, the prediction of them.
    pub pictures: Vec<Picture>,
    /// Steps that were taken, of `steps`.
    pub step: usize,
    pub steps: usize,
}

impl Sampled {
    pub fn is_finished(&self) -> bool {
        self.step == self.steps
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
    let sampled = sample_until_stopped(model, request, cancel, report)?;
    if sampled.is_finished() { Ok(sampled.pictures) } else { Err(Error::Cancelled) }
}

/// The same, but if `cancel` asks to stop after the first step, it ends with what the pictures are
/// predicted to become. An error of `report` ends it with that error.
pub fn sample_until_stopped(
    model: &Model,
    request: &SampleRequest,
    cancel: &CancelToken,
    report: &mut dyn FnMut(&SampleStep) -> Result<()>,
) -> Result<Sampled> {
    request.check(model)?;
    cancel.check()?;
    let model = &model.with_border(request.border());
    let guided = Guided::new(model, &request.guidance, cancel)?;
    let mut course = course(model, request)?;
    let legs = request.legs();
    if legs.is_empty() && !request.inits.is_empty() {
        let given = request.inits.iter().map(|init| init.picture.clone());
        let pictures = given.cycle().take(request.seeds.len()).collect();
        return Ok(Sampled { pictures, step: 0, steps: 0 });
    }
    let noise = request.start_noise(model)?;
    let canvases = Canvases::new(&request.inits, model, &noise, cancel)?;
    let developer = Developer::new(model, &request.inits)?;
    let (steps, precision) = (legs.len(), request.sampling.precision);
    let mut predicted = None;
    let mut x = begin(&course, canvases.as_ref(), &noise, legs.start)?;
    for index in legs.clone() {
        let mut network = |x: &Tensor, timestep| within(precision, || guided.predict(x, timestep));
        let mut draws = 0;
        let mut noise = || {
            draws += 1;
            request.noise(Stream::Sampling, draw_number(index, draws - 1), model)
        };
        let stepped = course.step(index, &x, &mut network, &mut noise);
        if let (Err(Error::Cancelled), Some(x0)) = (&stepped, &predicted) {
            let pictures = developer.pictures(x0)?;
            return Ok(Sampled { pictures, step: index - legs.start, steps });
        }
        let (mut next, mut x0) = stepped?;
        let leg = course.path.legs()[index];
        if let Some(canvases) = &canvases {
            (next, x0) = (canvases.keep(next, leg.to)?, canvases.keep(x0, Level::CLEAN)?);
        }
        x = next;
        report(&SampleStep {
            step: index - legs.start + 1,
            steps,
            timestep: leg.from.timestep,
            x: &x,
            x0: &x0,
            developer: &developer,
        })?;
        predicted = Some(x0);
    }
    Ok(Sampled { pictures: developer.pictures(&x)?, step: steps, steps })
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
