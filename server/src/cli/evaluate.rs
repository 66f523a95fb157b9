//! `darkroom evaluate`: how good a model's pictures are, in numbers.

use clap::Args;
use engine::CancelToken;
use engine::config::{GenerateSettings, SamplerKind};
use engine::data::ImageSet;
use engine::evaluate::{
    Features, PrecisionRecall, frechet_distance, kernel_distance, nearest, precision_recall,
};
use engine::grid::Picture;
use engine::model::Model;
use engine::noise::{Stream, permutation};
use engine::sampler::SampleStep;
use indicatif::ProgressBar;
use serde::Serialize;

use super::interrupt::on_ctrl_c;
use super::place::{DataDir, Machine};
use crate::studio::library::{LoadedModel, ModelFile};
use crate::studio::runs::load_options;
use crate::studio::{
    Darkroom, DeviceLabel, Drawn, Plan, Sink, Wishes, check_steps, draw, drawn_seed,
};
use crate::{Error, Result};

/// Fewer pictures say nothing.
const FEWEST: usize = 8;

#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// Model by name; run@1200 is its checkpoint of step 1200
    #[arg(long, value_name = "NAME")]
    model: String,
    /// Data set to compare with [default: the one that the model learned from]
    #[arg(long, value_name = "NAME|PATH")]
    dataset: Option<String>,
    /// The model whose network looks at the pictures; results can be compared only by the same judge
    /// [default: the model itself]
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    /// Pictures to draw, and images to compare them with
    #[arg(long, default_value_t = 500, value_name = "N")]
    count: usize,
    /// Denoising steps
    #[arg(long, default_value_t = 50, value_name = "N")]
    steps: usize,
    /// As in `darkroom generate`
    #[arg(long, default_value = "DDPM", value_name = "NAME")]
    sampler: String,
    #[arg(long, default_value_t = 0, value_name = "SEED")]
    seed: i64,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: DataDir,
    #[command(flatten)]
    machine: Machine,
}

/// What came out.
#[derive(Debug, Serialize)]
struct Figures {
    model: String,
    dataset: String,
    judge: String,
    pictures: usize,
    frechet_distance: f64,
    /// Of two halves of the images, which no model can be expected to beat.
    frechet_distance_of_images: f64,
    kernel_distance: f64,
    precision: f64,
    recall: f64,
    /// Root mean square differences of pixels, 0 to 255, from a picture to its nearest image.
    nearest_median: f64,
    nearest_least: f64,
    /// The seed of the picture that is nearest to an image.
    nearest_seed: i64,
}

pub fn run(args: &EvaluateArgs) -> Result<()> {
    if args.count < FEWEST {
        return Err(Error::field("count", format!("{} is too few; give {FEWEST}", args.count)));
    }
    let device = args.machine.open_aloud()?;
    let cancel = CancelToken::new();
    let on_cancel = cancel.clone();
    on_ctrl_c(move || on_cancel.cancel())?;
    let label = DeviceLabel { label: device.label.label.clone(), note: None };
    let darkroom = Darkroom::open(&args.place.path(), label)?;
    let file = darkroom.models.find(&args.model)?;
    let judge = args.judge.clone().unwrap_or_else(|| args.model.clone());
    let judge_file = darkroom.models.find(&judge)?;
    let images = images(&darkroom, args, &cancel)?;
    let asked = args.clone();
    let figures = device.run_to_end(move |device| {
        let model = LoadedModel::load(&asked.model, file, &device)?;
        let drawn = drawn(&asked, &model, images.len(), &cancel)?;
        let judge = judge_model(judge, judge_file, &device)?;
        figures(&asked, &judge, &drawn, &images, &cancel)
    })?;
    tell(&figures, args.json)
}

/// As many images of the data set as were asked for, chosen by the seed.
fn images(darkroom: &Darkroom, args: &EvaluateArgs, cancel: &CancelToken) -> Result<ImageSet> {
    let mut config = darkroom.models.header(&args.model)?.config;
    if let Some(dataset) = &args.dataset {
        config.dataset_params.im_path.clone_from(dataset);
    }
    let config = config.validate()?;
    let source = darkroom.datasets.resolve(&config.dataset_params.im_path, cancel)?;
    let all = source.load(&load_options(&config), cancel)?;
    let chosen = permutation(args.seed as u64, Stream::Start, 0, all.len());
    let chosen: Vec<usize> = chosen.into_iter().take(args.count).collect();
    if chosen.len() < FEWEST {
        let message = format!("{} images are too few; at least {FEWEST} are needed", chosen.len());
        return Err(Error::field("dataset", message));
    }
    Ok(all.subset(&chosen))
}

/// A model with the name it goes by.
struct Judge {
    name: String,
    model: Model,
}

