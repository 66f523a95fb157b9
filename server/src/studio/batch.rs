//! One batch of a drawing, from noise to the pictures that go to the sink.

use engine::CancelToken;
use engine::grid::Picture;
use engine::sampler::{SampleStep, sample_until_stopped};

use super::drawing::{Drawn, Plan, Progress, Sink};
use super::infotext::{INTERRUPTED, Infotext};
use super::library::LoadedModel;
use super::second_pass::SecondPass;
use super::start::Start;
use crate::{Error, Result};

/// Frames of a strip at most.
const FRAMES: usize = 16;

/// Bytes that the frames of one batch may take.
const FRAME_BUDGET: usize = 512 << 20;

/// One picture on its way.
#[derive(Clone, Default)]
struct Frames {
    x0: Vec<Picture>,
    x: Vec<Picture>,
}

impl Frames {
    fn push(&mut self, x0: Picture, x: Picture) {
        self.x0.push(x0);
        self.x.push(x);
    }
}

/// Draws batch `batch` of `plan`.
pub fn draw_batch(
    loaded: &LoadedModel,
    plan: &Plan,
    batch: usize,
    cancel: &CancelToken,
    sink: &mut dyn Sink,
) -> Result<()> {
    let places = plan.places(batch);
    let request = plan.request(places.clone());
    // A strip has frames of the picture's own size, which the part of a picture has not.
    let is_patch = plan.starts.iter().any(Start::is_patch);
    let most = if is_patch { 1 } else { frames_that_fit(loaded, plan) };
    let kept = frame_steps(plan.first_steps(), most);
    let mut frames: Vec<Frames> = vec![Frames::default(); request.seeds.len()];
    let follow = plan.batches() - batch - 1;
    let mut teller = Teller { sink, batch, done: 0, steps: plan.steps(), follow, fault: None };
    let sampled = sample_until_stopped(&loaded.model, &request, cancel, &mut |step| {
        if kept.contains(&step.step) {
            let pairs = step.x0_pictures()?.into_iter().zip(step.x_pictures()?);
            frames.iter_mut().zip(pairs).for_each(|(kept, (x0, x))| kept.push(x0, x));
        }
        teller.tell(step)
    });
    let sampled = teller.heard(sampled)?;
    let mut is_stopped = !sampled.is_finished();
    for (at, (drawn, mut frames)) in sampled.pictures.into_iter().zip(frames).enumerate() {
        let place = places.start + at;
        let (mut picture, mut step) = (plan.finished(place, drawn), sampled.step);
        frames.push(picture.clone(), picture.clone());
        if let Some(pass) = plan.second_pass.as_ref().filter(|_| !is_stopped) {
            teller.turn_to(plan.first_steps() + at * pass.steps(), follow + places.len() - at - 1);
            let alone = plan.request(place..place + 1);
            let first = picture.clone();
            let again =
                pass.draw(&loaded.model, alone, first, cancel, &mut |step| teller.tell(step));
            match teller.heard(again) {
                Ok(mut again) => {
                    is_stopped = !again.is_finished();
                    step += again.step;
                    picture = again.pictures.remove(0);
                }
                Err(Error::Skipped) => continue,
                // Before the first step there is the picture of the first pass.
                Err(Error::Engine(engine::Error::Cancelled)) => is_stopped = true,
                Err(error) => return Err(error),
            }
        }
        if is_stopped && !teller.sink.takes_half_done()? {
            break;
        }
        teller.sink.picture(&Drawn {
            place,
            seed: plan.seeds.of_picture(place),
            picture: &picture,
            frames: &frames.x0,
            noisy_frames: &frames.x,
            parameters: &parameters(loaded, plan, place, is_stopped.then_some(step)),
            model: &loaded.name,
            is_half_done: is_stopped,
        })?;
    }
    if is_stopped { Err(engine::Error::Cancelled.into()) } else { Ok(()) }
}

/// Counts the steps of a batch for the sink. The engine's callback knows only the engine's errors;
/// ours waits here.
struct Teller<'a> {
    sink: &'a mut dyn Sink,
    batch: usize,
    done: usize,
    steps: usize,
    follow: usize,
    fault: Option<Error>,
}

impl Teller<'_> {
    /// Goes on behind step `done`, where so much more follows.
    fn turn_to(&mut self, done: usize, follow: usize) {
        (self.done, self.follow) = (done, follow);
    }

    fn tell(&mut self, step: &SampleStep) -> engine::Result<()> {
        self.done += 1;
        let Self { batch, steps, follow, .. } = *self;
        let at = Progress { batch, step: self.done, steps, follow };
        self.sink.step(at, step).map_err(|error| {
            self.fault = Some(error);
            engine::Error::Cancelled
        })
    }

    fn heard<T>(&mut self, drawn: engine::Result<T>) -> Result<T> {
        drawn.map_err(|error| self.fault.take().unwrap_or(Error::Engine(error)))
    }
}

/// The text of the picture at `place`, which was interrupted after step `interrupted`, if it was.
fn parameters(
    loaded: &LoadedModel,
    plan: &Plan,
    place: usize,
    interrupted: Option<usize>,
) -> String {
    let wishes = &plan.wishes;
    let is_steered = loaded.model.draws_without_class();
    let negative = || wishes.negative.text(loaded.model.classes());
    let start = plan.start(place).into_iter().flat_map(Start::details);
    let second = plan.second_pass.iter().flat_map(SecondPass::details);
    let steps = plan.first_steps() + plan.second_pass.map_or(0, |pass| pass.steps());
    let interrupted = interrupted.map(|step| (INTERRUPTED, format!("{step}/{steps}")));
    let tiling = plan.tiling.then(|| ("Tiling", "True".to_owned()));
    Infotext {
        prompt: &wishes.prompt(place, plan.count).to_string(),
        negative_prompt: &if is_steered { negative() } else { String::new() },
        cfg_scale: if is_steered { wishes.scale } else { 1.0 },
        sampling: plan.sampling,
        seed: plan.seeds.of_picture(place),
        width: plan.size.0 as u32,
        height: plan.size.1 as u32,
        model_hash: &loaded.hash,
        model: &loaded.name,
        details: plan
            .seeds
            .details(place)
            .into_iter()
            .chain(tiling)
            .chain(start)
            .chain(second)
            .chain(interrupted)
            .collect(),
    }
    .text()
}

fn frames_that_fit(loaded: &LoadedModel, plan: &Plan) -> usize {
    let channels = loaded.model.config().model_params.im_channels;
    // Both the prediction and the noisy picture.
    let frame = 2 * channels * plan.size.0 * plan.size.1 * plan.batch_size;
    (FRAME_BUDGET / frame.max(1)).clamp(1, FRAMES)
}

/// The steps whose predictions are kept for a strip of at most `frames`, spread evenly. The last
/// frame is the picture itself, so the last step is not among them.
fn frame_steps(steps: usize, frames: usize) -> Vec<usize> {
    let inner = steps.saturating_sub(1);
    let before_last = (frames.max(1) - 1).min(inner);
    (0..before_last).map(|at| 1 + at * inner / before_last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_spread_from_the_first_step_to_the_last_but_one() {
        let cases: &[(usize, usize, &[usize])] = &[
            (0, 16, &[]),
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
}
