//! A run that someone watches and steers.

use std::path::Path;

use engine::CancelToken;
use engine::config::ValidConfig;
use engine::train::{Control, TrainEnd, TrainEvent, TrainRequest, train};

use crate::fixture::{request, stripes};

/// What a watcher does with a run, told each event in a line.
pub type Watcher<'a> = dyn FnMut(&str, &Control, &CancelToken) -> engine::Result<()> + 'a;

fn line(event: &TrainEvent) -> String {
    match event {
        TrainEvent::Started { first_step, .. } => format!("started {first_step}"),
        TrainEvent::Step(figures) => format!("step {} {}", figures.step, figures.learning_rate),
        TrainEvent::Validation { step, loss, ema_loss } => {
            format!("validation {step} {loss} {ema_loss:?}")
        }
        TrainEvent::Samples { step, .. } => format!("samples {step}"),
        TrainEvent::Saving { step } => format!("saving {step}"),
        TrainEvent::Checkpoint { step, .. } => format!("checkpoint {step}"),
        TrainEvent::RolledBack { step, to_step, learning_rate, .. } => {
            format!("back {step} {to_step} {learning_rate}")
        }
        TrainEvent::Paused { step } => format!("paused {step}"),
        TrainEvent::Continued { step } => format!("continued {step}"),
    }
}

/// Makes the run, or goes on with it, and tells all events.
pub fn watch(
    config: &ValidConfig,
    folder: &Path,
    resume: bool,
    watcher: &mut Watcher,
) -> (engine::Result<TrainEnd>, Vec<String>) {
    let (data, control, cancel) = (stripes(10), Control::new(), CancelToken::new());
    let request = TrainRequest {
        resume,
        samples_missing: resume,
        ..request(config, &data, folder, &control)
    };
    let mut lines = Vec::new();
    let end = train(&request, &cancel, &mut |event| {
        lines.push(line(&event));
        watcher(&lines[lines.len() - 1], &control, &cancel)
    });
    (end, lines)
}

pub fn told<'a>(lines: &'a [String], what: &str) -> Vec<&'a str> {
    lines.iter().filter_map(|line| line.strip_prefix(what)).collect()
}
