//! The window's numbers, seen from the 36 points, and their gradient brought back.

use std::mem::MaybeUninit;

use super::cut::{CHANNELS, POINTS, spread};
use super::points::{self, Transform};
use crate::pool;
use crate::simd::{Simd, kernel};
use crate::storage::written;
use crate::transpose::{Sides, transpose_into, turn};

/// Taps of the window.
pub(super) const TAPS: usize = 9;

/// Outputs whose products are computed together.
pub(super) const CHUNK: usize = 32;

/// A weight (outputs, inputs, 3, 3), and how it is read: distances in it from one channel of the sum to
/// the next, and from one channel of the result.
#[derive(Clone, Copy)]
pub(super) struct Weights<'a> {
    pub weight: &'a [f32],
    pub depth: usize,
    pub outputs: usize,
    pub depth_pitch: usize,
    pub output_pitch: usize,
    /// The window is turned around.
    pub turned: bool,
}

/// Channels there are lanes for.
pub(super) fn padded(channels: usize) -> usize {
    channels.next_multiple_of(CHANNELS)
}

impl Weights<'_> {
    /// How many chunks the outputs come in.
    pub fn chunks(&self) -> usize {
        self.outputs.div_ceil(CHUNK)
    }

    /// Numbers that there must be room for in a chunk.
    pub fn chunk_numbers(&self) -> usize {
        POINTS * self.point(CHUNK)
    }

    /// How many outputs the chunk that begins with this one has lanes for.
    pub fn width(&self, first: usize) -> usize {
        CHUNK.min(padded(self.outputs) - first)
    }

    /// Distance from one point to the next in a chunk of this width.
    pub fn point(&self, width: usize) -> usize {
        spread(self.depth * width)
    }

    /// The chunk that begins with output `first` at all points: (point, channel of the sum, output).
    pub fn transform(&self, first: usize, chunk: &mut [f32]) {
        let Self { weight, depth, outputs, depth_pitch, output_pitch, turned } = *self;
        let width = self.width(first);
        assert!(POINTS * self.point(width) <= chunk.len());
        let last = (depth - 1) * depth_pitch + (outputs - 1) * output_pitch;
        assert!(last + TAPS <= weight.len(), "a weight of {} is too small", weight.len());
        for lane in (0..width).step_by(CHANNELS) {
            let mut taps = [0.0; TAPS * CHANNELS];
            let channels = CHANNELS.min(outputs - first - lane);
            for k in 0..depth {
                let sides = Sides {
                    from: weight[(first + lane) * output_pitch + k * depth_pitch..].as_ptr(),
                    from_pitch: output_pitch,
                    to: taps.as_mut_ptr(),
                    to_pitch: CHANNELS,
                };
                let to = chunk[k * width + lane..].as_mut_ptr();
                // SAFETY: all windows lie in the weight and all points in the chunk, as asserted.
                unsafe {
                    turn(sides, (channels, TAPS));
                    window(&taps, turned, to, self.point(width));
                }
            }
        }
    }
}

kernel! {
    /// The windows of sixteen outputs to all points, `pitch` numbers from each other.
    fn window(taps: &[f32; TAPS * CHANNELS], turned: bool, to: *mut f32, pitch: usize) = window_of
}

#[inline(always)]
unsafe fn window_of<V: Simd>(
    taps: &[f32; TAPS * CHANNELS],
    turned: bool,
    to: *mut f32,
    pitch: usize,
) {
    for lane in (0..CHANNELS).step_by(V::LANES) {
        // SAFETY: the caller vouches for all points.
        unsafe {
            let mut half = [[V::splat(0.0); 3]; 6];
            for j in 0..3 {
                let mut column = [V::splat(0.0); 3];
                for (i, value) in column.iter_mut().enumerate() {
                    let tap = 3 * i + j;
                    let tap = if turned { TAPS - 1 - tap } else { tap };
                    *value = V::load(taps.as_ptr().add(tap * CHANNELS + lane));
                }
                let column = points::Kernel::of(column);
                for (row, value) in half.iter_mut().zip(&column) {
                    row[j] = *value;
                }
            }
            for (i, row) in half.iter().enumerate() {
                let row = points::Kernel::of(*row);
                for (j, value) in row.iter().enumerate() {
                    value.store(to.add((i * 6 + j) * pitch + lane));
                }
            }
        }
    }
}

/// Adds to `taps` (channel, tap, output) the gradient from all points, (channel, output) each, that are
/// `pitch` numbers from each other.
pub(super) fn add_gradient(points: &[f32], pitch: usize, width: usize, taps: &mut [f32]) {
    for (at, taps) in taps.chunks_exact_mut(TAPS * width).enumerate() {
        assert!((POINTS - 1) * pitch + (at + 1) * width <= points.len());
        for lane in (0..width).step_by(CHANNELS) {
            let from = points[at * width + lane..].as_ptr();
            // SAFETY: sixteen outputs lie at each point, as asserted, and at each tap.
            unsafe { window_gradient(from, pitch, taps[lane..].as_mut_ptr(), width) }
        }
    }
}

/// Chunks of (channel, tap, output) to a weight (outputs, channels, 3, 3).
pub(super) fn laid_out(taps: &[f32], channels: usize, outputs: usize) -> Vec<f32> {
    let each = channels * TAPS;
    let work = |weight: &mut [MaybeUninit<f32>]| {
        let chunks = weight.chunks_mut(CHUNK * each).zip(taps.chunks(CHUNK * each));
        pool::for_each(chunks, |(weight, taps)| {
            let outputs = weight.len() / each;
            transpose_into(taps, (each, outputs), padded(outputs), weight, each);
        });
    };
    // SAFETY: every chunk is written.
    unsafe { written(outputs * each, work) }
}

kernel! {
    /// Adds the windows of sixteen outputs, from all points, `pitch` numbers from each other, to taps
    /// that are `width` from each other.
    fn window_gradient(from: *const f32, pitch: usize, taps: *mut f32, width: usize)
        = window_gradient_of
}

#[inline(always)]
unsafe fn window_gradient_of<V: Simd>(
    from: *const f32,
    pitch: usize,
    taps: *mut f32,
    width: usize,
) {
    for lane in (0..CHANNELS).step_by(V::LANES) {
        // SAFETY: the caller vouches for all points.
        unsafe {
            let mut half = [[V::splat(0.0); 6]; 3];
            for j in 0..6 {
                let mut column = [V::splat(0.0); 6];
                for (i, value) in column.iter_mut().enumerate() {
                    *value = V::load(from.add((i * 6 + j) * pitch + lane));
                }
                let column = points::KernelGradient::of(column);
                for (row, value) in half.iter_mut().zip(&column) {
                    row[j] = *value;
                }
            }
            for (i, row) in half.iter().enumerate() {
                let row = points::KernelGradient::of(*row);
                for (j, value) in row.iter().enumerate() {
                    let to = taps.add((i * 3 + j) * width + lane);
                    value.add(V::load(to)).store(to);
                }
            }
        }
    }
}