fn judge_model(name: String, file: ModelFile, device: &candle_core::Device) -> Result<Judge> {
    let model = LoadedModel::load(&name, file, device)?.model;
    Ok(Judge { name, model })
}

/// The pictures with their seeds.
fn drawn(
    args: &EvaluateArgs,
    loaded: &LoadedModel,
    count: usize,
    cancel: &CancelToken,
) -> Result<Vec<(i64, Picture)>> {
    let classes = loaded.model.classes();
    let settings = GenerateSettings {
        sampler: SamplerKind::from_name(&args.sampler)?,
        steps: args.steps,
        seed: drawn_seed(args.seed),
        // All classes alike, as the network learned them.
        prompt: if classes.is_empty() { String::new() } else { "..".into() },
        cfg_scale: 1.0,
        ..GenerateSettings::default()
    };
    settings.validate()?;
    check_steps(settings.steps, loaded.model.config().diffusion_params.num_timesteps)?;
    let wishes = Wishes::read(&settings, classes)?;
    let plan = Plan { count, ..Plan::new(&settings, wishes, &loaded.model, None) };
    let bar = ProgressBar::new((plan.batches() * plan.steps()) as u64);
    let mut pile = Pile { pictures: Vec::new(), steps: plan.steps(), bar };
    draw(loaded, &plan, cancel, &mut pile)?;
    pile.bar.finish_and_clear();
    Ok(pile.pictures)
}

/// Keeps every picture in memory.
struct Pile {
    pictures: Vec<(i64, Picture)>,
    steps: usize,
    bar: ProgressBar,
}

impl Sink for Pile {
    fn step(&mut self, batch: usize, step: &SampleStep) -> Result<()> {
        self.bar.set_position((batch * self.steps + step.step) as u64);
        Ok(())
    }

    fn picture(&mut self, drawn: &Drawn) -> Result<()> {
        self.pictures.push((drawn.seed, drawn.picture.clone()));
        Ok(())
    }
}

fn figures(
    args: &EvaluateArgs,
    judge: &Judge,
    drawn: &[(i64, Picture)],
    images: &ImageSet,
    cancel: &CancelToken,
) -> Result<Figures> {
    let real: Vec<Picture> = (0..images.len()).map(|at| images.picture(at)).collect();
    let pictures: Vec<Picture> = drawn.iter().map(|(_, picture)| picture.clone()).collect();
    let features = |pictures: &[Picture]| Features::of(&judge.model, pictures, cancel);
    let (of_images, of_pictures) = (features(&real)?, features(&pictures)?);
    let (first, second) = real.split_at(real.len() / 2);
    let PrecisionRecall { precision, recall } = precision_recall(&of_images, &of_pictures)?;
    let mut nearest_ones = nearest_images(drawn, images)?;
    nearest_ones.sort_by(|a, b| a.0.total_cmp(&b.0));
    Ok(Figures {
        model: args.model.clone(),
        dataset: args.dataset.clone().unwrap_or_else(|| "its own".into()),
        judge: judge.name.clone(),
        pictures: drawn.len(),
        frechet_distance: frechet_distance(&of_images, &of_pictures)?,
        frechet_distance_of_images: frechet_distance(&features(first)?, &features(second)?)?,
        kernel_distance: kernel_distance(&of_images, &of_pictures)?,
        precision,
        recall,
        nearest_median: nearest_ones[nearest_ones.len() / 2].0,
        nearest_least: nearest_ones[0].0,
        nearest_seed: nearest_ones[0].1,
    })
}

/// How far each picture is from its nearest image, and its seed.
fn nearest_images(drawn: &[(i64, Picture)], images: &ImageSet) -> Result<Vec<(f64, i64)>> {
    let distance = |(seed, picture): &(i64, Picture)| {
        let found = nearest(picture, images, 1)?;
        Ok((found.first().map_or(f64::INFINITY, |neighbour| neighbour.distance), *seed))
    };
    drawn.iter().map(distance).collect()
}

fn tell(figures: &Figures, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(figures)?);
        return Ok(());
    }
    let Figures { model, dataset, judge, pictures, .. } = figures;
    println!("{model} beside {pictures} images ({dataset}), as the network of {judge} sees them");
    println!(
        "Fréchet distance   {:.4} (images among themselves {:.4})",
        figures.frechet_distance, figures.frechet_distance_of_images
    );
    println!("kernel distance    {:.6}", figures.kernel_distance);
    println!("precision, recall  {:.3}, {:.3}", figures.precision, figures.recall);
    println!(
        "nearest image      {:.1} in the median, {:.1} at the least (seed {}); below 10 is a copy",
        figures.nearest_median, figures.nearest_least, figures.nearest_seed
    );
    Ok(())
}
