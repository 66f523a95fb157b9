//! Squares of 2x2 pixels: one number for each, and each number as one.
//!
//! Both ways take the rows of all planes as those of one image: a square never lies in two planes,
//! because their height is even where it is halved.

use std::mem::MaybeUninit;

use candle_core::{Result, Shape, Tensor, bail};

use super::operation::{Array, Known, Operation};
use super::pool;
use super::storage::{tensor, with_numbers, written};

/// Numbers of the larger image that a thread takes at a time, roughly.
const CHUNK: usize = 16 * 1024;

/// Half the width and height: the mean of each square.
pub(super) struct Halve;

/// Twice the width and height: each number as a square.
pub(super) struct Double;

impl Operation<1> for Halve {
    const NAME: &'static str = "halve";
    const NEEDS_INPUTS: bool = false;

    fn forward(&self, [x]: [Array; 1]) -> Result<(Vec<f32>, Shape)> {
        let [batch, channels, height, width] = planes(x.dims)?;
        check_halves(height, width)?;
        let means = sums(x.numbers, width, 0.25);
        Ok((means, (batch, channels, height / 2, width / 2).into()))
    }

    fn backward(&self, _known: Known<1>, grad: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let [batch, channels, height, width] = planes(grad.dims())?;
        let numbers = with_numbers(&[grad], |[grad]| squares(grad, width, 0.25))?;
        Ok([Some(tensor(numbers, (batch, channels, 2 * height, 2 * width))?)])
    }
}

impl Operation<1> for Double {
    const NAME: &'static str = "double";
    const NEEDS_INPUTS: bool = false;

    fn forward(&self, [x]: [Array; 1]) -> Result<(Vec<f32>, Shape)> {
        let [batch, channels, height, width] = planes(x.dims)?;
        let doubled = squares(x.numbers, width, 1.0);
        Ok((doubled, (batch, channels, 2 * height, 2 * width).into()))
    }

    fn backward(&self, _known: Known<1>, grad: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let [batch, channels, height, width] = planes(grad.dims())?;
        let numbers = with_numbers(&[grad], |[grad]| sums(grad, width, 1.0))?;
        Ok([Some(tensor(numbers, (batch, channels, height / 2, width / 2))?)])
    }
}

/// An error unless a plane of this size is made of whole squares.
pub(super) fn check_halves(height: usize, width: usize) -> Result<()> {
    if height.is_multiple_of(2) && width.is_multiple_of(2) {
        return Ok(());
    }
    bail!("{width}x{height} pixels have no halves; an even width and height would do")
}

/// The dimensions of images of at least one pixel.
fn planes(dims: &[usize]) -> Result<[usize; 4]> {
    match dims {
        &[batch, channels, height, width] if height > 0 && width > 0 => {
            Ok([batch, channels, height, width])
        }
        _ => bail!("{dims:?} are no images of (batch, channels, height, width)"),
    }
}

/// The sum of each square in rows of `width` numbers, times `scale`: a quarter as many numbers.
fn sums(large: &[f32], width: usize, scale: f32) -> Vec<f32> {
    let count = large.len() / 4;
    // SAFETY: every pair of rows writes its row of sums whole.
    unsafe {
        written(count, |small| {
            let rows = rows_at_once(width);
            let parts = small.chunks_mut(rows * width / 2).zip(large.chunks(rows * 2 * width));
            pool::for_each(parts, |(small, large)| {
                let pairs = small.chunks_mut(width / 2).zip(large.chunks(2 * width));
                pairs.for_each(|(small, pair)| sum_row(pair, small, scale));
            });
        })
    }
}

/// Two rows into one of half their width.
fn sum_row(pair: &[f32], small: &mut [MaybeUninit<f32>], scale: f32) {
    let (upper, lower) = pair.split_at(pair.len() / 2);
    let squares = upper.chunks_exact(2).zip(lower.chunks_exact(2));
    for (sum, (upper, lower)) in small.iter_mut().zip(squares) {
        sum.write(scale * ((upper[0] + upper[1]) + (lower[0] + lower[1])));
    }
}

/// Each number in rows of `width`, times `scale`, as a square: four times as many numbers.
fn squares(small: &[f32], width: usize, scale: f32) -> Vec<f32> {
    let count = small.len() * 4;
    // SAFETY: every row writes its two rows of squares whole.
    unsafe {
        written(count, |large| {
            let rows = rows_at_once(2 * width);
            let parts = large.chunks_mut(rows * 4 * width).zip(small.chunks(rows * width));
            pool::for_each(parts, |(large, small)| {
                let pairs = large.chunks_mut(4 * width).zip(small.chunks(width));
                pairs.for_each(|(pair, small)| square_row(small, pair, scale));
            });
        })
    }
}

/// One row into two of twice its width.
fn square_row(small: &[f32], pair: &mut [MaybeUninit<f32>], scale: f32) {
    let (upper, lower) = pair.split_at_mut(pair.len() / 2);
    let squares = upper.chunks_exact_mut(2).zip(lower.chunks_exact_mut(2));
    for (number, (upper, lower)) in small.iter().zip(squares) {
        let number = scale * number;
        for place in upper.iter_mut().chain(lower) {
            place.write(number);
        }
    }
}

/// Pairs of rows of the larger image, `width` numbers wide, that a thread takes at a time.
fn rows_at_once(width: usize) -> usize {
    (CHUNK / (2 * width)).max(1)
}
