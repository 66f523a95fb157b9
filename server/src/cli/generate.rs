//! `darkroom generate`: pictures into files.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::CancelToken;
use engine::config::{
    ClipSample, GenerateSettings, Precision, SamplerKind, ScheduleKind, StepVariance,
    TimestepSpacing,
};
use indicatif::ProgressBar;

use super::images::ImageFiles;
use super::interrupt::on_ctrl_c;
use super::picture::{Given, PictureArgs};
use super::place::{DataDir, Machine};
use crate::studio::library::{LoadedModel, ModelFile, Models};
use crate::studio::negative::joined;
use crate::studio::{
    Folders, Plan, Wishes, check_steps, draw, drawn_seed, drawn_size, write_whole,
};
use crate::{Error, Result};

#[derive(Debug, Args)]
pub struct GenerateArgs {
    /// Model by name (a built-in one or a run; run@1200 is its checkpoint of step 1200, run@last+raw
    /// passes over averaged weights), or a .safetensors or .pth file
    #[arg(long, value_name = "NAME|FILE")]
    model: String,
    /// The YAML file that a .pth file was trained with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Pictures to draw
    #[arg(long, default_value_t = 16, value_name = "N")]
    count: usize,
    /// Pictures drawn at once; changes the speed, never the pictures
    #[arg(long, default_value_t = 16, value_name = "N")]
    batch_size: usize,
    /// Denoising steps [default: 50, or all timesteps if the model has fewer]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// DDPM, DDIM, Euler, "Euler a", Heun, "DPM++ 2M", "DPM++ 2M SDE", "DPM++ SDE", LMS, PLMS or
    /// UniPC
    #[arg(long, default_value = "DDPM", value_name = "NAME")]
    sampler: String,
    /// How the steps are spread over the noise: Automatic, Uniform, Karras, Exponential,
    /// "SGM Uniform" or Beta
    #[arg(long, default_value = "Automatic", value_name = "NAME")]
    schedule: String,
    /// The noise that DDIM adds at each step, 0 to 1; other samplers have no use for it
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true)]
    eta: f64,
    /// Whether estimates of the picture are clipped to what pixels can be: Automatic, On or Off
    #[arg(long, default_value = "Automatic", value_name = "NAME")]
    clip_sample: String,
    /// The variance of the noise that a step of DDPM adds: Automatic, Small or Large
    #[arg(long, default_value = "Automatic", value_name = "NAME")]
    variance_type: String,
    /// Which timesteps an even schedule visits: Automatic, Leading, Trailing or Linspace
    #[arg(long, default_value = "Automatic", value_name = "NAME")]
    timestep_spacing: String,
    /// What the network multiplies on a processor: f32, or bf16, which is faster where the processor has
    /// AVX2, AVX-512 or AMX; a graphics card always takes f32
    #[arg(long, default_value = "f32", value_name = "NAME")]
    precision: String,
    /// Classes to draw, for a model that knows some: "cat", "(cat:1.3)", "cat AND dog :0.5", or
    /// "cat..dog" for each from the one to the other
    #[arg(long, default_value = "", value_name = "TEXT")]
    prompt: String,
    /// Classes to steer away from, with commas between them; the negative prompt in Settings comes
    /// behind them, unless this is ""
    #[arg(long, value_name = "TEXT")]
    negative_prompt: Option<String>,
    /// How strictly to keep to the prompt; 1 is what the model learned
    #[arg(long, default_value_t = GenerateSettings::default().cfg_scale)]
    cfg_scale: f64,
    /// Seed of the first picture; -1 draws one
    #[arg(long, default_value_t = -1, allow_negative_numbers = true)]
    seed: i64,
    /// File for the grid of all pictures [default: grid.png, unless --out-dir is given]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder for every picture by itself
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,
    #[command(flatten)]
    picture: PictureArgs,
    #[command(flatten)]
    place: DataDir,
    #[command(flatten)]
    machine: Machine,
}

