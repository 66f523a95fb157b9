//! `darkroom export`: a model as a file of its own.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::generate::find_model;
use super::place::DataDir;
use crate::Result;

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Model by name (a built-in one or a run), or a .safetensors or .pth file
    #[arg(long, value_name = "NAME|FILE")]
    model: String,
    /// The YAML file that a .pth file was trained with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The safetensors file to write, or the folder of the pipeline
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// diffusers: a folder for `DDPMPipeline.from_pretrained`; that of a model which was trained here
    /// holds the code of its network, which `trust_remote_code=True` lets it run
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only what drawing needs, in half precision: a quarter of the size or less
    #[arg(long)]
    half: bool,
    #[command(flatten)]
    place: DataDir,
}

/// What to write.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Format {
    #[default]
    Safetensors,
    Diffusers,
}

pub fn run(args: &ExportArgs) -> Result<()> {
    let (_, file) = find_model(&args.model, args.config.as_deref(), &args.place)?;
    let whole = file.checkpoint()?;
    let checkpoint = if args.half { whole.compact()? } else { whole };
    match args.format {
        Format::Safetensors => checkpoint.save(&args.out)?,
        Format::Diffusers => checkpoint.save_diffusers(&args.out)?,
    }
    println!("{}", args.out.display());
    Ok(())
}
