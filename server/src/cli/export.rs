//! `darkroom export`: a model as a file of its own, or a run with all that belongs to it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::generate::find_model;
use super::place::DataDir;
use crate::studio::Folders;
use crate::studio::files::copy_whole;
use crate::studio::library::Models;
use crate::{Error, Result};

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Model by name (a built-in one or a run), or a .safetensors or .pth file
    #[arg(long, value_name = "NAME|FILE")]
    model: String,
    /// The YAML file that a .pth file was trained with
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The file to write, or the folder of the pipeline
    #[arg(long, value_name = "PATH")]
    out: PathBuf,
    /// diffusers: a folder for `DDPMPipeline.from_pretrained`; that of a model which was trained here
    /// holds the code of its network, which `trust_remote_code=True` lets it run. zip: a run with its
    /// checkpoints, samples, figures, configuration and state, which can go on where it is imported
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Only what drawing needs, in half precision: a quarter of the size or less
    #[arg(long)]
    half: bool,
    #[command(flatten)]
    place: DataDir,
}

/// What to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    #[default]
    Safetensors,
    Diffusers,
    Zip,
}

pub fn run(args: &ExportArgs) -> Result<()> {
    match args.format {
        Format::Zip => zip(args)?,
        format => weights(args, format == Format::Diffusers)?,
    }
    println!("{}", args.out.display());
    Ok(())
}

fn zip(args: &ExportArgs) -> Result<()> {
    if args.half {
        return Err(Error::field("half", "a zip holds a run as it is; leave --half out"));
    }
    let models = Models::new(Folders::at(&args.place.path()));
    copy_whole(&args.out, &mut models.zip(&args.model)?)
}

fn weights(args: &ExportArgs, for_diffusers: bool) -> Result<()> {
    let (_, file) = find_model(&args.model, args.config.as_deref(), &args.place)?;
    let whole = file.checkpoint()?;
    let checkpoint = if args.half { whole.compact()? } else { whole };
    match for_diffusers {
        true => checkpoint.save_diffusers(&args.out)?,
        false => checkpoint.save(&args.out)?,
    }
    Ok(())
}