impl GenerateArgs {
    /// The settings, checked as far as that can be done without the model, and the pictures they name.
    fn settings(&self) -> Result<(GenerateSettings, Given)> {
        let most = GenerateSettings::MAX_BATCH_COUNT * GenerateSettings::MAX_BATCH_SIZE;
        if !(1..=most).contains(&self.count) {
            let message = format!("{} is out of range; give 1 to {most}", self.count);
            return Err(Error::field("count", message));
        }
        let usual = GenerateSettings::default();
        let mut settings = GenerateSettings {
            sampler: SamplerKind::from_name(&self.sampler)?,
            schedule: ScheduleKind::from_name(&self.schedule)?,
            eta: self.eta,
            clip_sample: ClipSample::from_name(&self.clip_sample)?,
            variance_type: StepVariance::from_name(&self.variance_type)?,
            timestep_spacing: TimestepSpacing::from_name(&self.timestep_spacing)?,
            precision: Precision::from_name(&self.precision)?,
            prompt: self.prompt.clone(),
            negative_prompt: self.negative_prompt.clone().unwrap_or_default(),
            cfg_scale: self.cfg_scale,
            batch_size: self.batch_size,
            seed: self.seed,
            steps: self.steps.unwrap_or(usual.steps),
            ..usual
        };
        let given = self.picture.apply(&mut settings)?;
        given.check(self.count)?;
        settings.validate()?;
        settings.seed = drawn_seed(settings.seed);
        settings.subseed = drawn_seed(settings.subseed);
        Ok((settings, given))
    }

    /// What Settings of the same data folder has for all models, unless nothing is to be avoided.
    fn always_negative(&self) -> Result<String> {
        match self.negative_prompt.as_deref() {
            Some("") => Ok(String::new()),
            _ => Ok(self.place.preferences()?.negative_prompt),
        }
    }

    fn grid_path(&self) -> Option<PathBuf> {
        let usual = || self.out_dir.is_none().then(|| PathBuf::from("grid.png"));
        self.out.clone().or_else(usual)
    }
}

pub fn run(args: &GenerateArgs) -> Result<()> {
    let (mut asked, given) = args.settings()?;
    let always = args.always_negative()?;
    let (name, file) = find_model(&args.model, args.config.as_deref(), &args.place)?;
    let device = args.machine.open_aloud()?;
    let cancel = CancelToken::new();
    let on_cancel = cancel.clone();
    on_ctrl_c(move || on_cancel.cancel())?;

    let (out_dir, steps, count) = (args.out_dir.clone(), args.steps, args.count);
    let files = device.run_to_end(move |device| {
        let loaded = LoadedModel::load(&name, file, &device)?;
        let config = loaded.model.config();
        let timesteps = config.diffusion_params.num_timesteps;
        asked.steps = steps.unwrap_or(asked.steps.min(timesteps));
        check_steps(asked.steps, timesteps)?;
        let classes = loaded.model.classes();
        asked.negative_prompt = joined(&asked.negative_prompt, &always, classes);
        let wishes = Wishes::read(&asked, classes)?;
        let rows = wishes.rows(count);
        let size = drawn_size(&asked, config.model_params.im_size);
        let starts = given.starts(&asked, size, config.model_params.im_channels);
        let plan = Plan { count, ..Plan::new(&asked, wishes, &loaded.model, starts) };
        let bar = ProgressBar::new((plan.batches() * plan.steps()) as u64);
        let mut files = ImageFiles::new(out_dir, bar.clone(), rows);
        draw(&loaded, &plan, &cancel, &mut files)?;
        bar.finish_and_clear();
        Ok(files)
    })?;
    if let Some(path) = args.grid_path() {
        write_whole(&path, &files.grid_png())?;
        println!("{}", path.display());
    }
    if let Some(folder) = &args.out_dir {
        println!("{}", folder.display());
    }
    println!("{}", files.parameters);
    Ok(())
}

/// The model's name for people, and its file.
pub(super) fn find_model(
    asked: &str,
    yaml: Option<&Path>,
    place: &DataDir,
) -> Result<(String, ModelFile)> {
    let path = Path::new(asked);
    match ModelFile::at(path, yaml)? {
        Some(file) => {
            Ok((path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), file))
        }
        None => {
            let file = Models::new(Folders::at(&place.path())).find(asked)?;
            Ok((asked.into(), file))
        }
    }
}
