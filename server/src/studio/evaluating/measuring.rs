//! From a model, its judge and images to figures.

use app::api::Figures;
use candle_core::Device;
use engine::CancelToken;
use engine::config::GenerateSettings;
use engine::data::ImageSet;
use engine::evaluate::{
    Features, Neighbour, PrecisionRecall, frechet_distance, kernel_distance, nearest,
    precision_recall,
};
use engine::grid::{Picture, rows};
use engine::sampler::SampleStep;

use super::images::Images;
use super::judge::Judge;
use super::{EvaluateSettings, Evaluation, OnStep, Stage, Step};
use crate::Result;
use crate::studio::drawing::{Drawn, Plan, Progress, Sink, Wishes, draw};
use crate::studio::drawn_seed;
use crate::studio::library::LoadedModel;
use crate::studio::parameters::Parameters;

/// Pictures that are shown beside their nearest images.
const SHOWN: usize = 10;
/// Black pixels between them.
const GAP: u32 = 2;

/// The images to compare with, as the judge sees them.
struct Real {
    features: Features,
    /// Fréchet distance between two halves of them.
    spread: f64,
}

impl Evaluation {
    /// Draws the pictures and compares them.
    pub fn measure(
        self,
        device: &Device,
        cancel: &CancelToken,
        on_step: OnStep,
    ) -> Result<Measured> {
        let Self { settings, model, judge, images } = self;
        let model = LoadedModel::load(&settings.model, model, device)?;
        // Drawing takes hours: a judge that cannot be used is told before.
        let judge = judge.load(&model, device, cancel, on_step)?;
        let real = look_at(&images.compared, &judge, cancel)?;
        let drawn = drawn(&settings, images.compared.len(), &model, cancel, on_step)?;
        let compared = Compared { settings: &settings, judge: &judge, images: &images };
        compared.measured(&real, &drawn, cancel)
    }
}

/// What an evaluation found.
pub struct Measured {
    pub figures: Figures,
    /// The pictures that are most like an image, the likest first, and below each its image.
    pub neighbours: Picture,
}

fn look_at(images: &ImageSet, judge: &Judge, cancel: &CancelToken) -> Result<Real> {
    let pictures: Vec<Picture> = (0..images.len()).map(|at| images.picture(at)).collect();
    let features = |pictures: &[Picture]| judge.features(pictures, cancel);
    let (first, second) = pictures.split_at(pictures.len() / 2);
    let spread = frechet_distance(&features(first)?, &features(second)?)?;
    Ok(Real { features: features(&pictures)?, spread })
}

/// So many pictures with their seeds.
fn drawn(
    settings: &EvaluateSettings,
    count: usize,
    loaded: &LoadedModel,
    cancel: &CancelToken,
    on_step: OnStep,
) -> Result<Vec<One>> {
    let classes = loaded.model.classes();
    let asked = settings.drawing(classes);
    let settings = GenerateSettings { seed: drawn_seed(asked.seed), ..asked };
    let wishes = Wishes::read(&settings, classes)?;
    let plan = Plan { count, ..Plan::new(&settings, wishes, &loaded.model, Vec::new()) };
    let total = (plan.batches() * plan.steps()) as u64;
    let mut pile = Pile { pictures: Vec::new(), total, on_step };
    draw(loaded, &plan, cancel, &mut pile)?;
    Ok(pile.pictures)
}

/// What pictures are compared with, and by whom.
struct Compared<'a> {
    settings: &'a EvaluateSettings,
    judge: &'a Judge,
    images: &'a Images,
}

impl Compared<'_> {
    fn measured(&self, real: &Real, drawn: &[One], cancel: &CancelToken) -> Result<Measured> {
        let pictures: Vec<Picture> = drawn.iter().map(|one| one.picture.clone()).collect();
        let (of_images, of_pictures) = (&real.features, &self.judge.features(&pictures, cancel)?);
        let PrecisionRecall { precision, recall } = precision_recall(of_images, of_pictures)?;
        let nearest = nearest_images(&pictures, &self.images.originals, cancel)?;
        let figures = Figures {
            model: self.settings.model.clone(),
            dataset: self.images.words.clone(),
            judge: self.judge.words(),
            pictures: drawn.len(),
            frechet_distance: frechet_distance(of_images, of_pictures)?,
            frechet_distance_of_images: real.spread,
            kernel_distance: kernel_distance(of_images, of_pictures)?,
            precision,
            recall,
            nearest_median: nearest[nearest.len() / 2].neighbour.distance,
            nearest_least: nearest[0].neighbour.distance,
            nearest_seed: drawn[nearest[0].picture].seed,
            nearest_prompt: drawn[nearest[0].picture].prompt.clone(),
        };
        Ok(Measured { figures, neighbours: self.sheet(&pictures, &nearest) })
    }

    /// Pictures above their nearest images.
    fn sheet(&self, pictures: &[Picture], nearest: &[Nearest]) -> Picture {
        let shown = &nearest[..nearest.len().min(SHOWN)];
        let above = shown.iter().map(|one| pictures[one.picture].clone());
        let below = shown.iter().map(|one| self.images.originals.picture(one.neighbour.image));
        rows(&above.chain(below).collect::<Vec<_>>(), &[shown.len(); 2], GAP)
    }
}

/// A picture, by its number, and the image that it is most like.
struct Nearest {
    picture: usize,
    neighbour: Neighbour,
}

/// For each picture the image that it is most like of those that the model may have learned by heart;
/// the likest first.
fn nearest_images(
    pictures: &[Picture],
    images: &ImageSet,
    cancel: &CancelToken,
) -> Result<Vec<Nearest>> {
    let neighbour = |(number, picture): (usize, &Picture)| {
        cancel.check()?;
        let found = nearest(picture, images, 1)?.into_iter();
        Ok(found.map(move |neighbour| Nearest { picture: number, neighbour }))
    };
    let all: Result<Vec<_>> = pictures.iter().enumerate().map(neighbour).collect();
    let mut all: Vec<Nearest> = all?.into_iter().flatten().collect();
    all.sort_by(|a, b| a.neighbour.distance.total_cmp(&b.neighbour.distance));
    Ok(all)
}

/// A picture and what it was drawn from.
struct One {
    seed: i64,
    prompt: String,
    picture: Picture,
}

/// Keeps every picture in memory.
struct Pile<'a> {
    pictures: Vec<One>,
    total: u64,
    on_step: OnStep<'a>,
}

impl Sink for Pile<'_> {
    fn step(&mut self, at: Progress, _step: &SampleStep) -> Result<()> {
        let done = (at.batch * at.steps + at.step) as u64;
        (self.on_step)(Step { stage: Stage::Drawing, done, total: self.total })
    }

    fn picture(&mut self, drawn: &Drawn) -> Result<()> {
        self.pictures.push(One {
            seed: drawn.seed,
            prompt: Parameters::read(drawn.parameters).prompt,
            picture: drawn.picture.clone(),
        });
        Ok(())
    }
}
