//! Draws the pictures of a generation, batch after batch; page and command line both come here.

use std::ops::Range;

use engine::CancelToken;
use engine::config::{GenerateSettings, Negative, Precision, Prompt, Sampling};
use engine::grid::Picture;
use engine::model::Model;
use engine::sampler::{Guidance, Init, SampleRequest, SampleStep};

use super::batch::draw_batch;
use super::library::LoadedModel;
use super::second_pass::SecondPass;
use super::seeds::Seeds;
use super::start::Start;
use crate::{Error, Result};

/// A picture that was drawn.
pub struct Drawn<'a> {
    /// Its place among all that were asked for.
    pub place: usize,
    pub seed: i64,
    pub picture: &'a Picture,
    /// The x0 predictions on the way, noise first, the picture itself last.
    pub frames: &'a [Picture],
    /// The noisy pictures x_t of the same steps, the picture itself last.
    pub noisy_frames: &'a [Picture],
    pub parameters: &'a str,
    /// The model's name.
    pub model: &'a str,
    /// Whether it was interrupted on the way, and is what was foreseen of it then.
    pub is_half_done: bool,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Counted from 0.
    pub batch: usize,
    /// Of `steps` steps of the batch, those of second passes included.
    pub step: usize,
    pub steps: usize,
    /// What a skip goes on to: the batches that follow, and those pictures of the batch that wait for
    /// their second pass.
    pub follow: usize,
}

/// Where the pictures go.
pub trait Sink {
    /// After each denoising step. [`Error::Skipped`] ends the batch, or its picture in a second pass.
    fn step(&mut self, at: Progress, step: &SampleStep) -> Result<()>;
    fn picture(&mut self, drawn: &Drawn) -> Result<()>;
    /// Whether it takes pictures that were interrupted after their first step.
    fn takes_half_done(&self) -> Result<bool> {
        Ok(false)
    }
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
    pub seeds: Seeds,
    pub count: usize,
    pub batch_size: usize,
    /// Width and height in pixels.
    pub size: (usize, usize),
    pub tiling: bool,
    /// The pictures to begin from, which take turns; empty for noise.
    pub starts: Vec<Start>,
    pub second_pass: Option<SecondPass>,
}

/// What the pictures are to show, read for one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Wishes {
    /// At least one; each has pictures in a row.
    prompts: Vec<Prompt>,
    pub(super) negative: Negative,
    pub(super) scale: f64,
}

impl Wishes {
    /// Reads the prompts for a model with these `classes`; errors name `prompt`. One without classes
    /// has no use for a prompt.
    pub fn read(settings: &GenerateSettings, classes: &[String]) -> Result<Self> {
        let prompt = if classes.is_empty() { "" } else { &settings.prompt };
        Ok(Self {
            prompts: Prompt::parse(prompt, classes)?,
            negative: Negative::parse(&settings.negative_prompt, classes),
            scale: if classes.is_empty() { 1.0 } else { settings.cfg_scale },
        })
    }

    /// How many of `count` pictures each prompt has in its row, if there are several prompts.
    pub fn rows(&self, count: usize) -> Option<Vec<usize>> {
        let prompts = self.prompts.len();
        let mut rows = vec![0; prompts.min(count)];
        (0..count).for_each(|index| rows[Prompt::of_picture(prompts, index, count)] += 1);
        (prompts > 1).then_some(rows)
    }

    pub(super) fn prompt(&self, index: usize, count: usize) -> &Prompt {
        &self.prompts[Prompt::of_picture(self.prompts.len(), index, count)]
    }
}

impl Plan {
    /// Pictures by `model`, out of noise or out of `starts`.
    pub fn new(
        settings: &GenerateSettings,
        wishes: Wishes,
        model: &Model,
        starts: Vec<Start>,
    ) -> Self {
        let size = drawn_size(settings, model.config().model_params.im_size);
        let mut sampling = settings.sampling();
        // A graphics card has no other, and the pictures' text says how they were drawn.
        if !model.device().is_cpu() {
            sampling.precision = Precision::F32;
        }
        Self {
            wishes,
            sampling,
            seeds: Seeds::of(settings),
            count: settings.images(),
            batch_size: settings.batch_size,
            size,
            tiling: settings.tiling,
            starts,
            second_pass: SecondPass::of(settings, size, model.size_divisor()),
        }
    }

