//! Convolution with fewer products: Winograd's minimal filtering (Lavin and Gray, "Fast Algorithms for
//! Convolutional Neural Networks", 2016) for windows of 3 x 3 that move by one pixel.
//!
//! A tile of 4 x 4 results is computed from 6 x 6 pixels. Image and window are seen at 36 points,
//! where a convolution is a product; 36 products take the place of 144. Everything is computed for a
//! tile at a time, and its sums over the channels run in their order: an image's result has the same
//! bits in any batch.

mod cut;
mod fixed;
mod gradient;
mod points;
mod product;
mod weights;

use std::mem::MaybeUninit;
use std::ops::Range;

use cut::{CHANNELS, Cut, Images, POINTS, Pairing, Part, Pitch, STEP, spread};
use product::Product;
use weights::{CHUNK, Weights};

use super::arithmetic::Numbers;
use super::conv::Geometry;
use super::pool;
use super::scratch::{self, To};
use super::storage::written;

pub(super) use gradient::weight_gradient;

/// Fewest channels on either side that are worth the transforms.
const FEWEST_CHANNELS: usize = 16;

/// Numbers of transformed tiles that should stay in the second-level cache, and the tiles that are
/// worth the way of the weights.
const BLOCK_NUMBERS: usize = 128 * 1024;
const FEWEST_TILES: usize = 64;

/// Steps of the sum whose weights are transformed just before they are used, if only one block uses them:
/// so many stay in the second-level cache. A multiple of what [`Product`] sums before it adds to the rest.
const STEPS: usize = 2 * product::RUN;

/// Whether a convolution gains by it, alone as among others: it must follow from the sizes of one image.
///
/// A product costs more here than on the direct way, which leaves out what windows see beyond the edge.
pub(super) fn pays(g: &Geometry) -> bool {
    let tiles = g.out_height.div_ceil(STEP) * g.out_width.div_ceil(STEP);
    let seen = |side: usize| (3 * side).saturating_sub(g.padding * (g.padding + 1));
    g.kernel == 3
        && g.stride == 1
        && g.padding < 3
        && g.inputs.min(g.outputs) >= FEWEST_CHANNELS
        && 5 * tiles * POINTS <= 3 * seen(g.out_height) * seen(g.out_width)
}

/// `x` (batch, inputs, height, width) to (batch, outputs, out_height, out_width).
/// `bias`: (outputs) or (batch, outputs), or empty for none.
pub(super) fn forward(g: &Geometry, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let weights = Weights {
        weight,
        depth: g.inputs,
        outputs: g.outputs,
        depth_pitch: 9,
        output_pitch: g.inputs * 9,
        turned: false,
        numbers: numbers_of_results(g.inputs, g.outputs),
    };
    Tiling::new(g).correlate(x, weights, bias)
}

/// The transposed convolution: the same with the window turned. `bias`: (inputs) or (batch, inputs), or
/// empty for none.
pub(super) fn transposed(g: &Geometry, x: &[f32], weight: &[f32], bias: &[f32]) -> Vec<f32> {
    let numbers = numbers_of_results(g.outputs, g.inputs);
    Tiling::new(&g.turned()).correlate(x, Weights { numbers, ..turned(g, weight) }, bias)
}

/// How results are multiplied that are sums over so many channels. What bf16 would do to them is too much.
fn numbers_of_results(channels: usize, outputs: usize) -> Numbers {
    let whole = Numbers::current().are_pairs() && fixed::pays(channels, outputs);
    if whole { Numbers::Whole } else { Numbers::F32 }
}

/// From the gradient of the result to that of the image, in the precision that is chosen.
pub(super) fn input_gradient(g: &Geometry, grad: &[f32], weight: &[f32]) -> Vec<f32> {
    let numbers = match Numbers::current() {
        Numbers::Bf16 if g.outputs.is_multiple_of(2 * CHANNELS) => Numbers::Bf16,
        Numbers::Whole if fixed::pays(g.outputs, g.inputs) => Numbers::Whole,
        _ => Numbers::F32,
    };
    Tiling::new(&g.turned()).correlate(grad, Weights { numbers, ..turned(g, weight) }, &[])
}

/// The weight as it is seen from the result.
fn turned<'a>(g: &Geometry, weight: &'a [f32]) -> Weights<'a> {
    Weights {
        weight,
        depth: g.outputs,
        outputs: g.inputs,
        depth_pitch: g.inputs * 9,
        output_pitch: 9,
        turned: true,
        numbers: Numbers::F32,
    }
}

