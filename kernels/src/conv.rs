//! Convolution on slices: the image is laid out in padded planes once, and every window is then a
//! shifted row of it, which the matrix product reads in place.
//!
//! A window of stride s sees the image as s x s planes, each holding every s-th pixel; so strided
//! and transposed convolutions are the same few products.

use std::cell::RefCell;
use std::mem::MaybeUninit;

use super::lanes::{self, Plan};
use super::pairs::{self, pair_channels};
use super::pointwise;
use super::pool;
use super::rows::{pad_rows, take_rows};
use super::scratch;
use super::spread;
use super::storage::written;
use super::tile::{Outer, Packed, SLACK, TILE_WIDTH, outer};
use super::transpose::transpose;
use super::winograd;

/// Sizes of a convolution from (inputs, height, width) to (outputs, out_height, out_width).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Geometry {
    pub inputs: usize,
    pub outputs: usize,
    pub height: usize,
    pub width: usize,
    pub out_height: usize,
    pub out_width: usize,
    pub kernel: usize,
    pub stride: usize,
    pub padding: usize,
}

thread_local! {
    /// Buffers that every call needs and no call keeps.
    static SCRATCH: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
}

/// Taken out while in use: a thread that waits may begin another call.
pub(super) fn with_scratch(work: impl FnOnce(&mut [Vec<f32>; 2])) {
    let mut buffers = SCRATCH.take();
    work(&mut buffers);
    SCRATCH.set(buffers);
}

/// Writes the results of `work(image, input, result)` for each image of a batch: an image for each
/// thread, or, where there are fewer images than threads, all threads for one image.
pub(super) fn for_each_image(
    (inputs, input_numbers): (&[f32], usize),
    (results, result_numbers): (&mut [MaybeUninit<f32>], usize),
    work: impl Fn(usize, &[f32], &mut [MaybeUninit<f32>]) + Sync,
) {
    let images = inputs.chunks_exact(input_numbers).zip(results.chunks_exact_mut(result_numbers));
    let image = |(at, (input, result)): (usize, (&[f32], &mut [_]))| work(at, input, result);
    if images.len() < pool::threads() {
        images.enumerate().for_each(image);
    } else {
        pool::for_each(images.enumerate(), image);
    }
}

impl Geometry {
    pub fn image_numbers(&self) -> usize {
        self.inputs * self.height * self.width
    }

    pub fn out_numbers(&self) -> usize {
        self.outputs * self.out_height * self.out_width
    }

    pub fn depth(&self) -> usize {
        self.inputs * self.kernel * self.kernel
    }

    /// Height and width of the planes the padded image is split into.
    ///
    /// A window that reaches beyond the end of a row comes to the beginning of the next. With a
    /// stride of one it finds the zeros of that row's border there: a row needs only one.
    pub fn plane(&self) -> (usize, usize) {
        let side = |size: usize| (size + 2 * self.padding).div_ceil(self.stride);
        match self.stride {
            1 => (side(self.height), self.width + self.padding),
            _ => (side(self.height), side(self.width)),
        }
    }

    pub fn planes_numbers(&self) -> usize {
        let (height, width) = self.plane();
        self.inputs * self.stride * self.stride * height * width
    }

    /// Results along a run over the planes, with the unwanted ones between rows.
    fn run(&self) -> usize {
        (self.out_height - 1) * self.plane().1 + self.out_width
    }

    /// Where in the planes each (input, row, column) of the window begins.
    fn offsets(&self) -> Vec<usize> {
        let (plane_height, plane_width) = self.plane();
        let (k, s) = (self.kernel, self.stride);
        let offset = |at: usize| {
            let (input, row, column) = (at / (k * k), at / k % k, at % k);
            let plane = (input * s + row % s) * s + column % s;
            plane * plane_height * plane_width + row / s * plane_width + column / s
        };
        (0..self.depth()).map(offset).collect()
    }

    /// Makes of `planes` an image's, with `slack` zeros behind them.
    fn lay_out(&self, image: &[f32], slack: usize, planes: &mut Vec<f32>) {
        let (plane_height, plane_width) = self.plane();
        let (s, p) = (self.stride, self.padding);
        planes.resize(self.planes_numbers() + slack, 0.0);
        if s == 1 {
            let inner = p * plane_width..(p + self.height) * plane_width;
            let each = planes.chunks_exact_mut(plane_height * plane_width);
            for (plane, channel) in each.zip(image.chunks_exact(self.height * self.width)) {
                plane[..inner.start].fill(0.0);
                plane[inner.end..].fill(0.0);
                // SAFETY: reads and writes within the slices only.
                unsafe { pad_rows(channel, self.width, &mut plane[inner.clone()], plane_width, p) }
            }
            planes[self.planes_numbers()..].fill(0.0);
            return;
        }
        planes.fill(0.0);
        for (at, row) in image.chunks_exact(self.width).enumerate() {
            let (input, y) = (at / self.height, at % self.height + p);
            for first in 0..s {
                // Columns x with (x + p) % s == first.
                let skip = (first + s - p % s) % s;
                let plane = (input * s + y % s) * s + first;
                let start = (plane * plane_height + y / s) * plane_width + (skip + p) / s;
                let to = &mut planes[start..];
                for (to, value) in to.iter_mut().zip(row.iter().skip(skip).step_by(s)) {
                    *to = *value;
                }
            }
        }
    }

