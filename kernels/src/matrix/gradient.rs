//! The gradient of a convolution's weight by tiles: for each tap the product of shifted channels of the
//! image with the channels of the result's gradient, summed over pixels.
//!
//! Both sides are bf16 in runs of whole planes, image after image. What lies between the rows of a
//! gradient is zero there, so a run needs no end before that of the last image. The image's channels are
//! the left side, read in place from any pixel on; of the gradient two neighbouring pixels are a pair, and
//! its channels follow each other.

use std::mem::MaybeUninit;

use super::tiles::Split;
use super::{SIDE, Shapes, Unit, with_unit};
use crate::conv::Geometry;
use crate::pairs::{narrow_rows, nearest};
use crate::pool;
use crate::reduce;
use crate::scratch::{self, To};
use crate::storage::{chunks, written};
use crate::transpose::{Sides, transpose, turn};

/// Bytes of the images that are laid out at a time: both sides stay in the second-level cache.
const BLOCK_BYTES: usize = 1 << 20;

/// Fewer pairs of tiles than this are shared among threads as single ones.
const FEWEST_PAIRS: usize = 8;

/// Pixels of one product.
const DEPTH: usize = 2 * SIDE;

/// The gradients of the weight (outputs, inputs, kernel, kernel) and of each image's bias (batch, outputs).
/// `meanwhile(first, grad)` sees the gradients of some images, from the first on, while they are in the
/// cache.
pub(crate) fn gradients(
    g: &Geometry,
    x: &[f32],
    grad: &[f32],
    meanwhile: impl Fn(usize, &[f32]),
) -> (Vec<f32>, Vec<f32>) {
    let batch = grad.len() / g.out_numbers();
    let runs = Runs::new(g, batch);
    let taps = g.kernel * g.kernel;
    let (left, right) = runs.sizes(runs.images);
    let mut bias = vec![0.0; batch * g.outputs];
    let work = |sums: &mut [MaybeUninit<f32>]| {
        scratch::with(&scratch::TILES, left, |left| {
            scratch::with(&scratch::GRADIENT, right, |right| {
                let x = x.chunks(runs.images * g.image_numbers());
                let grad = grad.chunks(runs.images * g.out_numbers());
                let bias = bias.chunks_mut(runs.images * g.outputs);
                let sums = To(sums.as_mut_ptr().cast());
                for (at, ((x, grad), bias)) in x.zip(grad).zip(bias).enumerate() {
                    runs.lay_out(x, grad, (left, right), bias, at == 0);
                    runs.multiply(grad.len() / g.out_numbers(), at == 0, (left, right), &sums);
                    meanwhile(at * runs.images, grad);
                }
            });
        });
    };
    let size = runs.channels.padded() * runs.outputs.padded();
    // SAFETY: the first block of images writes all of it.
    let sums = unsafe { written(taps * size, work) };
    (by_output(g, &sums, (runs.channels.padded(), runs.outputs.padded())), bias)
}

/// (tap, input, output) to (output, input, tap).
fn by_output(g: &Geometry, sums: &[f32], (inputs, outputs): (usize, usize)) -> Vec<f32> {
    let taps = g.kernel * g.kernel;
    let depth = taps * g.inputs;
    let mut weight = chunks(SIDE * depth, g.outputs.div_ceil(SIDE), |at, weight| {
        let first = at * SIDE;
        let count = SIDE.min(g.outputs - first);
        scratch::with(&scratch::PRODUCTS, SIDE * depth, |turned| {
            for tap in 0..taps {
                let from = &sums[tap * inputs * outputs + first..];
                transpose(from, (g.inputs, count), outputs, &mut turned[tap * g.inputs..], depth);
            }
            let each = weight.chunks_exact_mut(depth).zip(turned.chunks_exact(depth));
            for (weight, turned) in each.take(count) {
                transpose(turned, (taps, g.inputs), g.inputs, weight, taps);
            }
        });
    });
    weight.truncate(g.outputs * depth);
    weight
}

/// How images lie beside each other.
struct Runs<'a> {
    g: &'a Geometry,
    /// Images that are laid out at a time.
    images: usize,
    /// Pixels of an image's plane, an even number of them.
    plane: usize,
    channels: Split,
    outputs: Split,
}

impl<'a> Runs<'a> {
    fn new(g: &'a Geometry, batch: usize) -> Self {
        let (height, width) = g.plane();
        let plane = (height * width).next_multiple_of(2);
        let bytes = 2 * plane * (g.inputs * g.stride * g.stride + g.outputs);
        let images = (BLOCK_BYTES / bytes).clamp(1, batch.max(1));
        Self { g, images, plane, channels: Split::new(g.inputs), outputs: Split::new(g.outputs) }
    }

