//! Pictures of a generation on their way to files named on the command line.

use std::path::PathBuf;

use engine::grid::{Picture, columns_for, grid, rows};
use engine::sampler::SampleStep;
use indicatif::ProgressBar;

use crate::Result;
use crate::studio::{Drawn, Progress, Sink, write_whole};

pub struct ImageFiles {
    /// Every picture for itself goes here, if anywhere.
    folder: Option<PathBuf>,
    bar: ProgressBar,
    /// Of the grid, where classes have rows of their own.
    rows: Option<Vec<usize>>,
    pictures: Vec<Picture>,
    /// The text of the first picture.
    pub parameters: String,
}

impl ImageFiles {
    pub fn new(folder: Option<PathBuf>, bar: ProgressBar, rows: Option<Vec<usize>>) -> Self {
        Self { folder, bar, rows, pictures: Vec::new(), parameters: String::new() }
    }

    pub fn grid_png(&self) -> Vec<u8> {
        let sheet = match &self.rows {
            Some(lengths) => rows(&self.pictures, lengths, 2),
            None => grid(&self.pictures, columns_for(self.pictures.len()), 2),
        };
        sheet.to_png(&[("parameters", &self.parameters)])
    }
}

impl Sink for ImageFiles {
    fn step(&mut self, at: Progress, _step: &SampleStep) -> Result<()> {
        self.bar.set_position((at.batch * at.steps + at.step) as u64);
        Ok(())
    }

    fn picture(&mut self, drawn: &Drawn) -> Result<()> {
        if self.pictures.is_empty() {
            self.parameters = drawn.parameters.to_owned();
        }
        if let Some(folder) = &self.folder {
            let path = folder.join(format!("{:05}-{}.png", self.pictures.len(), drawn.seed));
            write_whole(&path, &drawn.picture.to_png(&[("parameters", drawn.parameters)]))?;
        }
        self.pictures.push(drawn.picture.clone());
        Ok(())
    }
}
