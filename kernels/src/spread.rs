//! The gradient of a convolution's image for any stride, which is the transposed convolution.
//!
//! Each plane of the image is a convolution of the gradient with its share of the window, turned
//! around; all planes read the same padded gradient, so they are rows of one product.

use std::mem::MaybeUninit;

use super::arithmetic::Numbers;
use super::conv::{Geometry, bias_after, for_each_image, run_slack, with_scratch, zeroed};
use super::lanes::{self, Plan};
use super::lines::aligned;
use super::packed::Packed;
use super::pairs::with_pairs;
use super::tile::TILE_WIDTH;
use super::window::Window;

/// `grad` (batch, outputs, out_height, out_width) to all of `x` (batch, inputs, height, width), plus
/// `bias` (inputs) or (batch, inputs), or empty for none.
pub(super) fn spread_out(
    g: &Geometry,
    grad: &[f32],
    weight: &[f32],
    bias: &[f32],
    x: &mut [MaybeUninit<f32>],
) {
    assert_eq!(g.kernel % g.stride, 0, "the kernel must be a multiple of the stride");
    let (image, out) = (g.image_numbers(), g.out_numbers());
    let batch = grad.len() / out;
    let share = match Numbers::of_channels(g.outputs) {
        Numbers::F32 => lanes::share(batch, g.height * g.width),
        _ => 0,
    };
    let (grad, rest) = grad.split_at(share * out);
    let (x, x_rest) = x.split_at_mut(share * image);
    if share > 0 {
        plan(g).run(grad, &packed_whole(g, weight), bias, x);
    }
    if !rest.is_empty() {
        let bias = bias_after(bias, share, g.inputs);
        Spread::new(g, weight).run(rest, bias, x_rest);
    }
}

/// The taps of each input, channel by channel of the gradient.
fn packed_whole(g: &Geometry, weight: &[f32]) -> Packed {
    let area = g.kernel * g.kernel;
    let rows: Vec<usize> = (0..g.inputs).map(|input| input * area).collect();
    let taps = |output: usize| (0..area).map(move |tap| output * g.inputs * area + tap);
    Packed::gather(&rows, &(0..g.outputs).flat_map(taps).collect::<Vec<_>>(), weight)
}

/// What reaches each pixel of the image, for images in lanes.
fn plan(g: &Geometry) -> Plan {
    let (k, s) = (g.kernel, g.stride);
    // The row that reaches one through row `tap` of the window, and the same for columns.
    let source = |at: usize, tap: usize, size: usize| {
        let source = (at + g.padding).checked_sub(tap)?;
        (source % s == 0 && source / s < size).then_some(source / s)
    };
    let seen = |pixel: usize| {
        let (y, x) = (pixel / g.width, pixel % g.width);
        let tap = |tap: usize| {
            let (y, x) = (source(y, tap / k, g.out_height)?, source(x, tap % k, g.out_width)?);
            Some([tap, y * g.out_width + x])
        };
        (0..k * k).filter_map(tap).collect()
    };
    let from = (g.outputs, g.out_height * g.out_width);
    Plan::new(from, (g.inputs, g.height, g.width), k * k, seen)
}

/// What is the same for each image.
struct Spread<'a> {
    g: &'a Geometry,
    window: Window,
    /// Where in the padded gradient each number of a row of `window` begins.
    offsets: Vec<usize>,
}

impl<'a> Spread<'a> {
    fn new(g: &'a Geometry, weight: &[f32]) -> Self {
        let (k, s, taps) = (g.kernel, g.stride, g.taps());
        // A plane's row and column in the window, and a tap's, are parts of one sum.
        let rows: Vec<usize> = (0..g.inputs * s * s)
            .map(|row| row / (s * s) * k * k + row / s % s * k + row % s)
            .collect();
        let places = (0..g.outputs * taps * taps)
            .map(|at| (at / (taps * taps), at / taps % taps, at % taps));
        let depth: Vec<usize> = places
            .clone()
            .map(|(output, a, b)| output * g.inputs * k * k + a * s * k + b * s)
            .collect();
        let window =
            Window::gather(Numbers::of_channels(g.outputs), &rows, (&depth, taps * taps), weight);
        let mut spread = Self { g, window, offsets: Vec::new() };
        let (height, width) = spread.padded();
        let offset =
            |(output, a, b)| output * height * width + (taps - 1 - a) * width + (taps - 1 - b);
        spread.offsets = places.map(offset).take(spread.planes() * taps * taps).collect();
        spread
    }

