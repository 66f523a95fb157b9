//! Rows of whole numbers with a scale for each run of what is summed: block floating point.
//!
//! What a rounding to bf16 does to a tile comes out of the transform back five times as large, too much
//! for a result. Numbers of 16 bits with a common scale are as quick to multiply where processors have
//! AVX-512 VNNI, and finer by far: a run is scaled so that its root of squares is the largest
//! number of 16 bits. A sum of products is at most the product of both roots (Cauchy and Schwarz), so it
//! fits 32 bits.

use super::cut::CHANNELS;
use super::points::Kernel;
use super::product::RUN;
use super::weights::TAPS;
use crate::scratch;
use crate::simd::{Simd, kernel, whole_kernel};

/// Channels whose sum is one of whole numbers.
pub(super) const RUN_CHANNELS: usize = 2 * RUN;

/// Runs there may be.
const MOST_RUNS: usize = 32;

/// The largest number of 16 bits.
const LARGEST: f32 = 32767.0;

/// What a root of squares counts as at least: those of smaller numbers are no longer told apart from zero.
const LEAST_ROOT: f32 = 1e-18;

/// Fewest channels that are worth it, and outputs: rounding takes as long as some of the products.
const FEWEST_CHANNELS: usize = 64;
const FEWEST_OUTPUTS: usize = 32;

/// Whether sums over so many channels are worth being those of whole numbers.
pub(super) fn pays(channels: usize, outputs: usize) -> bool {
    let worth = channels >= FEWEST_CHANNELS && outputs >= FEWEST_OUTPUTS;
    worth && channels.is_multiple_of(2 * CHANNELS) && channels <= MOST_RUNS * RUN_CHANNELS
}

/// The scales of so many pairs, or numbers, of a sum.
pub(super) fn runs(steps: usize) -> usize {
    steps.div_ceil(RUN)
}

/// Makes of each row of f32 pairs of channels that are sixteen apart, as whole numbers, and behind them for each
/// run what to multiply them by. A row is `channels` long, and the next one begins `pitch` further.
pub(super) fn round_rows(rows: &mut [f32], channels: usize, pitch: usize) {
    assert!(channels.is_multiple_of(2 * CHANNELS) && channels / 2 + runs(channels / 2) <= pitch);
    for row in rows.chunks_mut(pitch) {
        // SAFETY: the kernel reads and writes within the row only.
        unsafe { round_row(&mut row[..channels]) }
    }
}

whole_kernel! { fn round_row(row: &mut [f32]) = round_row_of }

#[inline(always)]
unsafe fn round_row_of<V: Simd>(row: &mut [f32]) {
    let mut units = [0.0; MOST_RUNS];
    let (pairs, numbers) = (row.len() / 2, row.as_mut_ptr());
    let mut first = 0;
    while first < row.len() {
        let channels = RUN_CHANNELS.min(row.len() - first);
        // SAFETY: the channels lie within the row; pairs are written where channels were read.
        unsafe {
            let from = numbers.add(first);
            let mut squares = [V::splat(0.0); 2];
            for at in (0..channels).step_by(2 * V::LANES) {
                for (half, squares) in squares.iter_mut().enumerate() {
                    let number = V::load(from.add(at + half * V::LANES));
                    *squares = number.mul_add(number, *squares);
                }
            }
            let [scale, unit] = scale_and_unit(squares[0].add(squares[1]).sum());
            units[first / RUN_CHANNELS] = unit;
            for group in (0..channels).step_by(2 * CHANNELS) {
                let to = numbers.add((first + group) / 2);
                let mut pairs = [V::splat(0.0); 2];
                for (at, pairs) in pairs.iter_mut().enumerate().take(CHANNELS / V::LANES) {
                    let from = from.add(group + at * V::LANES);
                    let second = V::load(from.add(CHANNELS));
                    *pairs = V::load(from).pair_whole(second, V::splat(scale));
                }
                for (at, pairs) in pairs.iter().enumerate().take(CHANNELS / V::LANES) {
                    pairs.store(to.add(at * V::LANES));
                }
            }
        }
        first += channels;
    }
    let runs = runs(pairs);
    row[pairs..pairs + runs].copy_from_slice(&units[..runs]);
}

/// Makes of rows of `width` f32, whole sixteens, pairs of those that follow each other, as whole numbers, and
/// behind them for each run a row of what to multiply its columns by.
pub(super) fn round_columns(rows: &mut [f32], width: usize) {
    let count = rows.len() / width;
    let pairs = count.div_ceil(2);
    assert!(width.is_multiple_of(CHANNELS) && pairs + runs(pairs) <= count);
    scratch::with(&scratch::STRIP, runs(pairs) * width, |units| {
        for (run, units) in units.chunks_exact_mut(width).enumerate() {
            let first = run * 2 * RUN;
            let run = Run { first, count: (2 * RUN).min(count - first), width };
            // SAFETY: the run lies within the rows, and there are as many units as columns.
            unsafe { round_run(rows, run, units) }
        }
        rows[pairs * width..][..units.len()].copy_from_slice(units);
    });
}

