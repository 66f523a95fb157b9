//! X/Y/Z plots: every cell a generation of its own, all of them on sheets with their labels.

use app::api::SHEET_SIDE;
use engine::CancelToken;
use engine::config::{Axis, GenerateSettings, Plot};
use engine::grid::{Picture, columns_for, grid_size};
use engine::plot_sheet::{Cell, Limits, PlotSheet, plot_sheets};

use super::Worker;
use super::files::write_whole;
use super::gallery::{GRID_GAP, GallerySink, draw_all, sheet};
use super::parameters::Parameters;
use super::sheet_limits::MOST_PIXELS;
use super::stored_picture::{GRAY, StoredPicture};
use crate::Result;

const LIMITS: Limits = Limits { pixels: MOST_PIXELS as u64, side: SHEET_SIDE };

/// What A1111 calls a plot of the parts of a prompt.
pub(super) const MATRIX: &str = "Prompt matrix";
pub(super) const PLOT: &str = "X/Y/Z plot";

/// Draws the cells and then the sheets; interrupted, the sheets have what was finished.
pub fn plot(
    worker: &mut Worker,
    plot: &Plot,
    cancel: &CancelToken,
    sink: &mut GallerySink,
) -> Result<()> {
    let mut cells = Vec::with_capacity(plot.len());
    let mut drawn = Ok(());
    for [x, y, z] in plot.places() {
        sink.turn_to(cells.len(), plot.len());
        drawn = draw_all(worker, &plot.cell(x, y, z), cancel, sink);
        cells.push(sink.take_pictures());
        if drawn.is_err() {
            break;
        }
    }
    if cells.iter().any(|cell| !cell.is_empty()) {
        save_sheets(plot, cells, sink)?;
    }
    drawn
}

/// What stands in a cell. Plots have many, so its pictures come out of their files when its sheet is
/// drawn.
#[derive(Clone)]
struct PlotCell {
    /// None if the cell was not drawn.
    pictures: Vec<StoredPicture>,
    /// Width and height in pixels.
    size: (u32, u32),
}

impl Cell for PlotCell {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn channels(&self) -> u8 {
        self.pictures.first().map_or(1, |picture| picture.channels)
    }

    fn picture(&self) -> Picture {
        let (width, height) = self.size;
        match self.pictures.is_empty() {
            true => Picture::filled(width, height, 1, GRAY),
            false => sheet(&self.pictures.iter().map(StoredPicture::read).collect::<Vec<_>>()),
        }
    }
}

/// Width and height of the cell with these pictures, if there are any.
fn cell_size(pictures: &[StoredPicture]) -> Option<(u32, u32)> {
    let (count, first) = (pictures.len(), pictures.first()?);
    Some(grid_size(count, columns_for(count), first.size, GRID_GAP))
}

fn save_sheets(plot: &Plot, cells: Vec<Vec<StoredPicture>>, sink: &GallerySink) -> Result<()> {
    let parameters = told(sink.settings, sink.parameters());
    let (mut number, path_of) = (0, sink.grid_paths("xyz_grid-"));
    for sheet in sheets(plot, cells) {
        for picture in plot_sheets(sheet, LIMITS) {
            let path = path_of(number);
            write_whole(&path, &picture.to_png(&[("parameters", &parameters)]))?;
            let relative = sink.studio.folders.relative(&path);
            sink.studio.store.add_sheet(sink.job, number, &relative)?;
            number += 1;
        }
    }
    Ok(())
}

/// One sheet for each value of z that has a cell; what was not drawn is left gray.
fn sheets(plot: &Plot, mut cells: Vec<Vec<StoredPicture>>) -> Vec<PlotSheet<PlotCell>> {
    cells.resize(plot.len(), Vec::new());
    let (columns, rows) = (plot.columns(), plot.rows());
    let usual = cells.iter().find_map(|cell| cell_size(cell)).unwrap_or((1, 1));
    let place = |pictures: &Vec<StoredPicture>| PlotCell {
        size: cell_size(pictures).unwrap_or(usual),
        pictures: pictures.clone(),
    };
    let titled = plot.sheets().into_iter().zip(cells.chunks(columns.len() * rows.len()));
    titled
        .filter(|(_, cells)| cells.iter().any(|cell| !cell.is_empty()))
        .map(|(title, cells)| PlotSheet {
            title,
            columns: columns.clone(),
            rows: rows.clone(),
            cells: cells.iter().map(place).collect(),
        })
        .collect()
}

/// The text of the first picture with what the plot adds, by A1111's names.
fn told(settings: &GenerateSettings, first: &str) -> String {
    let mut parameters = Parameters::read(first);
    if settings.prompt_matrix {
        parameters.prompt.clone_from(&settings.prompt);
    }
    let mut add = |key: String, value: &str| parameters.settings.push((key, value.into()));
    add("Script".into(), if settings.prompt_matrix { MATRIX } else { PLOT });
    for (name, axis, values) in [
        ("X", settings.x_axis, &settings.x_values),
        ("Y", settings.y_axis, &settings.y_values),
        ("Z", settings.z_axis, &settings.z_values),
    ] {
        if axis != Axis::Nothing {
            add(format!("{name} Type"), axis.name());
            add(format!("{name} Values"), values);
        }
    }
    parameters.text()
}
