//! Draws the pictures of a generation, batch after batch; page and command line both come here.

use engine::CancelToken;
use engine::config::{GenerateSettings, Sampling};
use engine::grid::Picture;
use engine::sampler::{SampleRequest, SampleStep, sample};

use super::infotext::Infotext;
use super::library::LoadedModel;
use crate::{Error, Result};

/// Frames of a strip at most.
const FRAMES: usize = 16;

/// Bytes that the frames of one batch may take.
const FRAME_BUDGET: usize = 512 << 20;

/// A finished picture.
pub struct Drawn<'a> {
    pub seed: i64,
    pub picture: &'a Picture,
    /// The x0 predictions on the way, noise first, the picture itself last.
    pub frames: &'a [Picture],
    pub parameters: &'a str,
}

/// Where the pictures go.
pub trait Sink {
    /// After each denoising step of batch `batch`, counted from 0. [`Error::Skipped`] ends the batch.
    fn step(&mut self, batch: usize, step: &SampleStep) -> Result<()>;
    fn picture(&mut self, drawn: &Drawn) -> Result<()>;
    /// After the last picture of a batch.
    fn batch_done(&mut self) -> Result<()> {
        Ok(())
    }
}

/// What to draw.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    pub sampling: Sampling,
    /// Of the first picture; each further one has the next.
    pub seed: i64,
    pub count: usize,
    pub batch_size: usize,
}

impl Plan {
    pub fn batches(&self) -> usize {
        self.count.div_ceil(self.batch_size)
    }

    /// The seeds of batch `batch`; the last one may be smaller.
    fn seeds(&self, batch: usize) -> Vec<i64> {
        let first = batch * self.batch_size;
        (first..self.count.min(first + self.batch_size)).map(|at| seed_of(self.seed, at)).collect()
    }
}

impl From<&GenerateSettings> for Plan {
    fn from(settings: &GenerateSettings) -> Self {
        Self {
            sampling: settings.sampling(),
            seed: settings.seed,
            count: settings.images(),
            batch_size: settings.batch_size,
        }
    }
}

/// Draws all batches, but those that the sink skips. Cancelled, it ends with an error after the last
/// whole batch.
pub fn draw(
    loaded: &LoadedModel,
    plan: &Plan,
    cancel: &CancelToken,
    sink: &mut dyn Sink,
) -> Result<()> {
    for batch in 0..plan.batches() {
        match draw_batch(loaded, plan, batch, cancel, sink) {
            Ok(()) | Err(Error::Skipped) => sink.batch_done()?,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn draw_batch(
    loaded: &LoadedModel,
    plan: &Plan,
    batch: usize,
    cancel: &CancelToken,
    sink: &mut dyn Sink,
) -> Result<()> {
    let seeds = plan.seeds(batch);
    let request = SampleRequest {
        sampling: plan.sampling,
        seeds: seeds.iter().map(|&seed| seed as u64).collect(),
    };
    let kept = frame_steps(plan.sampling.steps, frames_that_fit(loaded, plan.batch_size));
    let mut frames: Vec<Vec<Picture>> = vec![Vec::new(); seeds.len()];
    // The engine's callback knows only the engine's errors; ours waits here.
    let mut fault = None;
    let drawn = sample(&loaded.model, &request, cancel, &mut |step| {
        if kept.contains(&step.step) {
            for (strip, frame) in frames.iter_mut().zip(step.x0_pictures()?) {
                strip.push(frame);
            }
        }
        sink.step(batch, step).map_err(|error| {
            fault = Some(error);
            engine::Error::Cancelled
        })
    });
    let pictures = drawn.map_err(|error| fault.take().unwrap_or(Error::Engine(error)))?;
    for ((picture, mut frames), seed) in pictures.iter().zip(frames).zip(seeds) {
        frames.push(picture.clone());
        let parameters = parameters(loaded, plan, seed, picture);
        sink.picture(&Drawn { seed, picture, frames: &frames, parameters: &parameters })?;
    }
    Ok(())
}

/// The seed of picture `index` of a job; after the highest comes 0, so each can be typed again.
fn seed_of(first: i64, index: usize) -> i64 {
    (first + index as i64) % (GenerateSettings::MAX_SEED + 1)
}

fn parameters(loaded: &LoadedModel, plan: &Plan, seed: i64, picture: &Picture) -> String {
    Infotext {
        sampling: plan.sampling,
        seed,
        width: picture.width,
        height: picture.height,
        model_hash: &loaded.hash,
        model: &loaded.name,
    }
    .line()
}

fn frames_that_fit(loaded: &LoadedModel, batch_size: usize) -> usize {
    let model = &loaded.model.config().model_params;
    let frame = model.im_channels * model.im_size * model.im_size * batch_size;
    (FRAME_BUDGET / frame.max(1)).clamp(1, FRAMES)
}

/// The steps whose predictions are kept for a strip of at most `frames`, spread evenly. The last
/// frame is the picture itself, so the last step is not among them.
fn frame_steps(steps: usize, frames: usize) -> Vec<usize> {
    let before_last = (frames.max(1) - 1).min(steps - 1);
    (0..before_last).map(|at| 1 + at * (steps - 1) / before_last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use engine::config::SamplerKind;

    #[test]
    fn frames_spread_from_the_first_step_to_the_last_but_one() {
        let cases: &[(usize, usize, &[usize])] = &[
            (1, 16, &[]),
            (2, 16, &[1]),
            (4, 16, &[1, 2, 3]),
            (50, 4, &[1, 17, 33]),
            (1000, 1, &[]),
        ];
        for (steps, frames, expected) in cases {
            assert_eq!(frame_steps(*steps, *frames), *expected, "{steps} steps, {frames} frames");
        }
        let long = frame_steps(1000, 16);
        assert_eq!((long.len(), long[0]), (15, 1));
        assert!(long.is_sorted() && long[14] < 1000);
    }

    #[test]
    fn the_last_batch_holds_what_is_left() {
        let plan = Plan {
            sampling: Sampling::new(SamplerKind::Ddpm, 1),
            seed: 7,
            count: 5,
            batch_size: 2,
        };
        assert_eq!(plan.batches(), 3);
        assert_eq!((plan.seeds(1), plan.seeds(2)), (vec![9, 10], vec![11]));
    }

    #[test]
    fn seeds_count_up_and_wrap_within_what_a_person_can_type() {
        assert_eq!(seed_of(7, 3), 10);
        assert_eq!(seed_of(GenerateSettings::MAX_SEED, 1), 0);
    }
}
