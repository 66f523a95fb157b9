//! The window's numbers, seen from the 36 points, and their gradient brought back.

use std::mem::MaybeUninit;

use super::cut::{CHANNELS, POINTS, spread};
use super::points::{self, Transform};
use crate::pool;
use crate::simd::{Simd, kernel, pairs_kernel};
use crate::storage::written;
use crate::transpose::{transpose, transpose_into};

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
    /// Channels of the sum that are sixteen apart become pairs of bf16; there is a multiple of 32.
    pub pairs: bool,
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

    /// Numbers of the sum, or pairs of them.
    pub fn steps(&self) -> usize {
        if self.pairs { self.depth / 2 } else { self.depth }
    }

    /// Numbers, or pairs, of a tile that there is room for at each point.
    pub fn tile(&self) -> usize {
        if self.pairs { self.depth / 2 } else { padded(self.depth) }
    }

    /// Distance from one point to the next in a chunk of this width.
    pub fn point(&self, width: usize) -> usize {
        spread(self.steps() * width)
    }

    /// The chunk that begins with output `first` at all points: (point, channel of the sum, output).
    pub fn transform(&self, first: usize, chunk: &mut [f32]) {
        let width = self.width(first);
        assert!(POINTS * self.point(width) <= chunk.len());
        for lane in (0..width).step_by(CHANNELS) {
            let channels = CHANNELS.min(self.outputs - first - lane);
            let mut taps = [[0.0; TAPS * CHANNELS]; 2];
            for step in 0..self.steps() {
                let to = chunk[step * width + lane..].as_mut_ptr();
                let to = Target { to, pitch: self.point(width), turned: self.turned };
                let [one, other] = &mut taps;
                if self.pairs {
                    let k = step / CHANNELS * CHANNELS + step;
                    self.taps(first + lane, channels, k, one);
                    self.taps(first + lane, channels, k + CHANNELS, other);
                    // SAFETY: all points lie in the chunk, as asserted.
                    unsafe { window_pairs(one, other, to) }
                } else {
                    self.taps(first + lane, channels, step, one);
                    // SAFETY: as above.
                    unsafe { window(one, to) }
                }
            }
        }
    }

    /// The window of channel `k` of the sum for `count` outputs: (tap, output).
    fn taps(&self, first: usize, count: usize, k: usize, taps: &mut [f32; TAPS * CHANNELS]) {
        let from = &self.weight[first * self.output_pitch + k * self.depth_pitch..];
        transpose(from, (count, TAPS), self.output_pitch, taps, CHANNELS);
    }
}

/// Where windows of sixteen outputs go: points that are `pitch` numbers from each other.
#[derive(Clone, Copy)]
pub(super) struct Target {
    to: *mut f32,
    pitch: usize,
    turned: bool,
}

kernel! {
    /// The windows of sixteen outputs to all points.
    fn window(taps: &[f32; TAPS * CHANNELS], to: Target) = window_of
}

#[inline(always)]
unsafe fn window_of<V: Simd>(taps: &[f32; TAPS * CHANNELS], to: Target) {
    for lane in (0..CHANNELS).step_by(V::LANES) {
        // SAFETY: the caller vouches for all points.
        unsafe {
            let half = columns_of::<V>(taps, to.turned, lane);
            for (i, row) in half.iter().enumerate() {
                let row = points::Kernel::of(*row);
                for (j, value) in row.iter().enumerate() {
                    value.store(to.to.add((i * 6 + j) * to.pitch + lane));
                }
            }
        }
    }
}

pairs_kernel! {
    /// As [`window`], of two channels to pairs.
    fn window_pairs(
        first: &[f32; TAPS * CHANNELS],
        second: &[f32; TAPS * CHANNELS],
        to: Target,
    ) = window_pairs_of
}

#[inline(always)]
unsafe fn window_pairs_of<V: Simd>(
    first: &[f32; TAPS * CHANNELS],
    second: &[f32; TAPS * CHANNELS],
    to: Target,
) {
    for lane in (0..CHANNELS).step_by(V::LANES) {
        // SAFETY: the caller vouches for all points.
        unsafe {
            let first = columns_of::<V>(first, to.turned, lane);
            let second = columns_of::<V>(second, to.turned, lane);
            for i in 0..6 {
                let (first, second) = (points::Kernel::of(first[i]), points::Kernel::of(second[i]));
                for j in 0..6 {
                    let at = to.to.add((i * 6 + j) * to.pitch + lane);
                    first[j].pair_nearest(second[j]).store(at);
                }
            }
        }
    }
}

/// The columns of a window, transformed: six rows of three.
#[inline(always)]
unsafe fn columns_of<V: Simd>(
    taps: &[f32; TAPS * CHANNELS],
    turned: bool,
    lane: usize,
) -> [[V; 3]; 6] {
    // SAFETY: the caller vouches for the instruction set; all taps lie within the array.
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
        half
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
