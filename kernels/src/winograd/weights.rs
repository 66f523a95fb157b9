//! The window's numbers, seen from the 36 points, and their gradient brought back.

use std::mem::MaybeUninit;
use std::ops::Range;

use super::cut::{CHANNELS, POINTS, Pitch, spread};
use super::fixed::{self, Scales};
use super::points::{self, Transform};
use super::product::RUN;
use crate::arithmetic::Numbers;
use crate::pool;
use crate::prefetch::prefetch_all;
use crate::scratch;
use crate::simd::{Simd, kernel, pairs_kernel, whole_kernel};
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
    /// Channels of the sum that are sixteen apart become pairs, if there are any; then there is a multiple
    /// of 32.
    pub numbers: Numbers,
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
        POINTS * spread(self.rows(steps) * CHUNK)
    }

    /// Rows of outputs that so many steps of a chunk have at each point: whole numbers have their scales
    /// behind them, one row for each run.
    pub fn rows(&self, steps: usize) -> usize {
        if self.numbers == Numbers::Whole { steps + fixed::runs(steps) } else { steps }
    }

    /// How many outputs the chunk that begins with this one has lanes for.
    pub fn width(&self, first: usize) -> usize {
        CHUNK.min(padded(self.outputs) - first)
    }

    /// Numbers of the sum, or pairs of them.
    pub fn steps(&self) -> usize {
        if self.numbers.are_pairs() { self.depth / 2 } else { self.depth }
    }

    /// Numbers, or pairs of bf16, of a tile that there is room for at each point.
    pub fn tile(&self) -> usize {
        if self.numbers == Numbers::Bf16 { self.depth / 2 } else { padded(self.depth) }
    }

    /// Some steps of the chunk that begins with output `first` at all points: (point, step, output), the
    /// points as far apart as [`spread`] says. Steps of whole numbers begin with a run.
    pub fn transform(&self, first: usize, steps: &Range<usize>, chunk: &mut [f32]) {
        let width = self.width(first);
        let pitch = Pitch { point: spread(self.rows(steps.len()) * width), tile: width };
        assert!(POINTS * pitch.point <= chunk.len());
        for lane in (0..width).step_by(CHANNELS) {
            let outputs = first + lane..self.outputs.min(first + lane + CHANNELS);
            let to = &mut chunk[lane..];
            match self.numbers {
                Numbers::F32 => self.windows(&outputs, steps.clone(), (to, pitch)),
                Numbers::Bf16 => self.windows_in_bf16(&outputs, steps.clone(), (to, pitch)),
                Numbers::Whole => self.whole_windows(&outputs, steps, (to, pitch)),
            }
        }
    }

    /// The windows of these outputs, sixteen at most, for so many channels.
    fn windows(
        &self,
        outputs: &Range<usize>,
        channels: Range<usize>,
        (to, pitch): (&mut [f32], Pitch),
    ) {
        let mut taps = [[0.0; TAPS * CHANNELS]; GROUP];
        for (at, first) in channels.clone().enumerate().step_by(GROUP) {
            let taps = &mut taps[..GROUP.min(channels.end - first)];
            self.lay_out(outputs, first, taps);
            for (step, taps) in taps.iter().enumerate() {
                self.ask_for(outputs, first + GROUP, step);
                let to = to[(at + step) * pitch.tile..].as_mut_ptr();
                // SAFETY: all points lie in the chunk, as `transform` asserts.
                unsafe { window(taps, Target { to, pitch: pitch.point, turned: self.turned }) }
            }
        }
    }

    /// The same for so many pairs of them.
    fn windows_in_bf16(
        &self,
        outputs: &Range<usize>,
        pairs: Range<usize>,
        (to, pitch): (&mut [f32], Pitch),
    ) {
        let channel = |pair: usize| pair / CHANNELS * CHANNELS + pair;
        let mut taps = [[[0.0; TAPS * CHANNELS]; GROUP]; 2];
        for (at, first) in pairs.clone().enumerate().step_by(GROUP) {
            let count = GROUP.min(pairs.end - first);
            for (second, taps) in taps.iter_mut().enumerate() {
                self.lay_out(outputs, channel(first) + second * CHANNELS, &mut taps[..count]);
            }
            for step in 0..count {
                self.ask_for(outputs, channel(first + GROUP), step);
                let to = to[(at + step) * pitch.tile..].as_mut_ptr();
                let to = Target { to, pitch: pitch.point, turned: self.turned };
                // SAFETY: as in `windows`.
                unsafe { window_pairs(&taps[0][step], &taps[1][step], to) }
            }
        }
    }

    /// The same as whole numbers, with their scales behind them.
    fn whole_windows(
        &self,
        outputs: &Range<usize>,
        steps: &Range<usize>,
        (to, pitch): (&mut [f32], Pitch),
    ) {
        scratch::with(&scratch::STRIP, fixed::RUN_CHANNELS * TAPS * CHANNELS, |taps| {
            let (taps, _) = taps.as_chunks_mut::<{ TAPS * CHANNELS }>();
            for (run, first) in steps.clone().step_by(RUN).enumerate() {
                let pairs = RUN.min(steps.end - first);
                let taps = &mut taps[..2 * pairs];
                for (at, taps) in taps.chunks_mut(GROUP).enumerate() {
                    self.lay_out(outputs, 2 * first + at * GROUP, taps);
                }
                let scales = Scales::of_windows(taps);
                for pair in 0..pairs {
                    let channel = pair / CHANNELS * CHANNELS + pair;
                    for step in [2 * pair, 2 * pair + 1] {
                        let next = 2 * (first + pairs) + step / GROUP * GROUP;
                        self.ask_for(outputs, next, step % GROUP);
                    }
                    let to = to[(run * RUN + pair) * pitch.tile..].as_mut_ptr();
                    let to = Target { to, pitch: pitch.point, turned: self.turned };
                    // SAFETY: all points lie in the chunk, as `transform` asserts.
                    unsafe {
                        window_whole(&taps[channel], &taps[channel + CHANNELS], &scales, to);
                    }
                }
                let units = &mut to[(steps.len() + run) * pitch.tile..];
                for (point, units) in units.chunks_mut(pitch.point).take(POINTS).enumerate() {
                    units[..CHANNELS].copy_from_slice(&scales.units(point));
                }
            }
        });
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

    /// Asks for a share of the windows of the channels from `next` on: for all of a group, if it was called
    /// for each of its steps. They lie in rows that are too far apart for the processor to foresee.
    fn ask_for(&self, outputs: &Range<usize>, next: usize, step: usize) {
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

whole_kernel! {
    /// As [`window`], of two channels to pairs of whole numbers.
    fn window_whole(
        first: &[f32; TAPS * CHANNELS],
        second: &[f32; TAPS * CHANNELS],
        scales: &Scales,
        to: Target,
    ) = window_whole_of
}

#[inline(always)]
unsafe fn window_whole_of<V: Simd>(
    first: &[f32; TAPS * CHANNELS],
    second: &[f32; TAPS * CHANNELS],
    scales: &Scales,
    to: Target,
) {
    for lane in (0..CHANNELS).step_by(V::LANES) {
        // SAFETY: the caller vouches for all points.
        unsafe {
            let scale = V::load(scales.by.as_ptr().add(lane));
            let first = columns_of::<V>(first, to.turned, lane);
            let second = columns_of::<V>(second, to.turned, lane);
            for i in 0..6 {
                let (first, second) = (points::Kernel::of(first[i]), points::Kernel::of(second[i]));
                for j in 0..6 {
                    let at = to.to.add((i * 6 + j) * to.pitch + lane);
                    let scale = scale.mul(V::splat(1.0 / Scales::norm(i, j)));
                    first[j].pair_whole(second[j], scale).store(at);
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