    /// Planes of the gradient.
    fn planes(&self) -> usize {
        if self.window.numbers().are_pairs() { self.g.outputs / 2 } else { self.g.outputs }
    }

    /// Height and width of the gradient with its border.
    fn padded(&self) -> (usize, usize) {
        let border = 2 * (self.g.taps() - 1);
        (self.g.out_height + border, self.g.out_width + border)
    }

    /// Height and width of what the window reaches.
    fn reached(&self) -> (usize, usize) {
        let border = self.g.taps() - 1;
        (self.g.out_height + border, self.g.out_width + border)
    }

    /// Results along a row of the product.
    fn run_length(&self) -> usize {
        let (height, width) = self.reached();
        (height - 1) * self.padded().1 + width
    }

    /// Fills all of `x`.
    fn run(&self, grad: &[f32], bias: &[f32], x: &mut [MaybeUninit<f32>]) {
        let g = self.g;
        let per_image = if bias.len() > g.inputs { g.inputs } else { 0 };
        let pitch = self.run_length().next_multiple_of(TILE_WIDTH);
        let rows = g.inputs * g.stride * g.stride;
        let rows = rows + self.window.rows_beyond(rows);
        let sums = (self.window.numbers(), self.window.depth());
        for_each_image((grad, g.out_numbers()), (x, g.image_numbers()), |at, grad, x| {
            with_scratch(|[padded, results]| {
                let size = g.out_height * g.out_width;
                let unit = with_pairs(sums, grad, size, |grad, unit| {
                    self.lay_out(grad, padded);
                    unit
                });
                let results = aligned(results, rows * pitch);
                let plane = self.padded().0 * self.padded().1;
                let places = (plane, self.offsets.as_slice());
                self.window.multiply((padded, unit), places, self.run_length(), (results, pitch));
                let bias = bias.get(at * per_image..).unwrap_or(&[]);
                for (at, row) in x.chunks_exact_mut(g.width).enumerate() {
                    let bias = bias.get(at / g.height).copied().unwrap_or(0.0);
                    self.take_row(results, pitch, at, bias, row);
                }
            });
        });
    }

    fn lay_out(&self, grad: &[f32], padded: &mut Vec<f32>) {
        let (g, border) = (self.g, self.g.taps() - 1);
        let (height, width) = self.padded();
        let area = height * width;
        let planes = self.planes() + self.window.planes_beyond(g.outputs);
        let padded = zeroed(padded, planes * area + run_slack(self.run_length()));
        for (at, row) in grad.chunks_exact(g.out_width).enumerate() {
            let (plane, y) = (at / g.out_height, at % g.out_height + border);
            let start = plane * area + y * width + border;
            padded[start..start + g.out_width].copy_from_slice(row);
        }
    }

    /// Row `at` of the image, counted through all inputs, from its planes.
    fn take_row(
        &self,
        results: &[f32],
        pitch: usize,
        at: usize,
        bias: f32,
        x: &mut [MaybeUninit<f32>],
    ) {
        let (g, s, (reached_height, reached_width)) = (self.g, self.g.stride, self.reached());
        let (input, y) = (at / g.height, at % g.height + g.padding);
        if y / s >= reached_height {
            x.fill(MaybeUninit::new(bias));
            return;
        }
        let row = (input * s + y % s) * s;
        for first in 0..s {
            // Columns of x whose place in the padded image leaves `first` over.
            let skip = (first + s - g.padding % s) % s;
            let start = (skip + g.padding) / s;
            let line = &results[(row + first) * pitch + y / s * self.padded().1..];
            let reached = line[start.min(reached_width)..reached_width].iter();
            let with_rest = reached.copied().chain(std::iter::repeat(0.0));
            for (x, value) in x[skip..].iter_mut().step_by(s).zip(with_rest) {
                x.write(value + bias);
            }
        }
    }
}
