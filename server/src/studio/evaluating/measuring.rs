//! From a model, its judge and images to figures.

use app::api::Figures;
use candle_core::Device;
use engine::CancelToken;
use engine::config::GenerateSettings;
use engine::data::ImageSet;
use engine::evaluate::{
    Features, PrecisionRecall, frechet_distance, kernel_distance, nearest, precision_recall,
};
use engine::grid::Picture;
use engine::sampler::SampleStep;

use super::judge::Judge;
use super::{EvaluateSettings, Evaluation, OnStep, Stage, Step};
use crate::Result;
use crate::studio::drawing::{Drawn, Plan, Progress, Sink, Wishes, draw};
use crate::studio::drawn_seed;
use crate::studio::library::LoadedModel;

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
    ) -> Result<Figures> {
        let Self { settings, model, judge, images } = self;
        let model = LoadedModel::load(&settings.model, model, device)?;
        // Drawing takes hours: a judge that cannot be used is told before.
        let judge = judge.load(&model, device, cancel, on_step)?;
        let real = look_at(&images, &judge, cancel)?;
        let drawn = drawn(&settings, images.len(), &model, cancel, on_step)?;
        let compared = Compared { settings: &settings, judge: &judge, images: &images };
        compared.figures(&real, &drawn, cancel)
    }
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
) -> Result<Vec<(i64, Picture)>> {
    let classes = loaded.model.classes();
    let asked = settings.drawing(classes);
    let settings = GenerateSettings { seed: drawn_seed(asked.seed), ..asked };
    let wishes = Wishes::read(&settings, classes)?;
    let plan = Plan { count, ..Plan::new(&settings, wishes, &loaded.model, None) };
    let total = (plan.batches() * plan.steps()) as u64;
    let mut pile = Pile { pictures: Vec::new(), total, on_step };
    draw(loaded, &plan, cancel, &mut pile)?;
    Ok(pile.pictures)
}

/// What pictures are compared with, and by whom.
struct Compared<'a> {
    settings: &'a EvaluateSettings,
    judge: &'a Judge,
    images: &'a ImageSet,
}

impl Compared<'_> {
    fn figures(
        &self,
        real: &Real,
        drawn: &[(i64, Picture)],
        cancel: &CancelToken,
    ) -> Result<Figures> {
        let pictures: Vec<Picture> = drawn.iter().map(|(_, picture)| picture.clone()).collect();
        let (of_images, of_pictures) = (&real.features, &self.judge.features(&pictures, cancel)?);
        let PrecisionRecall { precision, recall } = precision_recall(of_images, of_pictures)?;
        let mut nearest_ones = nearest_images(drawn, self.images)?;
        nearest_ones.sort_by(|a, b| a.0.total_cmp(&b.0));
        Ok(Figures {
            model: self.settings.model.clone(),
            dataset: self.settings.dataset.clone().unwrap_or_else(|| "its own".into()),
            judge: self.judge.words(),
            pictures: drawn.len(),
            frechet_distance: frechet_distance(of_images, of_pictures)?,
            frechet_distance_of_images: real.spread,
            kernel_distance: kernel_distance(of_images, of_pictures)?,
            precision,
            recall,
            nearest_median: nearest_ones[nearest_ones.len() / 2].0,
            nearest_least: nearest_ones[0].0,
            nearest_seed: nearest_ones[0].1,
        })
    }
}

/// How far each picture is from its nearest image, and its seed.
fn nearest_images(drawn: &[(i64, Picture)], images: &ImageSet) -> Result<Vec<(f64, i64)>> {
    let distance = |(seed, picture): &(i64, Picture)| {
        let found = nearest(picture, images, 1)?;
        Ok((found.first().map_or(f64::INFINITY, |neighbour| neighbour.distance), *seed))
    };
    drawn.iter().map(distance).collect()
}

/// Keeps every picture in memory.
struct Pile<'a> {
    pictures: Vec<(i64, Picture)>,
    total: u64,
    on_step: OnStep<'a>,
}

impl Sink for Pile<'_> {
    fn step(&mut self, at: Progress, _step: &SampleStep) -> Result<()> {
        let done = (at.batch * at.steps + at.step) as u64;
        (self.on_step)(Step { stage: Stage::Drawing, done, total: self.total })
    }

    fn picture(&mut self, drawn: &Drawn) -> Result<()> {
        self.pictures.push((drawn.seed, drawn.picture.clone()));
        Ok(())
    }
}
