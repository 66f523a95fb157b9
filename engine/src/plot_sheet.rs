//! Plots as pictures: cells in columns and rows, with what they differ in written beside them.

use crate::data::transform::with_channels;
use crate::grid::Picture;
use crate::lettering::{LETTER_WIDTH, LINE_HEIGHT, shortened, write};

/// What stands at one place of a sheet. Its picture need not be in memory before the sheet is drawn.
pub trait Cell {
    /// Width and height in pixels.
    fn size(&self) -> (u32, u32);
    /// 1 for gray, 3 for colour.
    fn channels(&self) -> u8;
    fn picture(&self) -> Picture;
}

impl Cell for Picture {
    fn size(&self) -> (u32, u32) {
        (self.width, self.height)
    }

    fn channels(&self) -> u8 {
        self.channels
    }

    fn picture(&self) -> Picture {
        self.clone()
    }
}

/// One sheet of a plot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlotSheet<C = Picture> {
    /// Written above everything; empty for none.
    pub title: String,
    /// Written above each column; at least one, all empty for none.
    pub columns: Vec<String>,
    /// Written beside each row, likewise.
    pub rows: Vec<String>,
    /// Row by row, one for each column of each row. Smaller ones lie in the middle.
    pub cells: Vec<C>,
}

/// Cells narrower than this are enlarged, so that there is room for words above them.
const LEGIBLE_WIDTH: u32 = 144;
/// Letters of a row's label at most.
const LONGEST_LABEL: usize = 32;
const GAP: u32 = 4;
const PAPER: u8 = 255;
/// A line of cells that is longer goes on in the next line, in pixels.
const LONGEST_LINE: u32 = 4096;

/// How large a sheet may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub pixels: u64,
    /// Of width and height, in pixels: programs that show pictures refuse longer ones.
    pub side: u32,
}

impl Limits {
    fn allow(self, (width, height): (u32, u32)) -> bool {
        u64::from(width) * u64::from(height) <= self.pixels && width.max(height) <= self.side
    }
}

/// Draws `sheet`, on several sheets if one would be larger than `limits`; a sheet of a single cell is
/// drawn whatever its size. One long row or column goes on in the next. Each is drawn when it is asked
/// for, so that no more than one is in memory.
pub fn plot_sheets<C: Cell + Clone>(
    sheet: PlotSheet<C>,
    limits: Limits,
) -> impl Iterator<Item = Picture> {
    stacks(sheet, limits).into_iter().map(|stack| stack.draw())
}

fn stacks<C: Cell + Clone>(sheet: PlotSheet<C>, limits: Limits) -> Vec<Stack<C>> {
    let mut block = (sheet.columns.len(), sheet.rows.len());
    let layout = sheet.layout();
    let is_line = block.0 == 1 || block.1 == 1;
    let (width, height) = layout.size(block.0, block.1);
    if is_line && width.max(height) > LONGEST_LINE {
        let across = block.1 > 1;
        return stacked(sheet.lines(), across, limits);
    }
    while !limits.allow(layout.size(block.0, block.1)) && block != (1, 1) {
        // Halves the longer side, so that sheets stay as square as they can.
        let wide = block.0 as u32 * layout.cell.0 >= block.1 as u32 * layout.cell.1;
        match (wide && block.0 > 1) || block.1 == 1 {
            true => block.0 = block.0.div_ceil(2),
            false => block.1 = block.1.div_ceil(2),
        }
    }
    sheet.split(block).into_iter().map(|part| Stack { parts: vec![part], across: false }).collect()
}

/// Lays parts below each other, or side by side if they go `across`, as many as a sheet may have.
fn stacked<C: Cell>(parts: Vec<PlotSheet<C>>, across: bool, limits: Limits) -> Vec<Stack<C>> {
    let mut stacks: Vec<Stack<C>> = Vec::new();
    for part in parts {
        match stacks.last_mut().filter(|stack| limits.allow(stack.size_with(&part))) {
            Some(stack) => stack.parts.push(part),
            None => stacks.push(Stack { parts: vec![part], across }),
        }
    }
    stacks
}

/// Parts that come into one picture: below each other, or side by side if they go `across`.
struct Stack<C> {
    parts: Vec<PlotSheet<C>>,
    across: bool,
}

impl<C: Cell> Stack<C> {
    fn size_with(&self, next: &PlotSheet<C>) -> (u32, u32) {
        self.size_of(self.parts.iter().chain([next]))
    }