    pub fn batches(&self) -> usize {
        self.count.div_ceil(self.batch_size)
    }

    /// Steps that a whole batch takes.
    pub fn steps(&self) -> usize {
        self.first_steps() + self.batch_size * self.second_pass.map_or(0, |pass| pass.steps())
    }

    /// Steps of the first pass.
    pub(super) fn first_steps(&self) -> usize {
        let steps = self.sampling.steps;
        self.starts.first().map_or(steps, |start| start.init.steps_taken(steps))
    }

    /// Where the picture at `place` begins, if not in noise.
    pub(super) fn start(&self, place: usize) -> Option<&Start> {
        self.starts.get(place % self.starts.len().max(1))
    }

    /// Where the pictures at `places` begin: one for all of them, or one for each.
    fn inits(&self, places: Range<usize>) -> Vec<Init> {
        let differing = if self.starts.len() == 1 { 1 } else { places.len() };
        let starts = places.take(differing).filter_map(|place| self.start(place));
        starts.map(|start| start.init.clone()).collect()
    }

    /// The places of the pictures of batch `batch`; the last one may be smaller.
    pub(super) fn places(&self, batch: usize) -> Range<usize> {
        let first = batch * self.batch_size;
        first..self.count.min(first + self.batch_size)
    }

    /// The picture that comes of what was drawn for `place`.
    pub(super) fn finished(&self, place: usize, drawn: Picture) -> Picture {
        match self.start(place) {
            Some(start) => start.finished(drawn),
            None => drawn,
        }
    }

    pub(super) fn request(&self, places: Range<usize>) -> SampleRequest {
        let prompts = places.clone().map(|at| self.wishes.prompt(at, self.count).clone());
        SampleRequest {
            guidance: Guidance {
                prompts: prompts.collect(),
                negative: self.wishes.negative.mix.clone(),
                scale: self.wishes.scale,
            },
            tiling: self.tiling,
            variation: self.seeds.variation(places.clone()),
            seed_size: self.seeds.resized_from(),
            inits: self.inits(places.clone()),
            ..SampleRequest::new(self.sampling, self.seeds.own(places), self.size)
        }
    }
}

/// Width and height of what `settings` ask of a model that learned pictures of `side` pixels.
pub fn drawn_size(settings: &GenerateSettings, side: usize) -> (usize, usize) {
    let own = |asked: usize| if asked == 0 { side } else { asked };
    (own(settings.width), own(settings.height))
}

/// Draws all batches, but those that the sink skips. Cancelled, it ends with an error, once the sink has
/// what was foreseen of the pictures that were on their way, if it takes them.
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

#[cfg(test)]
mod tests {
    use super::*;
    use engine::config::SamplerKind;

    #[test]
    fn the_last_batch_holds_what_is_left() {
        let plan = plan("", &[]);
        assert_eq!(plan.batches(), 3);
        let seeds = |batch| plan.request(plan.places(batch)).seeds;
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
        Plan {
            wishes: Wishes::read(&settings, classes).unwrap(),
            sampling: settings.sampling(),
            seeds: Seeds::of(&settings),
            count: 5,
            batch_size: 2,
            size: drawn_size(&settings, 8),
            tiling: false,
            starts: Vec::new(),
            second_pass: None,
        }
    }

    #[test]
    fn classes_run_through_the_batches() {
        let classes = ["cat", "dog", "owl"].map(str::to_owned);
        let plan = plan("..", &classes);
        assert_eq!(plan.wishes.rows(5), Some(vec![2, 2, 1]));
        assert_eq!(plan.wishes.rows(2), Some(vec![1, 1]));
        let texts: Vec<String> = (0..3)
            .flat_map(|batch| plan.request(plan.places(batch)).guidance.prompts)
            .map(|prompt| prompt.to_string())
            .collect();
        assert_eq!(texts, ["cat", "cat", "dog", "dog", "owl"]);
    }
}
