//! The gradient of the weight: at each point, the sum over all tiles of image times gradient.

use std::ops::Range;

use super::cut::{Images, POINTS, Pairing, Pitch};
use super::fixed;
use super::product::Product;
use super::weights::{self, CHUNK, TAPS, padded};
use super::{Tiling, parts};
use crate::arithmetic::Numbers;
use crate::conv::Geometry;
use crate::pool;
use crate::scratch;

/// Numbers of transformed tiles that should stay in the second-level cache, and the tiles that are worth the
/// way of their sums back to the weight.
const BLOCK_NUMBERS: usize = 320 * 1024;
const BLOCK_TILES: usize = 64;

/// Inputs whose sums a thread makes at a time.
const INPUTS: usize = 64;

/// Tiles whose sums are worth a share of their own, shares there are at most, and numbers of all their sums.
const FEWEST_TILES: usize = 128;
const MOST_SHARES: usize = 8;
const MOST_SUMS: usize = 8 * 1024 * 1024;

/// Tiles that are worth being made whole numbers of.
const FEWEST_ROUNDED: usize = 16;

/// The gradient of the weight (outputs, inputs, 3, 3).
///
/// Sums over a share of the strips each, added up in their order. How many follows from the sizes alone, so
/// that the result does not depend on the number of threads.
pub(crate) fn weight_gradient(g: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let tiling = Tiling::new(g);
    let numbers = Numbers::current();
    let pairing = if numbers == Numbers::Bf16 { Pairing::Strips } else { Pairing::None };
    let (images, gradients) = (tiling.images(x, pairing), tiling.gradients(grad, pairing));
    let way = Way { images, gradients, numbers };
    let shares = way.shares(x.len() / g.image_numbers() * tiling.strips());
    let sums = if shares.len() < pool::threads() {
        // All threads for one.
        sum(shares.map(|strips| way.sums(strips)))
    } else {
        sum(pool::map(shares, |strips| way.sums(strips)).into_iter())
    };
    let sums = sums.unwrap_or_else(|| vec![0.0; way.numbers()]);
    weights::laid_out(&sums, g.inputs, g.outputs)
}

/// All shares in one, if there are any.
fn sum(shares: impl Iterator<Item = Vec<f32>>) -> Option<Vec<f32>> {
    let add_to = |mut sums: Vec<f32>, share: Vec<f32>| {
        add(&mut sums, &share);
        sums
    };
    shares.reduce(add_to)
}

/// Adds `others` to `sums`.
fn add(sums: &mut [f32], others: &[f32]) {
    let parts = sums.chunks_mut(ADDED_AT_ONCE).zip(others.chunks(ADDED_AT_ONCE));
    pool::for_each(parts, |(sums, others)| {
        for (sum, other) in sums.iter_mut().zip(others) {
            *sum += other;
        }
    });
}

/// Numbers that a thread adds at a time.
const ADDED_AT_ONCE: usize = 16 * 1024;

/// The images and the gradients of their results, and how both are multiplied.
struct Way<'a> {
    images: Images<'a>,
    gradients: Images<'a>,
    numbers: Numbers,
}

