//! Self-attention that never stores its weights (Dao et al. 2022, arXiv 2205.14135).
//!
//! One side of a tile of scores runs along the lanes of vectors, the other comes as single numbers
//! spread over all lanes: [`scores`] makes the tile in registers, [`spread`] adds it, weighted, to
//! sums along the lanes. The forward pass has queries in the lanes. The backward pass has keys there
//! for the gradients of keys and values, and channels for that of the queries, so that no sum ever
//! runs across lanes. What it needs of the forward pass is one number for each query.
//!
//! Channels come first in memory, so both sides are read where they lie.

mod backward;
mod forward;
mod half;
mod head;
mod rows;
mod tile;
mod tiled;
mod way;

use std::sync::OnceLock;

use candle_core::{Result, Shape, Tensor, bail};

use super::arithmetic::Numbers;
use super::operation::{Array, Known, Operation};
use super::stop::Wish;
use super::storage::{tensor, with_numbers};
use super::{matrix, pool};
use backward::KnownHead;
use head::{By, Head};

/// Channels of a head that are worth tiles of sixteen pairs, or whole numbers; fewer are multiplied in f32.
const FEWEST_CHANNELS: usize = 8;

/// Tokens that are worth whole numbers.
const FEWEST_TOKENS: usize = 256;

/// Self-attention over (batch, 3 x channels, …), whose pixels are the tokens.
pub(super) struct Attention {
    heads: usize,
    /// Base-2 logarithm of each query's sum of exponentials: (batch, heads, tokens).
    log_sums: OnceLock<Vec<f32>>,
}

impl Attention {
    pub fn new(heads: usize) -> Self {
        Self { heads, log_sums: OnceLock::new() }
    }

    fn head(&self, channels: usize, tokens: usize) -> Head {
        let width = channels / self.heads;
        let numbers = match Numbers::of_channels(width) {
            // Where tiles multiply pairs, vectors are slow at it; and tiles are slow where they are empty.
            Numbers::Bf16 if matrix::is_on() && width < FEWEST_CHANNELS => Numbers::F32,
            // Of few channels, or tokens, making whole numbers takes as long as they save.
            Numbers::Whole if width < FEWEST_CHANNELS || tokens < FEWEST_TOKENS => Numbers::F32,
            numbers => numbers,
        };
        Head { width, tokens, numbers }
    }

    /// The result, and what the backward pass wants to know.
    fn mix(&self, qkv: &[f32], channels: usize, tokens: usize) -> (Vec<f32>, Vec<f32>) {
        let head = self.head(channels, tokens);
        let size = head.width * tokens;
        assert!(qkv.len().is_multiple_of(3 * self.heads * size));
        let mut out = Vec::with_capacity(qkv.len() / 3);
        let mut log_sums = vec![0.0; qkv.len() / 3 / head.width];
        let spare = &mut out.spare_capacity_mut()[..qkv.len() / 3];
        let heads = spare.chunks_mut(size).zip(log_sums.chunks_mut(tokens)).enumerate();
        let wish = Wish::of_this_thread();
        let forward = match head.way() {
            By::Tiles => tiled::head_forward,
            By::Halves => half::head_forward,
            By::Vectors => forward::head_forward,
        };
        pool::for_each(heads, |(at, (out, log_sums))| {
            forward(head, self.parts(qkv, at, size), out, log_sums, &wish);
        });
        // SAFETY: every head was written above.
        unsafe { out.set_len(qkv.len() / 3) }
        (out, log_sums)
    }

    /// Queries, keys and values of the head numbered through all images.
    fn parts<'a>(&self, qkv: &'a [f32], at: usize, size: usize) -> [&'a [f32]; 3] {
        let (image, head) = (at / self.heads, at % self.heads);
        std::array::from_fn(|part| &qkv[((image * 3 + part) * self.heads + head) * size..][..size])
    }

    fn slopes(
        &self,
        [qkv, out, grad, log_sums]: [&[f32]; 4],
        channels: usize,
        tokens: usize,
    ) -> Vec<f32> {
        let head = self.head(channels, tokens);
        let size = head.width * tokens;
        let mut slopes = Vec::with_capacity(qkv.len());
        let spare = &mut slopes.spare_capacity_mut()[..qkv.len()];
        let heads = spare.chunks_mut(3 * channels * tokens).flat_map(|image| {
            let (dq, rest) = image.split_at_mut(channels * tokens);
            let (dk, dv) = rest.split_at_mut(channels * tokens);
            dq.chunks_mut(size).zip(dk.chunks_mut(size).zip(dv.chunks_mut(size)))
        });
        let backward = match head.way() {
            By::Tiles => tiled::head_backward,
            By::Halves => half::head_backward,
            By::Vectors => backward::head_backward,
        };
        pool::for_each(heads.enumerate(), |(at, (dq, (dk, dv)))| {
            let known = KnownHead {
                parts: self.parts(qkv, at, size),
                out: &out[at * size..][..size],
                grad: &grad[at * size..][..size],
                log_sums: &log_sums[at * tokens..][..tokens],
            };
            backward(head, &known, [dq, dk, dv]);
        });
        // SAFETY: every head of every image was written above.
        unsafe { slopes.set_len(qkv.len()) }
        slopes
    }
}

/// Batch, channels and tokens of (batch, 3 x channels, …).
fn sizes(qkv: &[usize]) -> Result<(usize, usize, usize)> {
    match qkv {
        [batch, triple, pixels @ ..] => Ok((*batch, triple / 3, pixels.iter().product())),
        _ => bail!("attention takes (batch, 3 x channels, …), not {qkv:?}"),
    }
}

impl Operation<1> for Attention {
    const NAME: &'static str = "attention";
    const NEEDS_RESULT: bool = true;

    fn forward(&self, [qkv]: [Array; 1]) -> Result<(Vec<f32>, Shape)> {
        let (batch, channels, tokens) = sizes(qkv.dims)?;
        if qkv.dims[1] != 3 * channels || !channels.is_multiple_of(self.heads) {
            bail!("{} channels do not make three times {} equal heads", qkv.dims[1], self.heads)
        }
        let (out, log_sums) = self.mix(qkv.numbers, channels, tokens);
        // An operation runs forward once; were it run again, the numbers would be the same.
        let _ = self.log_sums.set(log_sums);
        let dims = [&[batch, channels], &qkv.dims[2..]].concat();
        Ok((out, dims.into()))
    }

    fn backward(&self, known: Known<1>, grad: &Tensor) -> Result<[Option<Tensor>; 1]> {
        let ([qkv], out) = (known.inputs()?, known.result()?);
        let (_, channels, tokens) = sizes(qkv.dims())?;
        let Some(log_sums) = self.log_sums.get() else {
            bail!("attention has no backward pass before the forward one")
        };
        let slopes = with_numbers(&[qkv, out, grad], |[qkv, out, grad]| {
            self.slopes([qkv, out, grad, log_sums], channels, tokens)
        })?;
        Ok([Some(tensor(slopes, qkv.shape())?)])
    }
}
