//! Convolution on slices: the image is laid out in padded planes once, and every window is then a
//! shifted row of it, which the matrix product reads in place.
//!
//! A window of stride s sees the image as s x s planes, each holding every s-th pixel; so strided
//! and transposed convolutions are the same few products.

use std::cell::RefCell;

use rayon::prelude::*;

use super::tile::{Dot, Outer, Packed, SLACK, TILE_WIDTH, dot, outer};

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

/// Bytes of one image's share of the buffers that should stay in the second-level cache.
const CACHE_NUMBERS: usize = 96 * 1024;

thread_local! {
    /// Buffers that every call needs and no call keeps.
    static SCRATCH: RefCell<[Vec<f32>; 2]> = const { RefCell::new([Vec::new(), Vec::new()]) };
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
    fn plane(&self) -> (usize, usize) {
        let side = |size: usize| (size + 2 * self.padding).div_ceil(self.stride);
        (side(self.height), side(self.width))
    }

    fn planes_numbers(&self) -> usize {
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

    /// Fills `planes` (zeroed, with slack) from an image.
    fn lay_out(&self, image: &[f32], planes: &mut [f32]) {
        let (plane_height, plane_width) = self.plane();
        let (s, p) = (self.stride, self.padding);
        for (at, row) in image.chunks_exact(self.width).enumerate() {
            let (input, y) = (at / self.height, at % self.height + p);
            for first in 0..s {
                // Columns x with (x + p) % s == first.
                let skip = (first + s - p % s) % s;
                let plane = (input * s + y % s) * s + first;
                let start = (plane * plane_height + y / s) * plane_width + (skip + p) / s;
                let to = &mut planes[start..];
                if s == 1 {
                    to[..self.width].copy_from_slice(row);
                } else {
                    for (to, value) in to.iter_mut().zip(row.iter().skip(skip).step_by(s)) {
                        *to = *value;
                    }
                }
            }
        }
    }

    /// Taps of the window that fall on one plane, along one side.
    fn taps(&self) -> usize {
        self.kernel / self.stride
    }
}

fn zeroed(buffer: &mut Vec<f32>, length: usize) -> &mut [f32] {
    buffer.clear();
    buffer.resize(length, 0.0);
    buffer
}

/// `x` (batch, inputs, height, width) to (batch, outputs, out_height, out_width).
/// `bias`: (outputs) or (batch, outputs).
pub(super) fn forward(g: &Geometry, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let depth = g.depth();
    let packed = Packed::new(g.outputs, depth, |row, k| weight[row * depth + k]);
    let offsets = g.offsets();
    let (run, plane_width) = (g.run(), g.plane().1);
    let batch = x.len() / g.image_numbers();
    let mut y = vec![0.0; batch * g.out_numbers()];
    let per_image = if bias.len() > g.outputs { g.outputs } else { 0 };
    y.par_chunks_mut(g.out_numbers()).zip(x.par_chunks(g.image_numbers())).enumerate().for_each(
        |(at, (y, x))| {
            SCRATCH.with_borrow_mut(|[planes, results]| {
                let planes = zeroed(planes, g.planes_numbers() + run_slack(run));
                g.lay_out(x, planes);
                let pitch = run.next_multiple_of(TILE_WIDTH);
                results.resize(g.outputs * pitch, 0.0);
                let product = Outer {
                    a: &packed,
                    b: planes,
                    offsets: &offsets,
                    width: run,
                    pitch,
                    accumulate: false,
                };
                outer(&product, results);
                let bias = &bias[at * per_image..][..g.outputs];
                for (output, y) in y.chunks_exact_mut(g.out_height * g.out_width).enumerate() {
                    for (row, y) in y.chunks_exact_mut(g.out_width).enumerate() {
                        let from = &results[output * pitch + row * plane_width..][..g.out_width];
                        for (y, value) in y.iter_mut().zip(from) {
                            *y = value + bias[output];
                        }
                    }
                }
            });
        },
    );
    y
}

/// What a product may read beyond the last plane.
fn run_slack(run: usize) -> usize {
    run.next_multiple_of(TILE_WIDTH) - run + SLACK
}

/// From the gradient of the result to that of `x`; also the transposed convolution, with
/// `bias` (inputs) or (batch, inputs), or empty for none.
///
/// Each plane of x is a convolution of `grad` with its share of the window, turned around; all
/// planes read the same padded gradient, so they are rows of one product.
pub(super) fn input_gradient(g: &Geometry, grad: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let (k, s, taps) = (g.kernel, g.stride, g.taps());
    assert_eq!(k % s, 0, "the kernel must be a multiple of the stride");
    let (padded_height, padded_width) =
        (g.out_height + 2 * (taps - 1), g.out_width + 2 * (taps - 1));
    let area = padded_height * padded_width;
    let (rows, depth) = (g.inputs * s * s, g.outputs * taps * taps);
    let packed = Packed::new(rows, depth, |row, at| {
        let (input, plane_row, plane_column) = (row / (s * s), row / s % s, row % s);
        let (output, a, b) = (at / (taps * taps), at / taps % taps, at % taps);
        let (kernel_row, kernel_column) = (a * s + plane_row, b * s + plane_column);
        weight[((output * g.inputs + input) * k + kernel_row) * k + kernel_column]
    });
    let offsets: Vec<usize> = (0..depth)
        .map(|at| {
            let (output, a, b) = (at / (taps * taps), at / taps % taps, at % taps);
            output * area + (taps - 1 - a) * padded_width + (taps - 1 - b)
        })
        .collect();
    let (reached_height, reached_width) = (g.out_height + taps - 1, g.out_width + taps - 1);
    let run = (reached_height - 1) * padded_width + reached_width;
    let pitch = run.next_multiple_of(TILE_WIDTH);
    let batch = grad.len() / g.out_numbers();
    let per_image = if bias.len() > g.inputs { g.inputs } else { 0 };
    let mut x = vec![0.0; batch * g.image_numbers()];
    x.par_chunks_mut(g.image_numbers()).zip(grad.par_chunks(g.out_numbers())).enumerate().for_each(
        |(at, (x, grad))| {
            SCRATCH.with_borrow_mut(|[padded, results]| {
                let padded = zeroed(padded, g.outputs * area + run_slack(run));
                for (at, row) in grad.chunks_exact(g.out_width).enumerate() {
                    let (output, y) = (at / g.out_height, at % g.out_height + taps - 1);
                    let start = output * area + y * padded_width + taps - 1;
                    padded[start..start + g.out_width].copy_from_slice(row);
                }
                results.resize(rows * pitch, 0.0);
                let product = Outer {
                    a: &packed,
                    b: padded,
                    offsets: &offsets,
                    width: run,
                    pitch,
                    accumulate: false,
                };
                outer(&product, results);
                let bias = bias.get(at * per_image..).unwrap_or(&[]);
                for (at, x) in x.chunks_exact_mut(g.width).enumerate() {
                    let (input, y) = (at / g.height, at % g.height + g.padding);
                    let bias = bias.get(input).copied().unwrap_or(0.0);
                    if y / s >= reached_height {
                        x.fill(bias);
                        continue;
                    }
                    let row = (input * s + y % s) * s;
                    for (column, x) in x.iter_mut().enumerate() {
                        let column = column + g.padding;
                        let from = (row + column % s) * pitch + y / s * padded_width + column / s;
                        *x = bias + if column / s < reached_width { results[from] } else { 0.0 };
                    }
                }
            });
        },
    );
    x
}

/// The gradient of the weight (outputs, inputs, kernel, kernel).
pub(super) fn weight_gradient(g: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let batch = x.len() / g.image_numbers();
    let (offsets, depth) = (g.offsets(), g.depth());
    let (run, plane_width) = (g.run(), g.plane().1);
    let length = run.next_multiple_of(16);
    let planes_image = g.planes_numbers();
    let grad_image = g.outputs * length;
    let mut planes = vec![0.0; batch * planes_image + length + SLACK];
    let mut spread = vec![0.0; batch * grad_image];
    let (planes_body, _) = planes.split_at_mut(batch * planes_image);
    planes_body
        .par_chunks_mut(planes_image)
        .zip(x.par_chunks(g.image_numbers()))
        .zip(spread.par_chunks_mut(grad_image).zip(grad.par_chunks(g.out_numbers())))
        .for_each(|((planes, x), (spread, grad))| {
            g.lay_out(x, planes);
            // Rows as far apart as those of the planes, with zeros between, so that both run along.
            for (at, row) in grad.chunks_exact(g.out_width).enumerate() {
                let start = at / g.out_height * length + at % g.out_height * plane_width;
                spread[start..start + g.out_width].copy_from_slice(row);
            }
        });
    // The images of a block stay in the cache while all rows pass over them.
    let block = (CACHE_NUMBERS / (planes_image + grad_image)).clamp(1, batch);
    let rows_each = g.outputs.div_ceil(rayon::current_num_threads() * 2).next_multiple_of(4);
    let mut weight = vec![0.0; g.outputs * depth];
    weight.par_chunks_mut(rows_each * depth).enumerate().for_each(|(at, weight)| {
        for first in (0..batch).step_by(block) {
            let product = Dot {
                a: &spread[first * grad_image + at * rows_each * length..],
                a_pitch: length,
                a_image: grad_image,
                rows: weight.len() / depth,
                b: &planes[first * planes_image..],
                offsets: &offsets,
                b_image: planes_image,
                length: run,
                images: block.min(batch - first),
                pitch: depth,
                accumulate: first > 0,
            };
            dot(&product, weight);
        }
    });
    weight
}

/// The gradient of a bias for each image: (batch, channels), summed over the pixels.
pub(super) fn bias_gradient(grad: &[f32], pixels: usize) -> Vec<f32> {
    grad.par_chunks(pixels).map(super::reduce::sum).collect()
}