    /// The same with two channels in one, which makes an even number of them.
    fn halved(&self) -> Self {
        Self { inputs: self.inputs / 2, ..*self }
    }

    /// Where in the planes, if their channels come last, the window of each pixel begins.
    /// `step` is the distance from one pixel to the next.
    pub fn windows_channels_last(&self, step: usize) -> impl Iterator<Item = usize> {
        let (row, column) = (self.plane().1 * self.inputs, self.inputs);
        let columns = move |y| (0..self.out_width).step_by(step).map(move |x| y * row + x * column);
        (0..self.out_height).flat_map(columns)
    }

    /// Whether the planes are the image itself.
    pub fn is_bare(&self) -> bool {
        self.stride == 1 && self.padding == 0
    }

    /// Fills `planes` (zeroed, unless they are bare) from an image, with the channels last; `turned` is
    /// scratch.
    pub fn lay_out_channels_last(&self, image: &[f32], planes: &mut [f32], turned: &mut Vec<f32>) {
        let (plane_height, plane_width) = self.plane();
        let (s, p, pixels) = (self.stride, self.padding, self.height * self.width);
        if self.is_bare() {
            return transpose(image, (self.inputs, pixels), pixels, planes, self.inputs);
        }
        turned.resize(image.len(), 0.0);
        transpose(image, (self.inputs, pixels), pixels, turned, self.inputs);
        for (y, line) in turned.chunks_exact(self.width * self.inputs).enumerate() {
            let row = y + p;
            let at = |column: usize| {
                let plane = row % s * s + column % s;
                ((plane * plane_height + row / s) * plane_width + column / s) * self.inputs
            };
            if s == 1 {
                planes[at(p)..][..line.len()].copy_from_slice(line);
                continue;
            }
            for (x, pixel) in line.chunks_exact(self.inputs).enumerate() {
                planes[at(x + p)..][..self.inputs].copy_from_slice(pixel);
            }
        }
    }

    /// Where in planes with their channels last the taps numbered `at` begin: all rows of taps of
    /// the first plane, then of the next.
    pub fn taps_begin(&self, at: usize) -> usize {
        let (plane_height, plane_width) = self.plane();
        let (plane, row) = (at / self.taps(), at % self.taps());
        (plane * plane_height + row) * plane_width * self.inputs
    }

    /// The convolution, for a stride of one, that takes this one's result gradient to that of its
    /// image: the window turned around.
    pub fn turned(&self) -> Self {
        Self {
            inputs: self.outputs,
            outputs: self.inputs,
            height: self.out_height,
            width: self.out_width,
            out_height: self.height,
            out_width: self.width,
            padding: self.kernel - 1 - self.padding,
            ..*self
        }
    }

    /// What each pixel of the result sees, for images in lanes.
    fn plan(&self) -> Plan {
        let (k, s, p) = (self.kernel, self.stride, self.padding);
        let seen = |pixel: usize| {
            let (y, x) = (pixel / self.out_width * s, pixel % self.out_width * s);
            let taps = (0..k * k).map(move |tap| (tap, y + tap / k, x + tap % k));
            let inside = taps.filter(|(_, y, x)| {
                (p..p + self.height).contains(y) && (p..p + self.width).contains(x)
            });
            inside.map(|(tap, y, x)| [tap, (y - p) * self.width + x - p]).collect()
        };
        let (from, to) = (self.height * self.width, (self.out_height, self.out_width));
        Plan::new((self.inputs, from), (self.outputs, to.0, to.1), k * k, seen)
    }

    /// Taps of the window that fall on one plane, along one side.
    pub fn taps(&self) -> usize {
        self.kernel / self.stride
    }
}

pub(super) fn zeroed(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    buffer.clear();
    buffer.resize(length, 0.0);
    buffer
}

/// Calls `work` with an image's channels of `size`, made pairs of two if `pairs`.
pub(super) fn with_pairs<T>(
    pairs: bool,
    image: &[f32],
    size: usize,
    work: impl FnOnce(&[f32]) -> T,
) -> T {
    if !pairs {
        return work(image);
    }
    scratch::with(&scratch::PAIRS, image.len() / 2, |paired| {
        pair_channels(image, size, paired);
        work(paired)
    })
}

