//! Draws the pictures of a generation, batch after batch; page and command line both come here.

use engine::CancelToken;
use engine::config::{GenerateSettings, Negative, Prompt, Sampling};
use engine::grid::Picture;
use engine::sampler::{Guidance, SampleRequest, SampleStep, sample};

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
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    pub wishes: Wishes,
    pub sampling: Sampling,
    /// Of the first picture; each further one has the next.
    pub seed: i64,
    pub count: usize,
    pub batch_size: usize,
}

/// What the pictures are to show, read for one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Wishes {
    /// At least one; each has pictures in a row.
    prompts: Vec<Prompt>,
    negative: Negative,
    scale: f64,
}

impl Wishes {
    /// Reads the prompts for a model with these `classes`; errors name `prompt`.
    pub fn read(settings: &GenerateSettings, classes: &[String]) -> Result<Self> {
        Ok(Self {
            prompts: Prompt::parse(&settings.prompt, classes)?,
            negative: Negative::parse(&settings.negative_prompt, classes),
            scale: if classes.is_empty() { 1.0 } else { settings.cfg_scale },
        })
    }

    /// How many pictures each prompt has in a row, if there are several prompts.
    pub fn row_length(&self, count: usize) -> Option<usize> {
        (self.prompts.len() > 1).then(|| count.div_ceil(self.prompts.len()))
    }

    fn prompt(&self, index: usize, count: usize) -> &Prompt {
        &self.prompts[Prompt::of_picture(self.prompts.len(), index, count)]
    }
}

impl Plan {
    pub fn new(settings: &GenerateSettings, wishes: Wishes) -> Self {
        Self {
            wishes,
            sampling: settings.sampling(),
            seed: settings.seed,
            count: settings.images(),
            batch_size: settings.batch_size,
        }
    }

    pub fn batches(&self) -> usize {
        self.count.div_ceil(self.batch_size)
    }

    /// The places of the pictures of batch `batch`; the last one may be smaller.
    fn places(&self, batch: usize) -> std::ops::Range<usize> {
        let first = batch * self.batch_size;
        first..self.count.min(first + self.batch_size)
    }

    fn request(&self, batch: usize) -> SampleRequest {
        let prompts = self.places(batch).map(|at| self.wishes.prompt(at, self.count).clone());
        SampleRequest {
            sampling: self.sampling,
            seeds: self.places(batch).map(|at| seed_of(self.seed, at) as u64).collect(),
            guidance: Guidance {
                prompts: prompts.collect(),
                negative: self.wishes.negative.mix.clone(),
                scale: self.wishes.scale,
            },
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
    let request = plan.request(batch);
    let kept = frame_steps(plan.sampling.steps, frames_that_fit(loaded, plan.batch_size));
    let mut frames: Vec<Vec<Picture>> = vec![Vec::new(); request.seeds.len()];
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
    for ((picture, mut frames), place) in pictures.iter().zip(frames).zip(plan.places(batch)) {
        frames.push(picture.clone());
        let parameters = parameters(loaded, plan, place, picture);
        let seed = seed_of(plan.seed, place);
        sink.picture(&Drawn { seed, picture, frames: &frames, parameters: &parameters })?;
    }
    Ok(())
}

/// The seed of picture `index` of a job; after the highest comes 0, so each can be typed again.
fn seed_of(first: i64, index: usize) -> i64 {
    (first + index as i64) % (GenerateSettings::MAX_SEED + 1)
}

fn parameters(loaded: &LoadedModel, plan: &Plan, place: usize, picture: &Picture) -> String {
    let wishes = &plan.wishes;
    Infotext {
        prompt: &wishes.prompt(place, plan.count).to_string(),
        negative_prompt: &wishes.negative.used.join(", "),
        cfg_scale: if loaded.model.draws_without_class() { wishes.scale } else { 1.0 },
        sampling: plan.sampling,
        seed: seed_of(plan.seed, place),
        width: picture.width,
        height: picture.height,
        model_hash: &loaded.hash,
        model: &loaded.name,
    }
    .text()
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
        let plan = plan("", &[]);
        assert_eq!(plan.batches(), 3);
        let seeds = |batch| plan.request(batch).seeds;
        assert_eq!((seeds(1), seeds(2)), (vec![9, 10], vec![11]));
    }

    /// Five pictures, two at a time.
    fn plan(prompt: &str, classes: &[String]) -> Plan {
        let settings = GenerateSettings {
            prompt: prompt.into(),
            sampler: SamplerKind::Ddpm,
            steps: 1,
            seed: 7,
            ..Default::default()
        };
        let wishes = Wishes::read(&settings, classes).unwrap();
        Plan { count: 5, batch_size: 2, ..Plan::new(&settings, wishes) }
    }

    #[test]
    fn classes_run_through_the_batches() {
        let classes = ["cat", "dog", "owl"].map(str::to_owned);
        let plan = plan("..", &classes);
        assert_eq!(plan.wishes.row_length(5), Some(2));
        let texts: Vec<String> = (0..3)
            .flat_map(|batch| plan.request(batch).guidance.prompts)
            .map(|prompt| prompt.to_string())
            .collect();
        assert_eq!(texts, ["cat", "cat", "dog", "dog", "owl"]);
    }

    #[test]
    fn seeds_count_up_and_wrap_within_what_a_person_can_type() {
        assert_eq!(seed_of(7, 3), 10);
        assert_eq!(seed_of(GenerateSettings::MAX_SEED, 1), 0);
    }
}
