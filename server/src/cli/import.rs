//! `darkroom import`: a model from elsewhere among the own ones.

use std::path::PathBuf;

use clap::Args;

use super::place::DataDir;
use crate::Result;
use crate::studio::Folders;
use crate::studio::library::{ModelFile, ModelSource, Models};

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// A diffusers pipeline (folder or zip), a .pth of the reference code, or a .safetensors of Darkroom
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
    let models = Models::new(Folders::at(&args.place.path()));
    let source = ModelSource { path: &args.path, yaml: args.config.as_deref() };
    let header = models.import(&args.name, &source)?;
    let side = header.config.model_params.im_size;
    println!(
        "{}: {} weights, {side}x{side} pixels; draw with --model {}",
        args.name, header.weights, args.name
    );
    if let Some(note) = header.diffusers.as_ref().and_then(|spec| spec.scheduler.note()) {
        println!("{note}");
    }
    if let ModelFile::Checkpoint { path, .. } = models.find(&args.name)? {
        println!("{}", path.display());
    }
    Ok(())
}
