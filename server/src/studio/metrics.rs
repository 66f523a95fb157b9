//! `metrics.jsonl` in a run's folder: one line for each step, for whoever wants to plot it elsewhere.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use app::api::LossPoint;
use engine::train::StepReport;
use serde::{Deserialize, Serialize};

use super::files::write_whole;
use crate::{Error, Result};

/// What is told of a step.
#[derive(Debug, Serialize, Deserialize)]
struct Line {
    step: u64,
    epoch: u64,
    loss: f32,
    loss_by_timestep_quarter: [Option<f32>; 4],
    learning_rate: f64,
    grad_norm: f32,
}

pub struct Metrics {
    path: PathBuf,
    file: BufWriter<File>,
}

impl Metrics {
    /// Opens the file for a run whose next step is `first_step`; lines from there on are dropped.
    pub fn open(folder: &Path, first_step: u64) -> Result<Self> {
        let path = folder.join("metrics.jsonl");
        let kept = lines_before(&path, first_step);
        write_whole(&path, kept.as_bytes())?;
        let file =
            OpenOptions::new().append(true).open(&path).map_err(Error::file("write", &path))?;
        Ok(Self { path, file: BufWriter::new(file) })
    }

    pub fn add(&mut self, report: &StepReport) -> Result<()> {
        let line = serde_json::to_string(&Line {
            step: report.step,
            epoch: report.epoch,
            loss: report.loss,
            loss_by_timestep_quarter: report.buckets,
            learning_rate: report.learning_rate,
            grad_norm: report.grad_norm,
        })?;
        writeln!(self.file, "{line}").map_err(Error::file("write", &self.path))
    }

    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::file("write", &self.path))
    }
}

/// What the file in `folder` tells of the steps up to `last`.
pub fn points(folder: &Path, last: u64) -> Vec<LossPoint> {
    let lines = lines_before(&folder.join("metrics.jsonl"), last + 1);
    lines.lines().filter_map(|line| Some(point(&serde_json::from_str(line).ok()?))).collect()
}

fn point(line: &Line) -> LossPoint {
    LossPoint {
        step: line.step,
        loss: line.loss,
        buckets: line.loss_by_timestep_quarter,
        learning_rate: Some(line.learning_rate),
        grad_norm: Some(line.grad_norm),
    }
}

/// The lines of steps before `first_step`; a line cut off by a crash ends them.
fn lines_before(path: &Path, first_step: u64) -> String {
    let Ok(file) = File::open(path) else { return String::new() };
    let step_of = |line: &str| -> Option<u64> {
        serde_json::from_str::<serde_json::Value>(line).ok()?.get("step")?.as_u64()
    };
    BufReader::new(file)
        .lines()
        .map_while(|line| line.ok())
        .take_while(|line| step_of(line).is_some_and(|step| step < first_step))
        .fold(String::new(), |text, line| text + &line + "\n")
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn report(step: u64) -> StepReport {
        StepReport {
            step,
            total_steps: 9,
            epoch: 1,
            learning_rate: 0.1,
            loss: 0.5,
            buckets: [None, Some(0.5), None, None],
            grad_norm: 1.0,
            images: 4,
        }
    }

    #[test]
    fn a_resumed_run_goes_on_where_its_checkpoint_was() {
        let folder = tempfile::tempdir().unwrap();
        let mut metrics = Metrics::open(folder.path(), 1).unwrap();
        (1..=5).for_each(|step| metrics.add(&report(step)).unwrap());
        metrics.flush().unwrap();
        let mut metrics = Metrics::open(folder.path(), 4).unwrap();
        metrics.add(&report(4)).unwrap();
        metrics.flush().unwrap();
        let text = std::fs::read_to_string(folder.path().join("metrics.jsonl")).unwrap();
        assert_eq!(text.lines().count(), 4);
        assert!(text.lines().last().unwrap().contains("\"step\":4"), "{text}");
    }
}
