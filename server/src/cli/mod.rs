//! The command line: one file for each command.

mod bench;
mod evaluate;
mod export;
mod generate;
mod images;
mod import;
mod interrupt;
mod merge;
mod picture;
mod place;
mod recipe;
mod serve;
mod train;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::Result;

/// Trains diffusion models from your own images and draws new ones, in a web page on your machine.
#[derive(Debug, Parser)]
#[command(name = "darkroom", version)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the page in a browser: http://127.0.0.1:7860
    Serve(serve::ServeArgs),
    /// Train a model on a data set
    Train(Box<train::TrainArgs>),
    /// Draw pictures with a model
    Generate(Box<generate::GenerateArgs>),
    /// Tell in numbers how good a model's pictures are, and whether it learned images by heart
    Evaluate(evaluate::EvaluateArgs),
    /// Take a model from diffusers or the reference code among the own ones
    Import(import::ImportArgs),
    /// Write a model to a file of its own, or as a diffusers pipeline
    Export(export::ExportArgs),
    /// Make a new model out of two or three trained ones of the same shape
    Merge(merge::MergeArgs),
    /// Measure how fast this machine trains and draws
    Bench(bench::BenchArgs),
}

/// Reads the command line and does what it says. A failure is one sentence and exit code 1.
pub fn main() -> ExitCode {
    let line = Line::parse();
    log_to_stderr(&line.command);
    match run(line.command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("darkroom: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    match command {
        Command::Serve(args) => serve::run(&args),
        Command::Train(args) => train::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Evaluate(args) => evaluate::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Export(args) => export::run(&args),
        Command::Merge(args) => merge::run(&args),
        Command::Bench(args) => bench::run(&args),
    }
}

fn log_to_stderr(command: &Command) {
    let usual = match command {
        Command::Serve(_) => "warn,server=info",
        _ => "error",
    };
    let filter = EnvFilter::try_from_env("DARKROOM_LOG").unwrap_or_else(|_| EnvFilter::new(usual));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A terminal that was closed is no reason to panic.
        .log_internal_errors(false)
        .compact()
        .init();
    // A panic ends a job with its words; a backtrace helps nobody who did not write the program.
    std::panic::set_hook(Box::new(|panic| tracing::error!("{panic}")));
}
