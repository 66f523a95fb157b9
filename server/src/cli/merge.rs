//! `darkroom merge`: a new model out of two or three of the same shape.

use clap::Args;

use super::place::DataDir;
use crate::Result;
use crate::studio::Folders;
use crate::studio::library::Models;
use crate::studio::merging::{Merge, merge};

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
    let made = merge(
        &models,
        &Merge {
            a: args.a.clone(),
            b: args.b.clone(),
            c: args.difference_to.clone(),
            multiplier: args.multiplier,
            name: args.name.clone(),
        },
    )?;
    println!("{}: {made}", args.name);
    println!("draw with it: darkroom generate --model {}", args.name);
    Ok(())
}
