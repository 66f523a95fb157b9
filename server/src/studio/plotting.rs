//! X/Y/Z plots: every cell a generation of its own, all of them on sheets with their labels.

use app::api::SHEET_SIDE;
use engine::CancelToken;
use engine::config::{Axis, GenerateSettings, Plot};
use engine::grid::Picture;
use engine::plot_sheet::{Limits, PlotSheet, plot_sheets};

use super::Worker;
use super::files::write_whole;
use super::gallery::{GRID_PIXELS, GallerySink, draw_all};
use super::parameters::Parameters;
use crate::Result;

const LIMITS: Limits = Limits { pixels: GRID_PIXELS as u64, side: SHEET_SIDE };

/// What A1111 calls a plot of the parts of a prompt.
pub(super) const MATRIX: &str = "Prompt matrix";

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
        cells.push(sink.take_sheet());
        if drawn.is_err() {
            break;
        }
    }
    if cells.iter().any(Option::is_some) {
        save_sheets(plot, cells, sink)?;
    }
    drawn
}

fn save_sheets(plot: &Plot, mut cells: Vec<Option<Picture>>, sink: &GallerySink) -> Result<()> {
    cells.resize(plot.len(), None);
    let parameters = told(sink.settings, sink.parameters());
    let mut number = 0;
    for sheet in sheets(plot, &cells) {
        for picture in plot_sheets(sheet, LIMITS) {
            let path = sink.grid_path("xyz_grid-");
            write_whole(&path, &picture.to_png(&[("parameters", &parameters)]))?;
            let relative = sink.studio.folders.relative(&path);
            sink.studio.store.add_sheet(sink.job, number, &relative)?;
            number += 1;
        }
    }
    Ok(())
}

/// One sheet for each value of z that has a cell; what was not drawn is left gray.
fn sheets(plot: &Plot, cells: &[Option<Picture>]) -> Vec<PlotSheet> {
    let (columns, rows) = (plot.columns(), plot.rows());
    let blank =
        cells.iter().flatten().next().map(|cell| Picture::filled(cell.width, cell.height, 1, 128));
    let titled = plot.sheets().into_iter().zip(cells.chunks(columns.len() * rows.len()));
    titled
        .filter(|(_, cells)| cells.iter().any(Option::is_some))
        .map(|(title, cells)| PlotSheet {
            title,
            columns: columns.clone(),
            rows: rows.clone(),
            cells: cells.iter().flat_map(|cell| cell.clone().or(blank.clone())).collect(),
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
    add("Script".into(), if settings.prompt_matrix { MATRIX } else { "X/Y/Z plot" });
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
