//! A weight made ready for its products: rows in panels, whose numbers lie in the order they are used.

use std::mem::MaybeUninit;

use super::arithmetic::Numbers;
use super::pairs::{Rounding, round_columns};
use super::pool;
use super::prefetch::prefetch_all;
use super::storage::written;
use super::tile::panels;
use super::transpose::transpose_into;
use super::whole::{Magnitudes, Scale};

/// Numbers of each row that are asked for while those before them are packed.
const AHEAD: usize = 64;

/// The left side of [`outer`](super::tile::outer), in panels of rows whose numbers lie in the order they are used.
#[derive(Debug, Default)]
pub(super) struct Packed {
    numbers: Vec<f32>,
    rows: usize,
    depth: usize,
    /// What whole numbers of each row are multiplied by; empty of others.
    units: Vec<f32>,
}

impl Packed {
    /// Number k of row i is `from[rows[i] + depth[k]]`.
    pub fn gather(rows: &[usize], depth: &[usize], from: &[f32]) -> Self {
        assert!(furthest(rows) + furthest(depth) < from.len());
        let work = |rows: &[usize], panel: &mut [MaybeUninit<f32>]| {
            for (numbers, k) in panel.chunks_exact_mut(rows.len()).zip(depth) {
                for (number, row) in numbers.iter_mut().zip(rows) {
                    // SAFETY: the largest sum of both lies within, as asserted above.
                    number.write(unsafe { *from.get_unchecked(row + k) });
                }
            }
        };
        // SAFETY: each k has its rows in the panel.
        unsafe { Self::fill(rows, depth.len(), work) }
    }

    /// Number k of row i is `from[k * rows + i]`.
    pub fn columns(rows: usize, depth: usize, from: &[f32]) -> Self {
        let all: Vec<usize> = (0..rows).collect();
        let work = |rows_of: &[usize], panel: &mut [MaybeUninit<f32>]| {
            let lines = from.chunks_exact(rows);
            for (numbers, line) in panel.chunks_exact_mut(rows_of.len()).zip(lines) {
                for (number, value) in numbers.iter_mut().zip(&line[rows_of[0]..]) {
                    number.write(*value);
                }
            }
        };
        assert!(rows * depth <= from.len());
        // SAFETY: as above: there are as many lines.
        unsafe { Self::fill(&all, depth, work) }
    }

    /// Row i is `length` numbers from `i * pitch + runs[0]` on, then from `i * pitch + runs[1]`, ….
    pub fn interleave(
        rows: usize,
        pitch: usize,
        runs: &[usize],
        length: usize,
        from: &[f32],
    ) -> Self {
        let starts: Vec<usize> = (0..rows).map(|row| row * pitch).collect();
        let work = |starts: &[usize], panel: &mut [MaybeUninit<f32>]| {
            let rows = starts.len();
            for (panel, run) in panel.chunks_exact_mut(rows * length).zip(runs) {
                let from = &from[starts[0] + run..];
                for (at, panel) in panel.chunks_mut(rows * AHEAD).enumerate() {
                    let from = &from[at * AHEAD..];
                    for row in 0..rows {
                        let next = from.as_ptr().wrapping_add(row * pitch + AHEAD);
                        prefetch_all(next, AHEAD);
                    }
                    transpose_into(from, (rows, panel.len() / rows), pitch, panel, rows);
                }
            }
        };
        // SAFETY: every run is written.
        unsafe { Self::fill(&starts, runs.len() * length, work) }
    }

    /// Row i is the `channels * taps` numbers from `i * channels * taps` on, two channels in one.
    pub fn interleave_pairs(
        numbers: Numbers,
        rows: usize,
        channels: usize,
        taps: usize,
        from: &[f32],
    ) -> Self {
        let pitch = channels * taps;
        assert!(channels.is_multiple_of(2) && rows * pitch <= from.len());
        let starts: Vec<usize> = (0..rows).map(|row| row * pitch).collect();
        let scales =
            Scales::new(numbers, rows, pitch, |row| Magnitudes::of(&from[row * pitch..][..pitch]));
        // So many taps of pairs, whole channels, are turned at a time.
        let columns = (AHEAD / taps).max(1) * taps;
        let work = |starts: &[usize], panel: &mut [MaybeUninit<f32>]| {
            let rows = starts.len();
            let mut paired = vec![0.0; rows * columns];
            for (at, panel) in panel.chunks_mut(rows * columns).enumerate() {
                let count = panel.len() / rows;
                for (start, paired) in starts.iter().zip(paired.chunks_exact_mut(columns)) {
                    let from = &from[start + at * 2 * columns..];
                    let next = from.as_ptr().wrapping_add(2 * columns);
                    prefetch_all(next, 2 * columns);
                    let rounding = scales.rounding(start / pitch);
                    rounding.pair_channels(&from[..2 * count], taps, &mut paired[..count]);
                }
                transpose_into(&paired, (rows, count), columns, panel, rows);
            }
        };
        // SAFETY: each pair has its rows in the panel.
        unsafe { Self::fill(&starts, pitch / 2, work) }.with_units(scales.units())
    }

