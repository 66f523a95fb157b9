//! The window's numbers, seen from the 36 points, and their gradient brought back.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::cut::{CHANNELS, POINTS, spread};
use super::points::{self, Transform};
use crate::pool;
use crate::prefetch::prefetch_all;
use crate::simd::{Simd, kernel, pairs_kernel};
use crate::storage::written;
use crate::transpose::{transpose, transpose_into};

/// Taps of the window.
pub(super) const TAPS: usize = 9;

/// Outputs whose products are computed together.
pub(super) const CHUNK: usize = 32;

/// Steps of the sum whose windows are laid out together.
const GROUP: usize = 8;

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

    /// Numbers that there must be room for in so many steps of a chunk.
    pub fn chunk_numbers(&self, steps: usize) -> usize {
        POINTS * spread(steps * CHUNK)
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

    /// Some steps of the chunk that begins with output `first` at all points: (point, step, output), the
    /// points as far apart as [`spread`] says.
    pub fn transform(&self, first: usize, steps: &Range<usize>, chunk: &mut [f32]) {
        let width = self.width(first);
        let pitch = spread(steps.len() * width);
        assert!(POINTS * pitch <= chunk.len());
        let mut taps = [[[0.0; TAPS * CHANNELS]; GROUP]; 2];
        for lane in (0..width).step_by(CHANNELS) {
            let outputs = first + lane..self.outputs.min(first + lane + CHANNELS);
            for group in steps.clone().step_by(GROUP) {
                let count = GROUP.min(steps.end - group);
                let [one, other] = &mut taps;
                self.lay_out(&outputs, self.channel(group), &mut one[..count]);
                if self.pairs {
                    self.lay_out(&outputs, self.channel(group) + CHANNELS, &mut other[..count]);
                }
                for (at, (one, other)) in one.iter().zip(other.iter()).take(count).enumerate() {
                    self.ask_for(&outputs, group, at);
                    let to = chunk[(group - steps.start + at) * width + lane..].as_mut_ptr();
                    let to = Target { to, pitch, turned: self.turned };
                    // SAFETY: all points lie in the chunk, as asserted.
                    unsafe {
                        if self.pairs { window_pairs(one, other, to) } else { window(one, to) }
                    }
                }
            }
        }
    }

    /// The channel that a step of the sum is of, or the first of its two.
    fn channel(&self, step: usize) -> usize {
        if self.pairs { step / CHANNELS * CHANNELS + step } else { step }
    }

    /// Whether the windows of one output follow each other, rather than those of one channel.
    fn is_by_output(&self) -> bool {
        self.depth_pitch == TAPS
    }

    /// The windows of these outputs for the channels of the sum from `first` on: (channel, tap, output).
    fn lay_out(&self, outputs: &Range<usize>, first: usize, taps: &mut [[f32; TAPS * CHANNELS]]) {
        let start = outputs.start * self.output_pitch + first * self.depth_pitch;
        let from = &self.weight[start..];
        if self.is_by_output() {
            let columns = taps.len() * TAPS;
            let to = taps.as_flattened_mut();
            return transpose(from, (outputs.len(), columns), self.output_pitch, to, CHANNELS);
        }
        for (at, taps) in taps.iter_mut().enumerate() {
            let from = &from[at * self.depth_pitch..];
            transpose(from, (outputs.len(), TAPS), self.output_pitch, taps, CHANNELS);
        }
    }

    /// Asks for a share of the windows that come after a group: for all of them, if it was called for
    /// each step of the group. They lie in rows that are too far apart for the processor to foresee.
    fn ask_for(&self, outputs: &Range<usize>, group: usize, step: usize) {
        let next = self.channel(group + GROUP);
        let (rows, numbers) = match self.is_by_output() {
            true => (CHANNELS / GROUP, GROUP * TAPS),
            false => (1, outputs.len() * TAPS),
        };
        for row in step * rows..(step + 1) * rows {
            let (output, channel) = if self.is_by_output() { (row, 0) } else { (0, row) };
            let output = (outputs.start + output) * self.output_pitch;
            let at = output + (next + channel) * self.depth_pitch;
            prefetch_all(self.weight.as_ptr().wrapping_add(at), numbers);
        }
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