    fn size_of<'a>(&self, parts: impl Iterator<Item = &'a PlotSheet<C>>) -> (u32, u32)
    where
        C: 'a,
    {
        parts.map(PlotSheet::size).fold((0, 0), |(width, height), part| match self.across {
            true => (width + part.0, height.max(part.1)),
            false => (width.max(part.0), height + part.1),
        })
    }

    fn draw(&self) -> Picture {
        if let [part] = self.parts.as_slice() {
            return part.draw();
        }
        let (width, height) = self.size_of(self.parts.iter());
        let channels = self.parts.iter().map(PlotSheet::channels).max().unwrap_or(1);
        let mut sheet = Picture::filled(width, height, channels, PAPER);
        let (mut left, mut top) = (0, 0);
        for part in &self.parts {
            let part = with_channels(part.draw(), u32::from(channels));
            sheet.place(&part, left, top);
            match self.across {
                true => left += part.width,
                false => top += part.height,
            }
        }
        sheet
    }
}

/// Where things lie on a sheet, in pixels.
#[derive(Clone, Copy)]
struct Layout {
    /// How many times cells are enlarged.
    scale: u32,
    /// Width and height of a cell, enlarged.
    cell: (u32, u32),
    /// Of the first cell.
    left: u32,
    top: u32,
}

impl Layout {
    /// Width and height of a sheet with so many columns and rows: where one more would begin.
    fn size(&self, columns: usize, rows: usize) -> (u32, u32) {
        self.place(columns, rows)
    }

    /// The upper left corner of a cell.
    fn place(&self, column: usize, row: usize) -> (u32, u32) {
        let (width, height) = self.cell;
        (self.left + column as u32 * (width + GAP), self.top + row as u32 * (height + GAP))
    }

    /// Letters that fit above a column.
    fn letters(&self) -> usize {
        (self.cell.0 / LETTER_WIDTH) as usize
    }
}

impl<C: Cell> PlotSheet<C> {
    fn layout(&self) -> Layout {
        let sizes = || self.cells.iter().map(Cell::size);
        let width = sizes().map(|size| size.0).max().unwrap_or(1);
        let height = sizes().map(|size| size.1).max().unwrap_or(1);
        let scale = LEGIBLE_WIDTH.div_ceil(width.max(1)).max(1);
        let line = |words: bool| if words { LINE_HEIGHT + GAP } else { 0 };
        let titled = line(!self.title.is_empty());
        let headed = line(self.columns.iter().any(|label| !label.is_empty()));
        let letters = self.rows.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let beside = letters.min(LONGEST_LABEL) as u32 * LETTER_WIDTH;
        Layout {
            scale,
            cell: (width * scale, height * scale),
            left: GAP + if beside > 0 { beside + GAP } else { 0 },
            top: GAP + titled + headed,
        }
    }

    /// Width and height in pixels.
    fn size(&self) -> (u32, u32) {
        self.layout().size(self.columns.len(), self.rows.len())
    }

    fn channels(&self) -> u8 {
        self.cells.iter().map(Cell::channels).max().unwrap_or(1)
    }

    fn draw(&self) -> Picture {
        let layout = self.layout();
        let ((width, height), channels) = (self.size(), self.channels());
        let mut sheet = Picture::filled(width, height, channels, PAPER);
        self.write_labels(&mut sheet, &layout);
        for (at, cell) in self.cells.iter().enumerate() {
            let (column, row) = (at % self.columns.len(), at / self.columns.len());
            let (left, top) = layout.place(column, row);
            let cell = with_channels(cell.picture(), u32::from(channels));
            let cell = enlarged(&cell, layout.scale);
            let beside = ((layout.cell.0 - cell.width) / 2, (layout.cell.1 - cell.height) / 2);
            sheet.place(&cell, left + beside.0, top + beside.1);
        }
        sheet
    }

    fn write_labels(&self, sheet: &mut Picture, layout: &Layout) {
        let whole_line = ((sheet.width - GAP) / LETTER_WIDTH) as usize;
        write(sheet, &shortened(&self.title, whole_line), GAP, GAP);
        for (column, label) in self.columns.iter().enumerate() {
            let label = shortened(label, layout.letters());
            let (left, top) = layout.place(column, 0);
            let unused = layout.cell.0 - label.chars().count() as u32 * LETTER_WIDTH;
            write(sheet, &label, left + unused / 2, top.saturating_sub(LINE_HEIGHT + GAP));
        }
        for (row, label) in self.rows.iter().enumerate() {
            let (_, top) = layout.place(0, row);
            let unused = layout.cell.1.saturating_sub(LINE_HEIGHT);
            write(sheet, &shortened(label, LONGEST_LABEL), GAP, top + unused / 2);
        }
    }
}