    /// As [`Packed::gather`], of pairs: `depth` goes through the taps of one channel after the other,
    /// and two channels make one.
    pub fn gather_pairs(
        numbers: Numbers,
        rows: &[usize],
        depth: &[usize],
        taps: usize,
        from: &[f32],
    ) -> Self {
        assert!(furthest(rows) + furthest(depth) < from.len());
        let pairs: Vec<(&usize, &usize)> = depth
            .chunks_exact(2 * taps)
            .flat_map(|channels| channels[..taps].iter().zip(&channels[taps..]))
            .collect();
        let scales = Scales::new(numbers, rows.len(), depth.len(), |row| {
            let numbers: Vec<f32> = depth.iter().map(|k| from[rows[row] + k]).collect();
            Magnitudes::of(&numbers)
        });
        let all: Vec<usize> = (0..rows.len()).collect();
        let work = |panel_rows: &[usize], panel: &mut [MaybeUninit<f32>]| {
            for (numbers, (first, second)) in panel.chunks_exact_mut(panel_rows.len()).zip(&pairs) {
                for (number, row) in numbers.iter_mut().zip(panel_rows) {
                    let (start, rounding) = (rows[*row], scales.rounding(*row));
                    number.write(rounding.pair(from[start + *first], from[start + *second]));
                }
            }
        };
        // SAFETY: each pair has its rows in the panel.
        unsafe { Self::fill(&all, pairs.len(), work) }.with_units(scales.units())
    }

    /// As [`Packed::columns`], two lines of `from` in one.
    pub fn columns_of_pairs(numbers: Numbers, rows: usize, depth: usize, from: &[f32]) -> Self {
        let columns = match numbers {
            Numbers::Whole => Magnitudes::of_columns(&from[..depth * rows], rows),
            _ => Vec::new(),
        };
        let scales = Scales::new(numbers, rows, depth, |row| columns[row]);
        let by: Vec<f32> = scales.0.iter().flatten().map(|scale| scale.by).collect();
        let mut paired = vec![0.0; depth / 2 * rows];
        let lines = from.chunks_exact(2 * rows).map(|lines| lines.split_at(rows));
        for (to, (first, second)) in paired.chunks_exact_mut(rows).zip(lines) {
            if by.is_empty() {
                Rounding::Bf16.pair_rows(first, second, to);
            } else {
                // SAFETY: reads and writes within the slices only.
                unsafe { round_columns(first, second, &by, to) }
            }
        }
        Self::columns(rows, depth / 2, &paired).with_units(scales.units())
    }

    /// Says what its whole numbers are multiplied by, row by row.
    pub fn with_units(mut self, units: Vec<f32>) -> Self {
        assert!(units.is_empty() || units.len() == self.rows);
        self.units = units;
        self
    }

    /// `panel(rows, numbers)` fills the numbers of one panel.
    ///
    /// # Safety
    /// It must write all of them.
    unsafe fn fill(
        rows: &[usize],
        depth: usize,
        panel: impl Fn(&[usize], &mut [MaybeUninit<f32>]) + Sync,
    ) -> Self {
        let work = |mut left: &mut [MaybeUninit<f32>]| {
            let parts = panels(rows.len()).map(|(first, height)| {
                let (part, rest) = std::mem::take(&mut left).split_at_mut(height * depth);
                left = rest;
                (&rows[first..first + height], part)
            });
            pool::for_each(parts, |(rows, numbers)| panel(rows, numbers));
        };
        // SAFETY: the caller vouches for every panel.
        let numbers = unsafe { written(rows.len() * depth, work) };
        Self { numbers, rows: rows.len(), depth, units: Vec::new() }
    }
}

impl Packed {
    pub fn rows(&self) -> usize {
        self.rows
    }

    pub fn depth(&self) -> usize {
        self.depth
    }

    /// What the sums of a row are multiplied by, which of anything but whole numbers is one.
    pub fn unit(&self, row: usize) -> f32 {
        self.units.get(row).copied().unwrap_or(1.0)
    }

    /// The numbers of a panel: depth times `height`.
    pub fn panel(&self, first: usize, height: usize) -> &[f32] {
        &self.numbers[first * self.depth..][..height * self.depth]
    }
}

/// The scales of rows that become whole numbers.
struct Scales(Option<Vec<Scale>>);

impl Scales {
    /// For so many rows of so many numbers.
    fn new(
        numbers: Numbers,
        rows: usize,
        count: usize,
        magnitudes: impl Fn(usize) -> Magnitudes + Sync,
    ) -> Self {
        Self((numbers == Numbers::Whole).then(|| Scale::of_rows(rows, count, magnitudes)))
    }

    /// How pairs of a row are made.
    fn rounding(&self, row: usize) -> Rounding {
        self.0.as_ref().map_or(Rounding::Bf16, |scales| Rounding::Whole(scales[row].by))
    }

    /// Of each row, or of none.
    fn units(&self) -> Vec<f32> {
        self.0.iter().flatten().map(|scale| scale.unit).collect()
    }
}

/// The largest of some starts; of none, zero.
pub(super) fn furthest(starts: &[usize]) -> usize {
    starts.iter().copied().max().unwrap_or(0)
}