/// A convolution by tiles.
struct Tiling {
    g: Geometry,
    /// Tiles of the image, and of the result.
    image: Cut,
    result: Cut,
}

impl Tiling {
    fn new(g: &Geometry) -> Self {
        let tiles = (g.out_height.div_ceil(STEP), g.out_width.div_ceil(STEP));
        let image = Cut::new((g.height, g.width), g.padding, STEP + 2, tiles);
        let result = Cut::new((g.out_height, g.out_width), 0, STEP, tiles);
        Self { g: *g, image, result }
    }

    /// Images of the convolution.
    fn images<'a>(&'a self, x: &'a [f32], pairing: Pairing) -> Images<'a> {
        Images { cut: &self.image, numbers: x, channels: self.g.inputs, gradient: false, pairing }
    }

    /// The gradients of its results.
    fn gradients<'a>(&'a self, grad: &'a [f32], pairing: Pairing) -> Images<'a> {
        let channels = self.g.outputs;
        Images { cut: &self.result, numbers: grad, channels, gradient: true, pairing }
    }

    /// Strips of one image.
    fn strips(&self) -> usize {
        self.image.strips.len()
    }

    fn correlate(&self, x: &[f32], weights: Weights<'_>, bias: &[f32]) -> Vec<f32> {
        let batch = x.len() / self.g.image_numbers();
        let all = batch * self.strips();
        let work = |y: &mut [MaybeUninit<f32>]| {
            let y = To(y.as_mut_ptr().cast());
            let block = Block { tiling: self, strips: 0..all, x, weights, seen: None, bias, y: &y };
            if all <= self.block_strips(weights.tile()) {
                block.run();
            } else {
                self.run_blocks(&block);
            }
        };
        // SAFETY: the blocks make all strips of all outputs of all images.
        unsafe { written(batch * self.g.out_numbers(), work) }
    }

    /// Does the strips of `whole` in parts, with weights that are transformed once.
    fn run_blocks(&self, whole: &Block<'_>) {
        let (weights, strips) = (whole.weights, whole.strips.len());
        let (all, numbers) = (0..weights.steps(), weights.chunk_numbers(weights.steps()));
        scratch::with(&scratch::WEIGHTS, weights.chunks() * numbers, |seen| {
            let chunks = seen.chunks_exact_mut(numbers).enumerate();
            pool::for_each(chunks, |(at, chunk)| weights.transform(at * CHUNK, &all, chunk));
            let seen = Some(&*seen);
            let block = |strips: Range<usize>| Block { strips, seen, ..whole.clone() }.run();
            let (threads, most) = (pool::threads(), self.block_strips(weights.tile()));
            if strips >= threads * self.strips().min(2 * most) {
                // As many blocks for each thread.
                let rounds = strips.div_ceil(most * threads);
                pool::for_each(parts(strips, strips.div_ceil(rounds * threads)), block);
            } else {
                parts(strips, most).for_each(block);
            }
        });
    }

    /// Strips of all images that are done together, if a tile takes `width` numbers at each point.
    fn block_strips(&self, width: usize) -> usize {
        let tiles = (BLOCK_NUMBERS / (POINTS * width)).max(FEWEST_TILES);
        tiles.div_ceil(self.image.columns)
    }
}

/// The numbers below `count` in parts of `size`.
fn parts(count: usize, size: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
    (0..count).step_by(size.max(1)).map(move |first| first..count.min(first + size))
}

/// Strips that go through all steps together.
#[derive(Clone)]
struct Block<'a> {
    tiling: &'a Tiling,
    /// Counted through all images.
    strips: Range<usize>,
    x: &'a [f32],
    weights: Weights<'a>,
    /// The weights' chunks at all points, if others need them too.
    seen: Option<&'a [f32]>,
    bias: &'a [f32],
    y: &'a To,
}