impl<C: Cell + Clone> PlotSheet<C> {
    /// Sheets of at most so many columns and rows, those of the first rows first.
    fn split(self, (columns, rows): (usize, usize)) -> Vec<Self> {
        let starts = |count: usize, step: usize| (0..count).step_by(step);
        starts(self.rows.len(), rows)
            .flat_map(|top| starts(self.columns.len(), columns).map(move |left| (left, top)))
            .map(|(left, top)| self.part(left..left + columns, top..top + rows))
            .collect()
    }

    /// One row or column as several, which make up about a square; the title is the first one's.
    fn lines(self) -> Vec<Self> {
        let (columns, rows) = (self.columns.len(), self.rows.len());
        let length = ((columns * rows) as f64).sqrt().ceil() as usize;
        let block = if rows == 1 { (length, 1) } else { (1, length) };
        let across = rows > 1;
        let mut lines = self.split(block);
        // Side by side all begin at the same height.
        let nothing = if across && !lines[0].title.is_empty() { " " } else { "" };
        lines.iter_mut().skip(1).for_each(|line| line.title = nothing.into());
        lines
    }

    fn part(&self, columns: std::ops::Range<usize>, rows: std::ops::Range<usize>) -> Self {
        let (width, height) = (self.columns.len(), self.rows.len());
        let columns = columns.start..columns.end.min(width);
        let rows = rows.start..rows.end.min(height);
        let cells = rows.clone().flat_map(|row| {
            columns.clone().filter_map(move |column| self.cells.get(row * width + column))
        });
        Self {
            title: self.title.clone(),
            cells: cells.cloned().collect(),
            columns: self.columns[columns.clone()].to_vec(),
            rows: self.rows[rows].to_vec(),
        }
    }
}

