//! Convolution on slices: the image is laid out in padded planes once, and every window is then a
//! shifted row of it, which the matrix product reads in place.
//!
//! A window of stride s sees the image as s x s planes, each holding every s-th pixel; so strided
//! and transposed convolutions are the same few products.

use std::cell::RefCell;
use std::mem::MaybeUninit;

use super::arithmetic::Numbers;
use super::lanes::{self, Plan};
use super::lines::aligned;
use super::matrix;
use super::pairs::{Rounding, with_pairs};
use super::pointwise;
use super::pool;
use super::rows::{Padded, pad_rows, take_rows};
use super::spread;
use super::storage::written;
use super::tap_sums::{bias_gradient, weight_gradient};
use super::tile::{SLACK, TILE_WIDTH};
use super::transpose::transpose;
use super::window::Window;
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
    /// No pixel may have a scale in common with another.
    pub apart: bool,
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

    /// What sums over so many channels are made of.
    fn numbers(&self, channels: usize) -> Numbers {
        match Numbers::of_channels(channels) {
            Numbers::Whole if self.apart => Numbers::F32,
            numbers => numbers,
        }
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

    /// Makes of `planes` an image's, two channels in one if the window's are pairs, with `slack` zeros behind
    /// them. Gives what whole numbers are multiplied by.
    fn lay_out_for(
        &self,
        window: &Window,
        image: &[f32],
        slack: usize,
        planes: &mut Vec<f32>,
    ) -> f32 {
        let (numbers, depth) = (window.numbers(), window.depth());
        if !numbers.are_pairs() || self.stride > 1 {
            let size = self.height * self.width;
            return with_pairs((numbers, depth), image, size, |image, unit| {
                self.lay_out(image, slack, planes);
                unit
            });
        }
        let (rounding, unit) = Rounding::of_image((numbers, depth), image);
        let (plane_height, pitch) = self.plane();
        planes.resize(self.planes_numbers() + slack, 0.0);
        let inner = self.padding * pitch..(self.padding + self.height) * pitch;
        let rows = Padded { width: self.width, pitch, margin: self.padding };
        let each = planes.chunks_exact_mut(plane_height * pitch);
        for (plane, channels) in each.zip(image.chunks_exact(2 * self.height * self.width)) {
            plane[..inner.start].fill(0.0);
            plane[inner.end..].fill(0.0);
            rows.pair(rounding, channels, &mut plane[inner.clone()]);
        }
        planes[self.planes_numbers()..].fill(0.0);
        unit
    }

    /// The same with all rows in one; of a bare image.
    fn in_one_row(&self) -> Self {
        let pixels = self.height * self.width;
        Self { height: 1, width: pixels, out_height: 1, out_width: pixels, ..*self }
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

/// `x` (batch, inputs, height, width) to (batch, outputs, out_height, out_width).
/// `bias`: (outputs) or (batch, outputs), or empty for none.
pub(super) fn forward(g: &Geometry, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    if by_winograd(g) {
        return winograd::forward(g, x, weight, bias);
    }
    let window =
        Window::rows(g.numbers(g.inputs), g.outputs, (g.inputs, g.kernel * g.kernel), weight);
    correlate(g, x, &window, bias)
}

/// Whether a convolution goes Winograd's way: where there are tiles, what it saves is not worth what it
/// costs.
pub(super) fn by_winograd(g: &Geometry) -> bool {
    winograd::pays(g) && !matrix::is_on()
}

/// The products of the window with the image at each place.
fn correlate(g: &Geometry, x: &[f32], window: &Window, bias: &[f32]) -> Vec<f32> {
    let batch = x.len() / g.image_numbers();
    // SAFETY: every number of every image is written.
    unsafe { written(batch * g.out_numbers(), |y| correlate_into(g, x, window, bias, y)) }
}

/// Fills all of `y`.
fn correlate_into(
    g: &Geometry,
    x: &[f32],
    window: &Window,
    bias: &[f32],
    y: &mut [MaybeUninit<f32>],
) {
    match window {
        Window::Numbers(packed) | Window::Pairs(packed) | Window::Whole(packed)
            if pointwise::pays(g) =>
        {
            pointwise::run(g, x, packed, window.numbers(), bias, y);
        }
        Window::Numbers(packed) => {
            let share = lanes::share(x.len() / g.image_numbers(), g.out_height * g.out_width);
            let (x, rest) = x.split_at(share * g.image_numbers());
            let (y, y_rest) = y.split_at_mut(share * g.out_numbers());
            if share > 0 {
                g.plan().run(x, packed, bias, y);
            }
            correlate_by_image(g, rest, window, bias_after(bias, share, g.outputs), y_rest);
        }
        _ => correlate_by_image(g, x, window, bias, y),
    }
}

/// The biases of the images that follow the first `images`.
pub(super) fn bias_after(bias: &[f32], images: usize, outputs: usize) -> &[f32] {
    if bias.len() > outputs { &bias[images * outputs..] } else { bias }
}

/// Fills all of `y`.
fn correlate_by_image(
    g: &Geometry,
    x: &[f32],
    window: &Window,
    bias: &[f32],
    y: &mut [MaybeUninit<f32>],
) {
    // The rows of a bare image are as good as one: where vectors are narrow, not for the last bits.
    let one_row = g.is_bare() && matches!(window, Window::Tiles(_));
    let g = &if one_row { g.in_one_row() } else { *g };
    let planes_of = if window.numbers().are_pairs() { g.halved() } else { *g };
    let offsets = planes_of.offsets();
    let plane = g.stride * g.stride * g.plane().0 * g.plane().1;
    let slack = run_slack(g.run()) + g.padding + window.planes_beyond(g.inputs) * plane;
    let rows = g.outputs + window.rows_beyond(g.outputs);
    let (run, plane_width) = (g.run(), g.plane().1);
    let pitch = run.next_multiple_of(TILE_WIDTH);
    let per_image = if bias.len() > g.outputs { g.outputs } else { 0 };
    for_each_image((x, g.image_numbers()), (y, g.out_numbers()), |at, x, y| {
        with_scratch(|[planes, results]| {
            let unit = planes_of.lay_out_for(window, x, slack, planes);
            let results = aligned(results, rows * pitch);
            window.multiply((planes, unit), (plane, &offsets), run, (results, pitch));
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
    match by_winograd(g) {
        true => winograd::input_gradient(g, grad, weight),
        false => transposed(g, grad, weight, &[]),
    }
}

/// The transposed convolution, with `bias` (inputs) or (batch, inputs), or empty for none.
pub(super) fn transposed(g: &Geometry, grad: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    if by_winograd(g) {
        return winograd::transposed(g, grad, weight, bias);
    }
    let batch = grad.len() / g.out_numbers();
    let back = Back::new(g, weight);
    // SAFETY: every number of every image is written.
    unsafe { written(batch * g.image_numbers(), |x| back.run(grad, bias, x)) }
}

/// The way from results to images.
enum Back<'a> {
    /// A convolution with the window turned around.
    Turned(Geometry, Window),
    Spread(&'a Geometry, &'a [f32]),
}

impl<'a> Back<'a> {
    fn new(g: &'a Geometry, weight: &'a [f32]) -> Self {
        if g.stride > 1 || g.padding >= g.kernel {
            return Self::Spread(g, weight);
        }
        let window = Window::turned(
            g.numbers(g.outputs),
            g.inputs,
            (g.outputs, g.kernel * g.kernel),
            weight,
        );
        Self::Turned(g.turned(), window)
    }

    /// Fills all of `x`.
    fn run(&self, grad: &[f32], bias: &[f32], x: &mut [MaybeUninit<f32>]) {
        match self {
            Self::Turned(g, window) => correlate_into(g, grad, window, bias, x),
            Self::Spread(g, weight) => spread::spread_out(g, grad, weight, bias, x),
        }
    }
}

/// The gradients of a convolution.
pub(super) struct Gradients {
    /// Of the images, if they were wanted.
    pub x: Option<Vec<f32>>,
    pub weight: Vec<f32>,
    /// Of a bias of each image: (batch, outputs).
    pub bias: Vec<f32>,
}

/// From the gradient of the result to all others.
pub(super) fn gradients(g: &Geometry, [x, weight, grad]: [&[f32]; 3], wants_x: bool) -> Gradients {
    if !matrix::is_on() {
        return Gradients {
            x: wants_x.then(|| input_gradient(g, grad, weight)),
            weight: weight_gradient(g, x, grad),
            bias: bias_gradient(grad, g.out_height * g.out_width),
        };
    }
    if !wants_x {
        let (weight, bias) = matrix::gradients(g, x, grad, |_, _| ());
        return Gradients { x: None, weight, bias };
    }
    let (back, mut sums) = (Back::new(g, weight), None);
    let work = |to: &mut [MaybeUninit<f32>]| {
        // Some images at a time, so that their gradients are read while they are in the cache.
        let to = RefCell::new(to);
        sums = Some(matrix::gradients(g, x, grad, |first, grad| {
            let count = grad.len() / g.out_numbers() * g.image_numbers();
            back.run(grad, &[], &mut to.borrow_mut()[first * g.image_numbers()..][..count]);
        }));
    };
    // SAFETY: every number of every image is written.
    let x = unsafe { written(x.len(), work) };
    let (weight, bias) = sums.unwrap_or_default();
    Gradients { x: Some(x), weight, bias }
}