    /// Pixels of so many images, up to whole products.
    fn depth(&self, images: usize) -> usize {
        (images * self.plane).next_multiple_of(DEPTH)
    }

    /// Words of both sides. Windows may reach beyond the last plane by what they are wide and high.
    fn sizes(&self, images: usize) -> (usize, usize) {
        let beyond = self.g.taps() * (self.g.plane().1 + 1);
        let planes = self.channels.padded() * self.g.stride * self.g.stride;
        let left = planes * self.depth(images) + beyond;
        (left.div_ceil(2), self.depth(images) / 2 * self.outputs.padded())
    }

    /// Where the window's tap begins in the planes of the first channel.
    fn tap(&self, tap: usize, images: usize) -> usize {
        let (s, k) = (self.g.stride, self.g.kernel);
        let (row, column) = (tap / k, tap % k);
        (row % s * s + column % s) * self.depth(images) + row / s * self.g.plane().1 + column / s
    }

    /// Fills both sides, and the sums of each image's gradients.
    fn lay_out(
        &self,
        x: &[f32],
        grad: &[f32],
        (left, right): (&mut [f32], &mut [f32]),
        bias: &mut [f32],
        first: bool,
    ) {
        let g = self.g;
        let images = grad.len() / g.out_numbers();
        let (left_size, right_size) = self.sizes(images);
        let (left, right) = (&mut left[..left_size], &mut right[..right_size]);
        // What lies between an image's rows stays zero for the next images that lie as these do.
        if first || images < self.images {
            let each = left.len().div_ceil(pool::threads()).max(1);
            pool::for_each(left.chunks_mut(each), |part| part.fill(0.0));
        }
        right[images * self.plane / 2 * self.outputs.padded()..].fill(0.0);
        let (left, right) = (To(left.as_mut_ptr()), To(right.as_mut_ptr()));
        let each = x.chunks_exact(g.image_numbers()).zip(grad.chunks_exact(g.out_numbers()));
        let each = each.zip(bias.chunks_exact_mut(g.outputs));
        pool::for_each(each.enumerate(), |(at, ((x, grad), bias))| {
            // SAFETY: an image's part of each plane and its pairs are nobody else's.
            unsafe {
                self.narrow_image(x, left.at(0).cast::<u16>().add(at * self.plane), images);
                let right = right.at(at * self.plane / 2 * self.outputs.padded());
                self.turn_gradient(grad, right, bias);
            }
        });
    }

    /// An image's channels as bf16 into its planes from `to` on, which are zero.
    unsafe fn narrow_image(&self, x: &[f32], to: *mut u16, images: usize) {
        let (g, width, pitch) = (self.g, self.g.plane().1, self.depth(images));
        let (s, p) = (g.stride, g.padding);
        for (channel, x) in x.chunks_exact(g.height * g.width).enumerate() {
            // SAFETY: the caller vouches for all planes of all channels.
            unsafe {
                let to = to.add(channel * s * s * pitch);
                if s == 1 {
                    narrow_rows(x, g.width, to.add(p * width + p), width);
                    continue;
                }
                for (y, row) in x.chunks_exact(g.width).enumerate() {
                    let line = to.add((y + p) % s * s * pitch + (y + p) / s * width);
                    for (x, number) in row.iter().enumerate() {
                        let at = (x + p) % s * pitch + (x + p) / s;
                        line.add(at).write(nearest(*number));
                    }
                }
            }
        }
    }

    /// An image's gradient as pairs of pixels, its channels beside each other, and the sums of these.
    unsafe fn turn_gradient(&self, grad: &[f32], to: *mut f32, bias: &mut [f32]) {
        let (g, outputs) = (self.g, self.outputs.padded());
        let (pixels, words) = (g.out_height * g.out_width, self.plane / 2);
        scratch::with(&scratch::PRODUCTS, g.outputs * words, |narrow| {
            narrow.fill(0.0);
            let channels = grad.chunks_exact(pixels).zip(narrow.chunks_exact_mut(words));
            for ((grad, to), bias) in channels.zip(bias) {
                *bias = reduce::sum(grad);
                // SAFETY: as many rows as the plane has at least, each as long as one of them at most.
                unsafe { narrow_rows(grad, g.out_width, to.as_mut_ptr().cast(), g.plane().1) }
            }
            let sides = Sides { from: narrow.as_ptr(), from_pitch: words, to, to_pitch: outputs };
            // SAFETY: the caller vouches for the pairs of all outputs.
            unsafe {
                turn(sides, (g.outputs, words));
                for word in 0..words {
                    to.add(word * outputs + g.outputs).write_bytes(0, outputs - g.outputs);
                }
            }
        });
    }