/// `x` (batch, inputs, height, width) to (batch, outputs, out_height, out_width).
/// `bias`: (outputs) or (batch, outputs), or empty for none.
pub(super) fn forward(g: &Geometry, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    if winograd::pays(g) {
        return winograd::forward(g, x, weight, bias);
    }
    let depth = g.depth();
    let pairs = pairs::of_channels(g.inputs);
    let packed = if pairs {
        let rows: Vec<usize> = (0..g.outputs).map(|output| output * depth).collect();
        let depth: Vec<usize> = (0..depth).collect();
        Packed::gather_pairs(&rows, &depth, g.kernel * g.kernel, weight)
    } else {
        Packed::interleave(g.outputs, depth, &[0], depth, weight)
    };
    correlate(g, x, &packed, pairs, bias)
}

/// The products of the window with the image at each place. With `pairs`, two channels are one plane,
/// in `packed` too.
fn correlate(g: &Geometry, x: &[f32], packed: &Packed, pairs: bool, bias: &[f32]) -> Vec<f32> {
    let (image, out) = (g.image_numbers(), g.out_numbers());
    let batch = x.len() / image;
    let in_place = pointwise::pays(g, pairs);
    let share = if in_place || pairs { 0 } else { lanes::share(batch, g.out_height * g.out_width) };
    let (x, rest) = x.split_at(share * image);
    let work = |y: &mut [_]| {
        let (y, y_rest) = y.split_at_mut(share * out);
        if share > 0 {
            g.plan().run(x, packed, bias, y);
        }
        let bias = bias_after(bias, share, g.outputs);
        if in_place {
            pointwise::run(g, rest, packed, pairs, bias, y_rest);
        } else {
            correlate_by_image(g, rest, packed, pairs, bias, y_rest);
        }
    };
    // SAFETY: every number of every image is written.
    unsafe { written(batch * out, work) }
}

/// The biases of the images that follow the first `images`.
pub(super) fn bias_after(bias: &[f32], images: usize, outputs: usize) -> &[f32] {
    if bias.len() > outputs { &bias[images * outputs..] } else { bias }
}

/// Fills all of `y`.
fn correlate_by_image(
    g: &Geometry,
    x: &[f32],
    packed: &Packed,
    pairs: bool,
    bias: &[f32],
    y: &mut [MaybeUninit<f32>],
) {
    let planes_of = if pairs { g.halved() } else { *g };
    let offsets = planes_of.offsets();
    let (run, plane_width) = (g.run(), g.plane().1);
    let pitch = run.next_multiple_of(TILE_WIDTH);
    let per_image = if bias.len() > g.outputs { g.outputs } else { 0 };
    for_each_image((x, g.image_numbers()), (y, g.out_numbers()), |at, x, y| {
        with_scratch(|[planes, results]| {
            let slack = run_slack(run) + g.padding;
            with_pairs(pairs, x, g.height * g.width, |x| planes_of.lay_out(x, slack, planes));
            results.resize(g.outputs * pitch, 0.0);
            let product = Outer {
                a: packed,
                b: planes,
                offsets: &offsets,
                width: run,
                pitch,
                accumulate: false,
                pairs,
            };
            outer([(product, results.as_mut_slice())].into_iter());
            let bias = bias.get(at * per_image..).unwrap_or(&[]);
            for (output, y) in y.chunks_exact_mut(g.out_height * g.out_width).enumerate() {
                let bias = bias.get(output).copied().unwrap_or(0.0);
                let from = &results[output * pitch..][..run];
                // SAFETY: reads and writes within the slices only.
                unsafe { take_rows(from, plane_width, y, g.out_width, bias) };
            }
        });
    });
}

/// What a product may read beyond the last plane.
pub(super) fn run_slack(run: usize) -> usize {
    run.next_multiple_of(TILE_WIDTH) - run + SLACK
}

/// From the gradient of the result to that of `x`. On Winograd's way bf16 is as exact as a gradient
/// must be, but not a result.
pub(super) fn input_gradient(g: &Geometry, grad: &[f32], weight: &[f32]) -> Vec<f32> {
    match winograd::pays(g) {
        true => winograd::input_gradient(g, grad, weight),
        false => transposed(g, grad, weight, &[]),
    }
}

/// The transposed convolution, with `bias` (inputs) or (batch, inputs), or empty for none.
pub(super) fn transposed(g: &Geometry, grad: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    if winograd::pays(g) {
        return winograd::transposed(g, grad, weight, bias);
    }
    if g.stride > 1 || g.padding >= g.kernel {
        return spread::spread_out(g, grad, weight, bias);
    }
    let area = g.kernel * g.kernel;
    let rows: Vec<usize> = (0..g.inputs).map(|input| input * area).collect();
    let turned = |output: usize| (0..area).rev().map(move |tap| output * g.inputs * area + tap);
    let depth: Vec<usize> = (0..g.outputs).flat_map(turned).collect();
    let pairs = pairs::of_channels(g.outputs);
    let packed = Packed::gather_perhaps_pairs(pairs, &rows, &depth, area, weight);
    correlate(&g.turned(), grad, &packed, pairs, bias)
}
