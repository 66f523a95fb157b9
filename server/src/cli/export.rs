//! `darkroom export`: a model as a file of its own.

use std::path::PathBuf;

use clap::Args;

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
    /// The safetensors file to write
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Only what drawing needs, in half precision: a quarter of the size or less
    #[arg(long)]
    half: bool,
    #[command(flatten)]
    place: DataDir,
}

pub fn run(args: &ExportArgs) -> Result<()> {
    let (_, file) = find_model(&args.model, args.config.as_deref(), &args.place)?;
    let whole = file.checkpoint()?;
    let checkpoint = if args.half { whole.compact()? } else { whole };
    checkpoint.save(&args.out)?;
    println!("{}", args.out.display());
    Ok(())
}
