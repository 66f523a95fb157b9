//! The gradient of the weight: at each point, the sum over all tiles of image times gradient.

use std::ops::Range;

use super::cut::{Images, POINTS, Pairing, Pitch};
use super::product::Product;
use super::weights::{self, CHUNK, TAPS, padded};
use super::{Tiling, parts};
use crate::conv::Geometry;
use crate::pool;
use crate::precision::Precision;
use crate::scratch;

/// Numbers of transformed tiles that should stay in the last cache.
const BLOCK_NUMBERS: usize = 640 * 1024;

/// Inputs whose sums a thread makes at a time.
const INPUTS: usize = 64;

/// Tiles whose sums are worth a share of their own, and shares there are at most.
const FEWEST_TILES: usize = 128;
const MOST_SHARES: usize = 8;

/// The gradient of the weight (outputs, inputs, 3, 3).
///
/// Sums over a share of the strips each, added up in their order. How many follows from the batch alone,
/// so that the result does not depend on the number of threads.
pub(crate) fn weight_gradient(g: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let tiling = Tiling::new(g);
    let pairs = Precision::current() == Precision::Bf16;
    let pairing = if pairs { Pairing::Strips } else { Pairing::None };
    let way = Way { images: tiling.images(x, pairing), gradients: tiling.gradients(grad, pairing) };
    let strips = x.len() / g.image_numbers() * tiling.strips();
    let shares = (strips * tiling.image.columns / FEWEST_TILES).clamp(1, MOST_SHARES);
    let shares = parts(strips, strips.div_ceil(shares));
    // A share for each thread, or all threads for one.
    let sums: Vec<Vec<f32>> = match shares.len() < pool::threads() {
        true => shares.map(|strips| way.sums(strips)).collect(),
        false => pool::map(shares, |strips| way.sums(strips)),
    };
    let mut sums = sums.into_iter();
    let mut all = sums.next().unwrap_or_else(|| way.sums(0..0));
    add_all(&mut all, sums.as_slice());
    weights::laid_out(&all, g.inputs, g.outputs)
}

/// Adds the others to `sums`, in their order.
fn add_all(sums: &mut [f32], others: &[Vec<f32>]) {
    pool::for_each(sums.chunks_mut(ADDED_AT_ONCE).enumerate(), |(at, sums)| {
        for other in others {
            for (sum, other) in sums.iter_mut().zip(&other[at * ADDED_AT_ONCE..]) {
                *sum += other;
            }
        }
    });
}

/// Numbers that a thread adds at a time.
const ADDED_AT_ONCE: usize = 16 * 1024;

/// The images and the gradients of their results.
struct Way<'a> {
    images: Images<'a>,
    gradients: Images<'a>,
}

impl Way<'_> {
    /// Sums over these strips, a block at a time: for each chunk of outputs (input, tap, output).
    fn sums(&self, strips: Range<usize>) -> Vec<f32> {
        let Self { images, gradients } = self;
        let (inputs, outputs) = (images.channels, padded(gradients.channels));
        let tile = POINTS * (padded(inputs) + outputs);
        let block = (BLOCK_NUMBERS / (tile * images.cut.columns)).max(1) * images.pairing.strips();
        let mut sums = vec![0.0; inputs * TAPS * outputs];
        for part in parts(strips.len(), block) {
            let strips = strips.start + part.start..strips.start + part.end;
            let pitches = [images, gradients].map(|images| images.pitch(strips.len()));
            let [x_numbers, grad_numbers] = pitches.map(|pitch| POINTS * pitch.point);
            scratch::with(&scratch::TILES, x_numbers, |x_tiles| {
                scratch::with(&scratch::GRADIENT, grad_numbers, |grad_tiles| {
                    let (tiles, pairs) = (images.tiles(strips.len()), images.pairing.is_some());
                    images.transform(strips.clone(), x_tiles);
                    gradients.transform(strips, grad_tiles);
                    let block = Block { tiles, x: x_tiles, grad: grad_tiles, pitches, pairs };
                    block.add_to(&mut sums, inputs);
                });
            });
        }
        sums
    }
}

/// Tiles of images and of gradients.
struct Block<'a> {
    tiles: usize,
    x: &'a [f32],
    grad: &'a [f32],
    /// Of both.
    pitches: [Pitch; 2],
    /// Two tiles are one, in bf16.
    pairs: bool,
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
            let product = Product {
                a: self.x[point * x.point + input..].as_ptr(),
                a_row: 1,
                a_step: x.tile,
                b: self.grad[point * grad.point + output..].as_ptr(),
                b_pitch: grad.tile,
                c: products.as_mut_ptr(),
                c_pitch: pitch.tile,
                rows,
                depth: self.tiles,
                width: pitch.tile,
            };
            // SAFETY: tiles and products are as large as said.
            unsafe { product.multiply(self.pairs) }
        }
    }
}
