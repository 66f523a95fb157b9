//! The gradient of the weight: at each point, the sum over all tiles of image times gradient.

use super::cut::{POINTS, Pairing, Pitch};
use super::product::Product;
use super::weights::{self, CHUNK, TAPS, padded};
use super::{Tiling, parts};
use crate::conv::Geometry;
use crate::pool;
use crate::precision::Precision;
use crate::scratch;

/// Numbers of transformed tiles that should stay in the last cache.
const BLOCK_NUMBERS: usize = 1280 * 1024;

/// Inputs whose sums a thread makes at a time.
const INPUTS: usize = 64;

/// The gradient of the weight (outputs, inputs, 3, 3).
///
/// Threads share inputs and outputs, not the tiles: each sum runs in the order of the tiles.
pub(crate) fn weight_gradient(g: &Geometry, x: &[f32], grad: &[f32]) -> Vec<f32> {
    let pairs = Precision::current() == Precision::Bf16;
    let pairing = if pairs { Pairing::Strips } else { Pairing::None };
    let tiling = Tiling::new(g);
    let (images, gradients) = (tiling.images(x, pairing), tiling.gradients(grad, pairing));
    let (inputs, outputs) = (padded(g.inputs), padded(g.outputs));
    let (strips, columns) = (tiling.strips(), tiling.image.columns);
    let tile = POINTS * (inputs + outputs);
    let block = match pairs {
        true => (BLOCK_NUMBERS / (tile * columns)).max(1) * 2,
        false => (BLOCK_NUMBERS / (tile * columns)).max(1),
    };
    let mut sums = vec![0.0; g.inputs * TAPS * outputs];
    for strips in parts(x.len() / g.image_numbers() * strips, block) {
        let pitches = [&images, &gradients].map(|images| images.pitch(strips.len()));
        let [x_numbers, grad_numbers] = pitches.map(|pitch| POINTS * pitch.point);
        scratch::with(&scratch::TILES, x_numbers, |x_tiles| {
            scratch::with(&scratch::GRADIENT, grad_numbers, |grad_tiles| {
                let tiles = images.tiles(strips.len());
                images.transform(strips.clone(), x_tiles);
                gradients.transform(strips, grad_tiles);
                let block = Block { tiles, x: x_tiles, grad: grad_tiles, pitches, pairs };
                block.add_to(&mut sums, g.inputs);
            });
        });
    }
    weights::laid_out(&sums, g.inputs, g.outputs)
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