/// Rows whose sum is one of whole numbers.
#[derive(Clone, Copy)]
pub(super) struct Run {
    first: usize,
    count: usize,
    width: usize,
}

whole_kernel! {
    /// Of some rows, pairs to where those of all rows before them end, and what to multiply each column by.
    fn round_run(rows: &mut [f32], run: Run, units: &mut [f32]) = round_run_of
}

#[inline(always)]
unsafe fn round_run_of<V: Simd>(rows: &mut [f32], run: Run, units: &mut [f32]) {
    let Run { first, count, width } = run;
    for lane in (0..width).step_by(CHANNELS) {
        let mut scales = [0.0; CHANNELS];
        // SAFETY: the caller vouches for all rows; pairs are written where numbers were read.
        unsafe {
            let from = rows.as_ptr().add(first * width + lane);
            squares_of_rows::<V>((from, width), count, &mut scales);
            for (scale, unit) in scales.iter_mut().zip(&mut units[lane..]) {
                [*scale, *unit] = scale_and_unit(*scale);
            }
            let to = rows.as_mut_ptr().add(first / 2 * width + lane);
            for pair in 0..count.div_ceil(2) {
                for at in (0..CHANNELS).step_by(V::LANES) {
                    let from = from.add(2 * pair * width + at);
                    let alone = 2 * pair + 1 == count;
                    let second = if alone { V::splat(0.0) } else { V::load(from.add(width)) };
                    let scale = V::load(scales.as_ptr().add(at));
                    V::load(from).pair_whole(second, scale).store(to.add(pair * width + at));
                }
            }
        }
    }
}

/// The squares of sixteen columns, summed over rows that are so far apart.
#[inline(always)]
unsafe fn squares_of_rows<V: Simd>(
    (from, pitch): (*const f32, usize),
    rows: usize,
    sums: &mut [f32; CHANNELS],
) {
    for lane in (0..CHANNELS).step_by(V::LANES) {
        // SAFETY: the caller vouches for all rows.
        unsafe {
            let from = from.add(lane);
            let mut squares = [V::splat(0.0); 4];
            for row in (0..rows / 4 * 4).step_by(4) {
                for (at, squares) in squares.iter_mut().enumerate() {
                    let number = V::load(from.add((row + at) * pitch));
                    *squares = number.mul_add(number, *squares);
                }
            }
            for row in rows / 4 * 4..rows {
                let number = V::load(from.add(row * pitch));
                squares[0] = number.mul_add(number, squares[0]);
            }
            let [a, b, c, d] = squares;
            a.add(b).add(c.add(d)).store(sums.as_mut_ptr().add(lane));
        }
    }
}

/// What numbers of such a sum of squares are multiplied by to become whole ones, and what these are
/// multiplied by. If there is one that is none, or infinite, so is the second.
#[inline(always)]
fn scale_and_unit(squares: f32) -> [f32; 2] {
    // `max` would forget that something is no number.
    let root = squares.sqrt();
    let root = if root < LEAST_ROOT { LEAST_ROOT } else { root };
    [LARGEST / root, root * (1.0 / LARGEST)]
}

/// What the windows of sixteen outputs are multiplied by at each point.
///
/// Not by their own squares there, which are known only when they are transformed: by those of the taps and
/// the norm of the transform, which are never less.
pub(super) struct Scales {
    pub by: [f32; CHANNELS],
    units: [f32; CHANNELS],
}

impl Scales {
    /// For windows (channel, tap, output).
    pub fn of_windows(taps: &[[f32; TAPS * CHANNELS]]) -> Self {
        let mut squares = [0.0; CHANNELS];
        // SAFETY: reads the taps and writes sixteen sums.
        unsafe { squares_of(taps.as_flattened(), &mut squares) };
        let mut scales = Self { by: [0.0; CHANNELS], units: [0.0; CHANNELS] };
        for (lane, squares) in squares.iter().enumerate() {
            [scales.by[lane], scales.units[lane]] = scale_and_unit(*squares);
        }
        scales
    }

    /// Of a point, in its row and column.
    pub const fn norm(i: usize, j: usize) -> f32 {
        Kernel::NORMS[i] * Kernel::NORMS[j]
    }

    /// What whole numbers are multiplied by at a point.
    pub fn units(&self, point: usize) -> [f32; CHANNELS] {
        self.units.map(|unit| unit * Self::norm(point / 6, point % 6))
    }
}

kernel! {
    /// The squares of sixteen columns, summed.
    fn squares_of(columns: &[f32], sums: &mut [f32; CHANNELS]) = squares_of_columns
}

#[inline(always)]
unsafe fn squares_of_columns<V: Simd>(columns: &[f32], sums: &mut [f32; CHANNELS]) {
    let rows = columns.len() / CHANNELS;
    // SAFETY: all rows lie within the slice.
    unsafe { squares_of_rows::<V>((columns.as_ptr(), CHANNELS), rows, sums) }
}
