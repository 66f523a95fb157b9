//! TensorBoard's event files in a run's folder: `tensorboard --logdir runs` shows every run.

mod event;
mod record;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use app::api::ValidationPoint;
use engine::train::StepReport;

use crate::{Error, Result};

/// Names of the losses by quarter of the timesteps, low noise first.
const QUARTERS: [&str; 4] = [
    "loss_by_timestep/0_least_noise",
    "loss_by_timestep/1",
    "loss_by_timestep/2",
    "loss_by_timestep/3_most_noise",
];

/// One file for each time that the run begins or goes on.
pub struct TensorBoard {
    path: PathBuf,
    file: BufWriter<File>,
}

impl TensorBoard {
    /// A new file for a run whose next step is `first_step`; what earlier files hold from there on is
    /// marked as undone.
    pub fn open(folder: &Path, first_step: u64) -> Result<Self> {
        let (path, file) = new_file(folder, now() as u64)?;
        let mut board = Self { path, file: BufWriter::new(file) };
        board.write(&event::version(now()))?;
        board.write(&event::session_start(now(), first_step))?;
        Ok(board)
    }

    pub fn add(&mut self, report: &StepReport) -> Result<()> {
        let quarters = QUARTERS.iter().zip(report.buckets);
        let scalars = [
            ("loss", Some(report.loss)),
            ("learning_rate", Some(report.learning_rate as f32)),
            ("grad_norm", Some(report.grad_norm)),
        ];
        let scalars = scalars.into_iter().chain(quarters.map(|(name, loss)| (*name, loss)));
        let told = scalars.filter_map(|(name, value)| Some((name, value?)));
        self.write(&event::scalars(now(), report.step, told))
    }

    pub fn validation(&mut self, point: &ValidationPoint) -> Result<()> {
        let losses =
            [("validation/loss", Some(point.loss)), ("validation/ema_loss", point.ema_loss)];
        let told = losses.into_iter().filter_map(|(name, loss)| Some((name, loss?)));
        self.write(&event::scalars(now(), point.step, told))
    }

    /// A grid of samples called `tag`, as PNG.
    pub fn samples(&mut self, step: u64, tag: &str, size: (u32, u32), png: &[u8]) -> Result<()> {
        self.write(&event::image(now(), step, tag, size, png))
    }

    pub fn flush(&mut self) -> Result<()> {
        self.file.flush().map_err(Error::file("write", &self.path))
    }

    fn write(&mut self, event: &[u8]) -> Result<()> {
        record::write(&mut self.file, event).map_err(Error::file("write", &self.path))
    }
}

/// TensorBoard reads files in the order of their names, so the second stands in it.
fn new_file(folder: &Path, mut second: u64) -> Result<(PathBuf, File)> {
    loop {
        let path = folder.join(format!("events.out.tfevents.{second:010}.darkroom"));
        match File::create_new(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => second += 1,
            Err(error) => return Err(Error::file("write", &path)(error)),
        }
    }
}

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_goes_on_writes_a_later_file() {
        let folder = tempfile::tempdir().unwrap();
        for first_step in [1, 5] {
            TensorBoard::open(folder.path(), first_step).unwrap().flush().unwrap();
        }
        let files = std::fs::read_dir(folder.path()).unwrap().flatten();
        let mut sizes: Vec<u64> = files.map(|file| file.metadata().unwrap().len()).collect();
        sizes.sort_unstable();
        assert!(sizes.len() == 2 && sizes[0] > 40, "{sizes:?}");
    }
}
