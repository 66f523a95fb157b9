//! The samples of a run on one sheet: how each seed's picture came out, step by step.

use app::api::{JobId, PROGRESS_SEEDS, PROGRESS_STEPS};
use engine::grid::{Picture, cells};
use engine::plot_sheet::{Limits, PlotSheet, plot_sheets};

use super::Darkroom;
use super::process::small;
use super::runs::{GRID_GAP, RunRequest};
use super::store::SampleRow;
use crate::{Error, Result};

/// Gray where there is no picture.
const BLANK: u8 = 128;

/// One step's pictures, by the averaged weights and by those as trained.
struct Row {
    step: u64,
    drawn: Vec<Picture>,
    raw: Option<Vec<Picture>>,
}

impl Darkroom {
    /// A row for each step up to `last` that has samples, or for some that are spread evenly, and a
    /// column for each seed; two where averaged weights and those as trained both drew.
    pub fn progress(&self, job: JobId, last: u64) -> Result<Picture> {
        let missing = || Error::NotFound(format!("the run {job} has no samples by step {last}"));
        let row = self.store.job(job)?.ok_or_else(missing)?;
        let config = RunRequest::read(&row.request)?.config;
        let side = config.model_params.im_size as u32;
        let seeds = config.train_params.num_samples.min(PROGRESS_SEEDS);
        let mut samples = self.store.samples(job)?;
        samples.retain(|sample| sample.step <= last);
        let chosen = spread(samples.len(), PROGRESS_STEPS).into_iter().map(|at| &samples[at]);
        // A grid that was removed by hand is simply not there.
        let rows: Vec<Row> =
            chosen.filter_map(|sample| self.progress_row(sample, side, seeds)).collect();
        let sheet = sheet(&rows, config.is_autoencoder()).ok_or_else(missing)?;
        let any = Limits { pixels: u64::MAX, side: u32::MAX };
        plot_sheets(sheet, any).next().ok_or_else(missing)
    }

    fn progress_row(&self, sample: &SampleRow, side: u32, seeds: usize) -> Option<Row> {
        let pictures = |relative: &str| {
            let bytes = std::fs::read(self.folders.absolute(relative)).ok()?;
            let grid = Picture::from_png(&bytes).ok()?;
            let cells = cells(&grid, (side, side), GRID_GAP).into_iter().take(seeds);
            Some(cells.map(small).collect::<Vec<_>>())
        };
        let raw = sample.raw.as_deref().and_then(pictures);
        Some(Row { step: sample.step, drawn: pictures(&sample.path)?, raw })
    }
}

/// None without rows.
fn sheet(rows: &[Row], of_autoencoder: bool) -> Option<PlotSheet> {
    let first = rows.first()?.drawn.first()?;
    let seeds = rows.iter().map(|row| row.drawn.len()).max()?;
    let paired = rows.iter().any(|row| row.raw.is_some());
    let blank = Picture::filled(first.width, first.height, 1, BLANK);
    let of = |pictures: Option<&Vec<Picture>>, seed: usize| {
        pictures.and_then(|all| all.get(seed)).unwrap_or(&blank).clone()
    };
    let cells = rows.iter().flat_map(|row| {
        (0..seeds).flat_map(move |seed| {
            let raw = paired.then(|| of(row.raw.as_ref(), seed));
            [Some(of(Some(&row.drawn), seed)), raw].into_iter().flatten()
        })
    });
    Some(PlotSheet {
        title: String::new(),
        cells: cells.collect(),
        columns: (0..seeds).flat_map(|seed| labels(seed, paired, of_autoencoder)).collect(),
        rows: rows.iter().map(|row| format!("Step {}", row.step)).collect(),
    })
}

/// What stands above the columns of the picture counted as `at`.
fn labels(at: usize, paired: bool, of_autoencoder: bool) -> Vec<String> {
    match (of_autoencoder, paired) {
        // Its pictures are originals, each followed by what becomes of it.
        (true, _) => vec![["Original", "Again"][at % 2].into()],
        (false, false) => vec![format!("Seed {at}")],
        (false, true) => vec![format!("Seed {at}, average"), format!("{at}, as trained")],
    }
}

/// At most `most` of `count` places, spread evenly, the first and the last among them.
fn spread(count: usize, most: usize) -> Vec<usize> {
    match count {
        0..=1 => (0..count).collect(),
        _ => {
            let shown = count.min(most);
            (0..shown).map(|at| at * (count - 1) / (shown - 1)).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_spread_from_the_first_to_the_last() {
        assert_eq!(spread(0, 4), [0; 0]);
        assert_eq!(spread(1, 4), [0]);
        assert_eq!(spread(3, 4), [0, 1, 2]);
        assert_eq!(spread(10, 4), [0, 3, 6, 9]);
    }

    #[test]
    fn averaged_pictures_stand_beside_those_as_trained() {
        let all =
            |value: u8| vec![Picture::filled(2, 2, 1, value), Picture::filled(2, 2, 1, value + 1)];
        let rows = [
            Row { step: 500, drawn: all(10), raw: None },
            Row { step: 1000, drawn: all(20), raw: Some(all(30)) },
        ];
        let sheet = sheet(&rows, false).unwrap();
        assert_eq!(sheet.rows, ["Step 500", "Step 1000"]);
        assert_eq!(sheet.columns[..2], ["Seed 0, average", "0, as trained"]);
        let shades: Vec<u8> = sheet.cells.iter().map(|cell| cell.pixels[0]).collect();
        assert_eq!(shades, [10, BLANK, 11, BLANK, 20, 30, 21, 31]);
    }
}