impl Way<'_> {
    /// Numbers of the sums: (chunk of outputs, input, tap, output).
    fn numbers(&self) -> usize {
        self.images.channels * TAPS * padded(self.gradients.channels)
    }

    /// Shares of so many strips: one, two, four or eight, as most processors have threads, of whole pairs.
    fn shares(&self, strips: usize) -> impl ExactSizeIterator<Item = Range<usize>> {
        let worth = strips * self.images.cut.columns / FEWEST_TILES;
        let most = worth.min(MOST_SUMS / self.numbers()).clamp(1, MOST_SHARES);
        let share = strips.div_ceil(1 << most.ilog2());
        parts(strips, share.next_multiple_of(self.images.pairing.strips()))
    }

    /// Sums over these strips, a block at a time.
    fn sums(&self, strips: Range<usize>) -> Vec<f32> {
        let Self { images, gradients, numbers } = self;
        let (inputs, outputs) = (images.channels, padded(gradients.channels));
        let tile = POINTS * (padded(inputs) + outputs);
        let tiles = (BLOCK_NUMBERS / tile).max(BLOCK_TILES);
        let block = tiles.div_ceil(images.cut.columns) * images.pairing.strips();
        let mut sums = vec![0.0; self.numbers()];
        for part in parts(strips.len(), block) {
            let strips = strips.start + part.start..strips.start + part.end;
            let pitches = [images, gradients].map(|images| images.pitch(strips.len()));
            let [x_numbers, grad_numbers] = pitches.map(|pitch| POINTS * pitch.point);
            scratch::with(&scratch::TILES, x_numbers, |x_tiles| {
                scratch::with(&scratch::GRADIENT, grad_numbers, |grad_tiles| {
                    let mut tiles = images.tiles(strips.len());
                    images.transform(strips.clone(), x_tiles);
                    gradients.transform(strips, grad_tiles);
                    let mut numbers = *numbers;
                    if numbers == Numbers::Whole && tiles < FEWEST_ROUNDED {
                        numbers = Numbers::F32;
                    } else if numbers == Numbers::Whole {
                        round(tiles, [&mut *x_tiles, &mut *grad_tiles], pitches);
                        tiles = tiles.div_ceil(2);
                    }
                    let (x, grad) = (&*x_tiles, &*grad_tiles);
                    Block { tiles, x, grad, pitches, numbers }.add_to(&mut sums, inputs);
                });
            });
        }
        sums
    }
}

/// Makes whole numbers of so many tiles of images and of gradients.
fn round(tiles: usize, sides: [&mut [f32]; 2], pitches: [Pitch; 2]) {
    for (numbers, pitch) in sides.into_iter().zip(pitches) {
        pool::for_each(numbers.chunks_exact_mut(pitch.point), |point| {
            fixed::round_columns(&mut point[..tiles * pitch.tile], pitch.tile);
        });
    }
}

/// Tiles of images and of gradients.
struct Block<'a> {
    /// How many, or how many pairs.
    tiles: usize,
    x: &'a [f32],
    grad: &'a [f32],
    /// Of both.
    pitches: [Pitch; 2],
    numbers: Numbers,
}

impl Block<'_> {
    /// `sums`: for each chunk of outputs (input, tap, output).
    fn add_to(&self, sums: &mut [f32], inputs: usize) {
        let parts = sums.chunks_mut(inputs * TAPS * CHUNK).enumerate().flat_map(|(chunk, sums)| {
            let width = sums.len() / (inputs * TAPS);
            let inputs = sums.chunks_mut(INPUTS * TAPS * width).enumerate();
            inputs.map(move |(at, sums)| (at * INPUTS, chunk * CHUNK, width, sums))
        });
        pool::for_each(parts, |(input, output, width, sums)| {
            let rows = sums.len() / (TAPS * width);
            let pitch = Pitch::new(rows, width);
            scratch::with(&scratch::PRODUCTS, POINTS * pitch.point, |products| {
                self.multiply(input, output, products, pitch, rows);
                weights::add_gradient(products, pitch.point, width, sums);
            });
        });
    }

    /// `products`: (point, input, output), of so many inputs.
    fn multiply(
        &self,
        input: usize,
        output: usize,
        products: &mut [f32],
        pitch: Pitch,
        rows: usize,
    ) {
        let [x, grad] = self.pitches;
        for (point, products) in products.chunks_exact_mut(pitch.point).enumerate() {
            let (a, b) =
                (&self.x[point * x.point + input..], &self.grad[point * grad.point + output..]);
            let units = match self.numbers {
                Numbers::Whole => {
                    [a[self.tiles * x.tile..].as_ptr(), b[self.tiles * grad.tile..].as_ptr()]
                }
                _ => [std::ptr::null(); 2],
            };
            let product = Product {
                a: a.as_ptr(),
                a_row: 1,
                a_step: x.tile,
                b: b.as_ptr(),
                b_pitch: grad.tile,
                c: products.as_mut_ptr(),
                c_pitch: pitch.tile,
                rows,
                depth: self.tiles,
                width: pitch.tile,
                accumulate: false,
                units,
            };
            // SAFETY: tiles and products are as large as said.
            unsafe { product.multiply(self.numbers) }
        }
    }
}
