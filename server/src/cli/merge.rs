//! `darkroom merge`: a new model out of two or three of the same shape.

use clap::Args;
use engine::checkpoint::Checkpoint;
use engine::checkpoint::merge::{add_difference, weighted_sum};

use super::place::DataDir;
use crate::Result;
use crate::studio::Folders;
use crate::studio::library::Models;

#[derive(Debug, Args)]
pub struct MergeArgs {
    /// Model A by name, as in `darkroom generate`
    #[arg(value_name = "A")]
    a: String,
    /// Model B
    #[arg(value_name = "B")]
    b: String,
    /// Model C: gives A + (B - C) · multiplier instead of A · (1 - multiplier) + B · multiplier
    #[arg(long, value_name = "C")]
    difference_to: Option<String>,
    /// 0 to 1
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true)]
    multiplier: f64,
    /// What the new model is to be called
    #[arg(long, value_name = "NAME")]
    name: String,
    #[command(flatten)]
    place: DataDir,
}

pub fn run(args: &MergeArgs) -> Result<()> {
    let models = Models::new(Folders::at(&args.place.path()));
    models.check_new(&args.name)?;
    let load = |name: &str| -> Result<Checkpoint> { models.find(name)?.checkpoint() };
    let (a, b) = (load(&args.a)?, load(&args.b)?);
    let merged = match &args.difference_to {
        None => weighted_sum(&a, &b, args.multiplier)?,
        Some(c) => add_difference(&a, &b, &load(c)?, args.multiplier)?,
    };
    models.add(&args.name, &merged)?;
    println!("{}: {}", args.name, merged.header.merge.as_deref().unwrap_or_default());
    println!("draw with it: darkroom generate --model {}", args.name);
    Ok(())
}