    /// Adds the products of both sides to `sums` (tap, input, output), or writes them.
    fn multiply(&self, images: usize, first: bool, (left, right): (&[f32], &[f32]), sums: &To) {
        let (rows, columns) = (self.channels, self.outputs);
        let taps = self.g.kernel * self.g.kernel;
        let pairs = taps * rows.parts.div_ceil(2) * columns.parts.div_ceil(2);
        let step = if pairs < FEWEST_PAIRS { 1 } else { 2 };
        let across = (0..columns.parts).step_by(step);
        let squares = (0..rows.parts)
            .step_by(step)
            .flat_map(|row| across.clone().map(move |column| (row, column)));
        let all = (0..taps).flat_map(|tap| squares.clone().map(move |square| (tap, square)));
        let s = self.g.stride;
        pool::for_each(all, |(tap, (row, column))| {
            let planes = self.tap(tap, images) + row * rows.each * s * s * self.depth(images);
            let at = (tap * rows.padded() + row * rows.each) * columns.padded();
            let square = Square {
                left: left.as_ptr().cast::<u16>().wrapping_add(planes).cast(),
                left_pitch: s * s * self.depth(images) / 2,
                right: right[column * columns.each..].as_ptr(),
                right_pitch: columns.padded(),
                steps: self.depth(images) / DEPTH,
                sums: sums.at(at + column * columns.each),
                rows: rows.each,
                columns: columns.each,
                first,
            };
            let below = step == 2 && row + 1 < rows.parts;
            let beside = step == 2 && column + 1 < columns.parts;
            // SAFETY: both sides are as large as `sizes` says; this square of the sums is nobody else's.
            unsafe { with_unit!(run(&square, below, beside)) }
        });
    }
}

/// One to four tiles of sums of one tap.
struct Square {
    left: *const f32,
    /// Words from one channel to the next.
    left_pitch: usize,
    right: *const f32,
    right_pitch: usize,
    steps: usize,
    sums: *mut f32,
    rows: usize,
    columns: usize,
    first: bool,
}

unsafe fn run<U: Unit>(square: &Square, below: bool, beside: bool) {
    // SAFETY: the caller's promise.
    unsafe {
        let (sums, left, right) =
            ((square.rows, square.columns), (square.rows, SIDE), (SIDE, square.columns));
        U::shape(&Shapes::new([sums, sums, sums, sums, left, left, right, right]));
        match (below, beside) {
            (true, true) => add::<U, true, true>(square),
            (true, false) => add::<U, true, false>(square),
            (false, true) => add::<U, false, true>(square),
            (false, false) => add::<U, false, false>(square),
        }
        U::release();
    }
}

#[inline(always)]
unsafe fn add<U: Unit, const BELOW: bool, const BESIDE: bool>(square: &Square) {
    let Square { rows, columns, left_pitch, right_pitch, .. } = *square;
    let (sums, pitch) = (square.sums, right_pitch);
    // SAFETY: the caller vouches for all tiles of both sides and of the sums.
    unsafe {
        let (beside, below) = (sums.add(columns), sums.add(rows * pitch));
        if square.first {
            U::zero::<0>();
            U::zero::<1>();
            U::zero::<2>();
            U::zero::<3>();
        } else {
            U::load::<0>(sums, pitch);
            if BESIDE {
                U::load::<1>(beside, pitch);
            }
            if BELOW {
                U::load::<2>(below, pitch);
            }
            if BELOW && BESIDE {
                U::load::<3>(below.add(columns), pitch);
            }
        }
        let (mut left, mut right) = (square.left, square.right);
        for _ in 0..square.steps {
            U::load::<4>(left, left_pitch);
            U::load::<6>(right, right_pitch);
            U::dot::<0, 4, 6>();
            if BESIDE {
                U::load::<7>(right.add(columns), right_pitch);
                U::dot::<1, 4, 7>();
            }
            if BELOW {
                U::load::<5>(left.add(rows * left_pitch), left_pitch);
                U::dot::<2, 5, 6>();
            }
            if BELOW && BESIDE {
                U::dot::<3, 5, 7>();
            }
            left = left.add(SIDE);
            right = right.add(SIDE * right_pitch);
        }
        U::store::<0>(sums, pitch);
        if BESIDE {
            U::store::<1>(beside, pitch);
        }
        if BELOW {
            U::store::<2>(below, pitch);
        }
        if BELOW && BESIDE {
            U::store::<3>(below.add(columns), pitch);
        }
    }
}