/// Every pixel as a square of `scale` pixels.
fn enlarged(picture: &Picture, scale: u32) -> Picture {
    let channels = usize::from(picture.channels);
    let repeat = |pixel: &[u8]| pixel.repeat(scale as usize);
    let row = |row: &[u8]| -> Vec<u8> {
        row.chunks_exact(channels).flat_map(repeat).collect::<Vec<u8>>().repeat(scale as usize)
    };
    let rows = picture.pixels.chunks_exact(picture.width as usize * channels);
    Picture {
        width: picture.width * scale,
        height: picture.height * scale,
        channels: picture.channels,
        pixels: rows.flat_map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cells of one brightness each, 10, 20, 30 …
    fn sheet(columns: usize, rows: usize, side: u32) -> PlotSheet {
        let labels = |name: &str, count| (1..=count).map(|at| format!("{name}: {at}")).collect();
        let cell = |at: usize| Picture::filled(side, side, 1, (10 * (at + 1) % 256) as u8);
        PlotSheet {
            title: "Eta: 0.5".into(),
            columns: labels("Steps", columns),
            rows: labels("Seed", rows),
            cells: (0..columns * rows).map(cell).collect(),
        }
    }

    fn plot_sheets(sheet: PlotSheet, limits: Limits) -> Vec<Picture> {
        super::plot_sheets(sheet, limits).collect()
    }

    const ANY: Limits = Limits { pixels: u64::MAX, side: u32::MAX };

    fn at(picture: &Picture, x: u32, y: u32) -> u8 {
        picture.pixels[((y * picture.width + x) * u32::from(picture.channels)) as usize]
    }

    #[test]
    fn every_cell_lies_beside_its_labels() {
        let sheet = sheet(3, 2, 200);
        let layout = sheet.layout();
        let pictures = plot_sheets(sheet, ANY);
        let [picture] = pictures.as_slice() else { panic!("{} sheets", pictures.len()) };
        for row in 0..2 {
            for column in 0..3 {
                let (left, top) = layout.place(column, row);
                let wanted = 10 * (row * 3 + column + 1) as u8;
                assert_eq!(at(picture, left, top), wanted);
                assert_eq!(at(picture, left + 199, top + 199), wanted);
                assert_eq!(at(picture, left + 200, top + 200), PAPER);
            }
        }
        let dark = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
            y.flat_map(|y| x.clone().map(move |x| (x, y))).any(|(x, y)| at(picture, x, y) < 100)
        };
        let (left, top) = layout.place(2, 0);
        assert!(dark(left..left + 200, top - LINE_HEIGHT - GAP..top - GAP), "no word above");
        assert!(dark(GAP..layout.left - GAP, top..top + 200), "no word beside");
        assert!(dark(GAP..60, GAP..GAP + LINE_HEIGHT), "no title");
    }

    #[test]
    fn small_cells_are_enlarged_and_kinds_may_differ() {
        let mut sheet = sheet(2, 1, 28);
        sheet.cells[1] = Picture::filled(14, 28, 3, 200);
        let layout = sheet.layout();
        assert_eq!((layout.scale, layout.cell), (6, (168, 168)));
        let picture = &plot_sheets(sheet, ANY)[0];
        assert_eq!(picture.channels, 3);
        let (left, top) = layout.place(1, 0);
        let row = [41, 42, 125, 126].map(|x| at(picture, left + x, top));
        assert_eq!(row, [PAPER, 200, 200, PAPER]);
    }

    #[test]
    fn what_is_too_large_comes_on_several_sheets() {
        let whole = sheet(5, 3, 200);
        let layout = whole.layout();
        let (width, height) = layout.size(3, 2);
        let most = u64::from(width) * u64::from(height);
        let pictures = plot_sheets(whole.clone(), Limits { pixels: most, ..ANY });
        let pixels = |picture: &Picture| u64::from(picture.width) * u64::from(picture.height);
        assert!(pictures.len() > 1 && pictures.iter().all(|picture| pixels(picture) <= most));
        let singles = plot_sheets(whole, Limits { pixels: 0, ..ANY });
        assert_eq!(singles.len(), 15);
        for (place, single) in singles.iter().enumerate() {
            assert_eq!(
                at(single, single.width - GAP - 1, single.height - GAP - 1),
                10 * (place + 1) as u8
            );
        }
    }

    #[test]
    fn no_sheet_is_longer_than_can_be_shown() {
        let pictures = plot_sheets(sheet(90, 2, 200), Limits { side: 8000, ..ANY });
        assert_eq!(pictures.len(), 4);
        assert!(pictures.iter().all(|picture| picture.width <= 8000));
    }

    #[test]
    fn a_long_row_goes_on_below_and_a_long_column_beside() {
        let row = PlotSheet { rows: vec![String::new()], ..sheet(30, 1, 200) };
        let drawn = plot_sheets(row.clone(), ANY);
        // Six columns in five lines.
        let layout = row.layout();
        let titled = LINE_HEIGHT + GAP;
        let (width, height) = layout.size(6, 1);
        assert_eq!(drawn.len(), 1);
        assert_eq!((drawn[0].width, drawn[0].height), (width, 5 * height - 4 * titled));
        // The first of the second line is the seventh.
        let first = at(&drawn[0], GAP + 1, height + layout.top - titled + 1);
        assert_eq!(first, 70);
        let column = PlotSheet { columns: vec![String::new()], ..sheet(1, 30, 200) };
        let drawn = plot_sheets(column, ANY);
        assert_eq!(drawn.len(), 1);
        assert!(drawn[0].width > 5 * 200 && drawn[0].height < 7 * 205);
    }

    #[test]
    fn cells_are_asked_for_when_their_sheet_is_drawn() {
        #[derive(Clone)]
        struct Asked<'a>(&'a std::cell::Cell<usize>);
        impl Cell for Asked<'_> {
            fn size(&self) -> (u32, u32) {
                (200, 200)
            }
            fn channels(&self) -> u8 {
                1
            }
            fn picture(&self) -> Picture {
                self.0.set(self.0.get() + 1);
                Picture::filled(200, 200, 1, 7)
            }
        }
        let asked = std::cell::Cell::new(0);
        for (columns, rows) in [(40, 2), (80, 1)] {
            let PlotSheet { title, columns, rows, cells } = sheet(columns, rows, 200);
            let cells = vec![Asked(&asked); cells.len()];
            let sheet = PlotSheet { title, columns, rows, cells };
            asked.set(0);
            let mut drawn = super::plot_sheets(sheet, Limits { pixels: 1 << 20, ..ANY });
            assert_eq!(asked.get(), 0);
            drawn.next().unwrap();
            assert!((1..=25).contains(&asked.get()), "{}", asked.get());
            assert!(drawn.count() > 1);
            assert_eq!(asked.get(), 80);
        }
    }

    #[test]
    fn without_words_there_is_no_room_for_them() {
        let bare = PlotSheet {
            title: String::new(),
            columns: vec![String::new()],
            rows: vec![String::new()],
            cells: vec![Picture::filled(200, 150, 1, 3)],
        };
        let picture = &plot_sheets(bare, ANY)[0];
        assert_eq!((picture.width, picture.height), (200 + 2 * GAP, 150 + 2 * GAP));
    }
}