impl Block<'_> {
    fn tiles(&self) -> usize {
        self.strips.len() * self.tiling.image.columns
    }

    /// The images, to be summed over their channels.
    fn images(&self) -> Images<'_> {
        let paired = self.weights.numbers == Numbers::Bf16;
        let pairing = if paired { Pairing::Channels } else { Pairing::None };
        self.tiling.images(self.x, pairing)
    }

    /// Transforms the image, then makes the results.
    fn run(&self) {
        let images = self.images();
        let numbers = POINTS * images.pitch(self.strips.len()).point;
        scratch::with(&scratch::TILES, numbers, |tiles| {
            images.transform(self.strips.clone(), tiles);
            if self.weights.numbers == Numbers::Whole {
                self.round(tiles);
            }
            pool::for_each_number(self.weights.chunks(), |chunk| self.chunk(chunk, tiles));
        });
    }

    /// Makes whole numbers of all tiles.
    fn round(&self, tiles: &mut [f32]) {
        let (pitch, channels) = (self.images().pitch(self.strips.len()), self.tiling.g.inputs);
        let points = tiles.chunks_exact_mut(pitch.point);
        pool::for_each(points, |point| {
            fixed::round_rows(&mut point[..self.tiles() * pitch.tile], channels, pitch.tile);
        });
    }

    /// Makes the results of a chunk of outputs from `tiles` (point, tile, input).
    fn chunk(&self, at: usize, tiles: &[f32]) {
        let weights = &self.weights;
        let (first, steps) = (at * CHUNK, weights.steps());
        let pitch = Pitch::new(self.tiles(), weights.width(first));
        scratch::with(&scratch::PRODUCTS, POINTS * pitch.point, |products| {
            if let Some(seen) = self.seen {
                let numbers = weights.chunk_numbers(steps);
                let seen = &seen[at * numbers..][..numbers];
                self.multiply(0..steps, seen, tiles, products, pitch);
            } else {
                scratch::with(&scratch::WEIGHTS, weights.chunk_numbers(STEPS), |seen| {
                    for steps in parts(steps, STEPS) {
                        weights.transform(first, &steps, seen);
                        self.multiply(steps, seen, tiles, products, pitch);
                    }
                });
            }
            self.take_back(first, products, pitch);
        });
    }

    /// Adds these steps of the sum to `products` (point, tile, output of the chunk), which the first of
    /// them begins.
    fn multiply(
        &self,
        steps: Range<usize>,
        weights: &[f32],
        tiles: &[f32],
        products: &mut [f32],
        pitch: Pitch,
    ) {
        let from = self.images().pitch(self.strips.len());
        let all = self.weights.steps();
        let points = tiles.chunks_exact(from.point).zip(products.chunks_exact_mut(pitch.point));
        for (point, (a, c)) in points.enumerate() {
            let b = &weights[point * spread(self.weights.rows(steps.len()) * pitch.tile)..];
            let units = match self.weights.numbers {
                Numbers::Whole => [
                    a[all + fixed::runs(steps.start)..].as_ptr(),
                    b[steps.len() * pitch.tile..].as_ptr(),
                ],
                _ => [std::ptr::null(); 2],
            };
            let product = Product {
                a: a[steps.start..].as_ptr(),
                a_row: from.tile,
                a_step: 1,
                b: b.as_ptr(),
                b_pitch: pitch.tile,
                c: c.as_mut_ptr(),
                c_pitch: pitch.tile,
                rows: self.tiles(),
                depth: steps.len(),
                width: pitch.tile,
                accumulate: steps.start > 0,
                units,
            };
            // SAFETY: all three are as large as said.
            unsafe { product.multiply(self.weights.numbers) }
        }
    }

    /// From `products` to the results of the chunk that begins with output `first`.
    fn take_back(&self, first: usize, products: &[f32], pitch: Pitch) {
        let (g, cut, width) = (&self.tiling.g, &self.tiling.result, pitch.tile);
        for at in 0..self.strips.len() {
            for lane in (0..width.min(g.outputs - first)).step_by(CHANNELS) {
                let (image, strip) = cut.place(self.strips.start + at);
                let first_channel = first + lane;
                let channels = CHANNELS.min(g.outputs - first_channel);
                let part = Part { strip, first_channel, channels };
                let from = products[at * cut.columns * width + lane..].as_ptr();
                let bias = self.bias(image, first_channel);
                let y = self.y.at(image * g.out_numbers());
                // SAFETY: the products hold all points of all tiles; these outputs of this strip of y
                // are nobody else's.
                unsafe { cut.take_back(from, pitch, &bias, part, y) }
            }
        }
    }

    /// What is added to sixteen outputs of an image.
    fn bias(&self, image: usize, first: usize) -> [f32; CHANNELS] {
        let outputs = self.tiling.g.outputs;
        let by_image = if self.bias.len() > outputs { image * outputs } else { 0 };
        let of = |lane: usize| {
            let output = first + lane;
            let at = (output < outputs).then_some(by_image + output);
            at.and_then(|at| self.bias.get(at)).copied().unwrap_or(0.0)
        };
        std::array::from_fn(of)
    }
}
