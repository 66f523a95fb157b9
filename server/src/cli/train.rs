//! `darkroom train`: the same run as in the page, watched in the terminal.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use app::api::{JobId, JobState};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use super::interrupt::on_ctrl_c;
use super::place::{DataDir, Machine};
use super::recipe::Recipe;
use crate::studio::runs::RunRequest;
use crate::studio::store::JobRow;
use crate::studio::{Darkroom, Runner, Worker};
use crate::{Error, Result};

#[derive(Debug, Args)]
pub struct TrainArgs {
    #[command(flatten)]
    recipe: Recipe,
    /// Go on with a run that was stopped; other flags change its settings from here on
    #[arg(long, value_name = "NAME", conflicts_with_all = ["preset", "config", "name"])]
    resume: Option<String>,
    #[command(flatten)]
    place: DataDir,
    #[command(flatten)]
    machine: Machine,
}

pub fn run(args: &TrainArgs) -> Result<()> {
    let device = args.machine.open_aloud()?;
    let darkroom = Darkroom::open(&args.place.path(), device.label.clone())?;
    let job = match &args.resume {
        Some(name) => resume(&darkroom, name, &args.recipe)?,
        None => begin(&darkroom, &args.recipe)?,
    };
    let row = darkroom.store.job(job)?.ok_or_else(|| Error::Other("the run is gone".into()))?;
    println!("{} → {}", row.title, darkroom.folders.run(&row.title).display());
    let stopped = Arc::clone(&darkroom);
    on_ctrl_c(move || {
        stopped.live.cancel(job);
    })?;

    let (studio, title) = (Arc::clone(&darkroom), row.title.clone());
    let worker = device.run(move |device| Worker::new(studio, device).run_only(&row));
    watch(&darkroom, job, || worker.is_finished());
    tell_end(&darkroom, job, &title)
}

fn begin(darkroom: &Darkroom, recipe: &Recipe) -> Result<JobId> {
    if recipe.dataset.is_none() && !recipe_names_data(recipe) {
        return Err(Error::field("dataset", "give --dataset, as in --dataset digits"));
    }
    let request = RunRequest::new(recipe.config(darkroom)?);
    darkroom.enqueue_training(&request, Runner::ThisProgram)
}

/// A configuration file or a single setting may name the images too.
fn recipe_names_data(recipe: &Recipe) -> bool {
    recipe.has_file() || recipe.sets("dataset_params.im_path")
}

fn resume(darkroom: &Darkroom, name: &str, recipe: &Recipe) -> Result<JobId> {
    let job = match darkroom.store.training_named(name)? {
        Some(job) => job,
        None => adopt(darkroom, name)?,
    };
    let mut config = RunRequest::read(&job.request)?.config;
    recipe.apply(&mut config)?;
    darkroom.resume_training(job.id, config, Runner::ThisProgram)
}

/// A run whose folder is there but which the database does not know, say because it was copied here.
fn adopt(darkroom: &Darkroom, name: &str) -> Result<JobRow> {
    let path = darkroom.folders.run(name).join("config.yaml");
    if engine::config::name_fault(name).is_some() || !path.is_file() {
        let runs = darkroom.store.trainings()?;
        let known = runs.iter().map(|run| run.title.as_str());
        return Err(engine::config::unknown_name("resume", name, known).into());
    }
    darkroom.adopt_run(name)
}

/// Shows the figures until the run is over. Off a terminal the bar stays hidden.
fn watch(darkroom: &Darkroom, job: JobId, over: impl Fn() -> bool) {
    const PATIENCE: Duration = Duration::from_millis(100);
    let bar = ProgressBar::new(0).with_style(bar_style());
    while !over() {
        if let Some(running) = darkroom.live.get(job) {
            let figures = running.figures;
            bar.set_length(figures.total_steps);
            bar.set_position(figures.step);
            let loss = figures.loss.map_or(String::new(), |loss| format!("loss {loss:.4}"));
            let speed =
                figures.images_per_second.map_or(String::new(), |s| format!("{s:.1} img/s"));
            let left = figures.eta_seconds.map_or(String::new(), |s| format!("{} left", time(s)));
            bar.set_message(match running.message {
                Some(message) => message,
                None => [loss, speed, left].join("  "),
            });
        }
        std::thread::sleep(PATIENCE);
    }
    bar.finish_and_clear();
}

fn bar_style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:32} {pos}/{len}  {msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn time(seconds: f32) -> String {
    let seconds = seconds as u64;
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, s) => format!("{m} min {s:02} s"),
        (h, m, _) => format!("{h} h {m:02} min"),
    }
}

fn what_next(name: &str, is_autoencoder: bool) -> String {
    match is_autoencoder {
        true => format!(
            "train in its latents: darkroom train --preset latent --set model_params.autoencoder={name}"
        ),
        false => format!("draw with it: darkroom generate --model {name}"),
    }
}

fn tell_end(darkroom: &Darkroom, job: JobId, name: &str) -> Result<()> {
    let view = darkroom.training_view(Some(job))?;
    let view = view.ok_or_else(|| Error::Other("the run was deleted while it ran".into()))?;
    let figures = view.figures;
    let loss = view.curve.last().map_or(String::new(), |point| format!(", loss {:.4}", point.loss));
    let speed = figures.images_per_second.map_or(String::new(), |s| format!(", {s:.1} images/s"));
    match view.job.state {
        JobState::Failed => Err(Error::Other(view.job.message.unwrap_or_default())),
        JobState::Done => {
            println!("done: step {}{loss}{speed}", figures.step);
            println!("{}", what_next(name, view.config.is_autoencoder()));
            Ok(())
        }
        _ => {
            let stopped = view.job.message.unwrap_or_else(|| "stopped".into());
            // The terminal may be what was closed; the run is safe all the same.
            let _ = writeln!(
                std::io::stdout(),
                "{stopped}\ngo on with it: darkroom train --resume {name}"
            );
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        for (seconds, words) in [(7.9, "7 s"), (65.0, "1 min 05 s"), (7300.0, "2 h 01 min")] {
            assert_eq!(time(seconds), words);
        }
    }
}
