//! `darkroom evaluate`: how good a model's pictures are, in numbers.

use std::path::PathBuf;

use app::api::Figures;
use clap::Args;
use engine::CancelToken;
use engine::config::SamplerKind;
use indicatif::ProgressBar;

use super::interrupt::on_ctrl_c;
use super::place::{DataDir, Machine};
use crate::Result;
use crate::studio::evaluating::{EvaluateSettings, Measured, Stage};
use crate::studio::files::write_whole;
use crate::studio::{Darkroom, DeviceLabel};

#[derive(Clone, Debug, Args)]
pub struct EvaluateArgs {
    /// Model by name; run@1200 is its checkpoint of step 1200
    #[arg(long, value_name = "NAME")]
    model: String,
    /// Data set to compare with [default: what the model's run held out of its own, or all of its own
    /// where it held out fewer images than asked for, and fewer than 50]
    #[arg(long, value_name = "NAME|PATH")]
    dataset: Option<String>,
    /// Who looks at the pictures; results can be compared only by the same judge: a model, or
    /// @classifier, which learns the classes of the data set [default: @classifier where there are
    /// classes, else the model itself]
    #[arg(long, value_name = "NAME")]
    judge: Option<String>,
    /// File of Inception's weights as pytorch-fid has it, pt_inception-2015-12-05-6726825d.pth, which
    /// looks at the pictures instead: the distance is the FID of the papers then
    #[arg(long, value_name = "PATH", conflicts_with = "judge")]
    features: Option<PathBuf>,
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
    /// PNG file to write: the ten pictures that are most like an image, and below each its image
    #[arg(long, value_name = "PATH")]
    neighbours: Option<PathBuf>,
    /// One line of JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    place: DataDir,
    #[command(flatten)]
    machine: Machine,
}

pub fn run(args: &EvaluateArgs) -> Result<()> {
    let settings = args.settings()?;
    let device = args.machine.open_aloud()?;
    let cancel = CancelToken::new();
    let on_cancel = cancel.clone();
    on_ctrl_c(move || on_cancel.cancel())?;
    let label = DeviceLabel { label: device.label.label.clone(), note: None };
    let darkroom = Darkroom::open(&args.place.path(), label)?;
    let evaluation = darkroom.evaluation(settings, &cancel)?;
    let Measured { figures, neighbours } = device.run_to_end(move |device| {
        let bar = ProgressBar::new(0);
        let measured = evaluation.measure(&device, &cancel, &mut |step| {
            if step.stage == Stage::Learning && step.done == 1 {
                bar.println("a classifier learns the classes of the data set, to judge");
            }
            bar.set_length(step.total);
            bar.set_position(step.done);
            Ok(())
        });
        bar.finish_and_clear();
        measured
    })?;
    if let Some(path) = &args.neighbours {
        write_whole(path, &neighbours.to_png(&[]))?;
    }
    tell(&figures, args.json)
}

impl EvaluateArgs {
    fn settings(&self) -> Result<EvaluateSettings> {
        Ok(EvaluateSettings {
            model: self.model.clone(),
            dataset: self.dataset.clone(),
            judge: self.judge.clone(),
            features: self.features.clone(),
            count: self.count,
            steps: self.steps,
            sampler: SamplerKind::from_name(&self.sampler)?,
            seed: self.seed,
        })
    }
}

fn tell(figures: &Figures, json: bool) -> Result<()> {
    if json {
        println!("{}", serde_json::to_string(figures)?);
        return Ok(());
    }
    let Figures { model, dataset, judge, pictures, .. } = figures;
    println!("{model} beside {pictures} images ({dataset}), judged by {judge}");
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
