//! `darkroom import`: a model or a run from elsewhere among the own ones.

use std::path::PathBuf;

use clap::Args;
use engine::train::saved_step;

use super::place::DataDir;
use crate::Result;
use crate::studio::library::{ModelFile, ModelSource};
use crate::studio::{Darkroom, DeviceLabel};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A diffusers pipeline (folder or zip), a .pth of the reference code, a .safetensors of Darkroom, or
    /// the zip of a run, which can go on then
    #[arg(value_name = "PATH")]
    path: PathBuf,
    /// What the model is to be called
    #[arg(long, value_name = "NAME")]
    name: String,
    /// The YAML file that a .pth file was trained with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    place: DataDir,
}

pub fn run(args: &ImportArgs) -> Result<()> {
    // Nothing is computed.
    let device = DeviceLabel { label: "cpu".into(), note: None };
    let darkroom = Darkroom::open(&args.place.path(), device)?;
    let source = ModelSource { path: &args.path, yaml: args.config.as_deref() };
    let header = darkroom.import(&args.name, &source)?;
    let side = header.config.model_params.im_size;
    println!(
        "{}: {} weights, {side}x{side} pixels; draw with --model {}",
        args.name, header.weights, args.name
    );
    if let Some(note) = header.diffusers.as_ref().and_then(|spec| spec.scheduler.note()) {
        println!("{note}");
    }
    if let ModelFile::Checkpoint { path, .. } = darkroom.models.find(&args.name)? {
        println!("{}", path.display());
    }
    if let Some(step) = saved_step(&darkroom.folders.run(&args.name)) {
        println!("go on from step {step}: darkroom train --resume {}", args.name);
    }
    Ok(())
}
