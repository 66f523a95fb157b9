//! Self-attention by blocks of queries. The weights of a block are computed, used and forgotten, in
//! the forward and again in the backward pass, so memory grows with the tokens, not their square
//! (Dao et al. 2022, arXiv 2205.14135, without its tiling of the keys: a row of scores fits the cache).

use std::cell::RefCell;

use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

use super::simd::{Simd, kernel};
use super::storage::{numbers, tensor, with_numbers};
use super::tile::{Dot, Outer, Packed, SLACK, TILE_WIDTH, dot, outer};

/// Self-attention over (batch, 3 x channels, tokens).
pub(super) struct Attention {
    pub heads: usize,
}

/// Queries that are looked at together.
const BLOCK: usize = 48;

/// Sizes of one head.
#[derive(Clone, Copy)]
struct Head {
    width: usize,
    tokens: usize,
    /// Tokens rounded up to whole tiles; what lies beyond is zero.
    pitch: usize,
}

impl Head {
    fn new(width: usize, tokens: usize) -> Self {
        Self { width, tokens, pitch: tokens.next_multiple_of(TILE_WIDTH) }
    }

    fn scale(&self) -> f32 {
        (1.0 / (self.width as f64).sqrt()) as f32
    }

    /// Where each channel's tokens begin in a padded copy.
    fn rows(&self, count: usize) -> Vec<usize> {
        (0..count).map(|row| row * self.pitch).collect()
    }

    /// A copy of (width, tokens) with rows padded by zeros.
    fn padded(&self, channels: &[f32]) -> Vec<f32> {
        let mut copy = vec![0.0; self.width * self.pitch + SLACK];
        for (to, from) in copy.chunks_mut(self.pitch).zip(channels.chunks_exact(self.tokens)) {
            to[..self.tokens].copy_from_slice(from);
        }
        copy
    }
}

/// Buffers for the queries of a block.
#[derive(Default)]
struct Scratch {
    packed: Packed,
    weights: Vec<f32>,
    slopes: Vec<f32>,
    out: Vec<f32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// The attention weights of queries `first..first + count` into `scratch.weights`: (count, pitch).
fn block_weights(
    head: &Head,
    q: &[f32],
    k: &[f32],
    first: usize,
    count: usize,
    scratch: &mut Scratch,
) {
    let scale = head.scale();
    scratch
        .packed
        .fill(count, head.width, |query, channel| q[channel * head.tokens + first + query] * scale);
    scratch.weights.resize(BLOCK * head.pitch + SLACK, 0.0);
    let rows = head.rows(head.width);
    let product = Outer {
        a: &scratch.packed,
        b: k,
        offsets: &rows,
        width: head.tokens,
        pitch: head.pitch,
        accumulate: false,
    };
    outer(&product, &mut scratch.weights);
    for row in scratch.weights.chunks_exact_mut(head.pitch).take(count) {
        row[head.tokens..].fill(f32::NEG_INFINITY);
        // SAFETY: rows are whole vectors long.
        unsafe { softmax(row) };
        row[head.tokens..].fill(0.0);
    }
}

kernel! { fn softmax(row: &mut [f32]) = softmax_body }

#[inline(always)]
unsafe fn softmax_body<V: Simd>(row: &mut [f32]) {
    let most = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // SAFETY: the row is a whole number of vectors long.
    unsafe {
        let mut sum = V::splat(0.0);
        for chunk in row.chunks_exact_mut(V::LANES) {
            let e = V::load(chunk.as_ptr()).sub(V::splat(most)).exp();
            sum = sum.add(e);
            e.store(chunk.as_mut_ptr());
        }
        let scale = V::splat(1.0 / sum.sum());
        for chunk in row.chunks_exact_mut(V::LANES) {
            V::load(chunk.as_ptr()).mul(scale).store(chunk.as_mut_ptr());
        }
    }
}

kernel! {
    /// slopes = weights x (slopes - pull) x scale: the gradient of the scores behind a softmax.
    fn score_slopes(slopes: &mut [f32], weights: &[f32], pull: f32, scale: f32) = score_slopes_body
}

#[inline(always)]
unsafe fn score_slopes_body<V: Simd>(slopes: &mut [f32], weights: &[f32], pull: f32, scale: f32) {
    // SAFETY: both rows are the same whole number of vectors long.
    unsafe {
        let (pull, scale) = (V::splat(pull), V::splat(scale));
        for (slope, weight) in slopes.chunks_exact_mut(V::LANES).zip(weights.chunks_exact(V::LANES))
        {
            let scaled = V::load(weight.as_ptr()).mul(scale);
            V::load(slope.as_ptr()).sub(pull).mul(scaled).store(slope.as_mut_ptr());
        }
    }
}

/// `out`: (width, tokens).
fn head_forward(head: &Head, [q, k, v]: [&[f32]; 3], out: &mut [f32]) {
    let (k, v) = (head.padded(k), head.padded(v));
    SCRATCH.with_borrow_mut(|scratch| {
        for first in (0..head.tokens).step_by(BLOCK) {
            let count = BLOCK.min(head.tokens - first);
            block_weights(head, q, &k, first, count, scratch);
            let rows = head.rows(count);
            scratch.out.resize(head.width * count, 0.0);
            let product = Dot {
                a: &v,
                a_pitch: head.pitch,
                a_image: 0,
                rows: head.width,
                b: &scratch.weights,
                offsets: &rows,
                b_image: 0,
                length: head.pitch,
                images: 1,
                pitch: count,
                accumulate: false,
            };
            dot(&product, &mut scratch.out);
            for (to, from) in out.chunks_exact_mut(head.tokens).zip(scratch.out.chunks_exact(count))
            {
                to[first..first + count].copy_from_slice(from);
            }
        }
    });
}

/// A product whose result runs along the keys and is added to what stands there.
fn over_keys<'a>(head: &Head, a: &'a Packed, b: &'a [f32], offsets: &'a [usize]) -> Outer<'a> {
    Outer { a, b, offsets, width: head.tokens, pitch: head.pitch, accumulate: true }
}

/// Gradients of queries, keys and values, each (width, tokens).
fn head_backward(head: &Head, [q, k, v]: [&[f32]; 3], grad: &[f32], slopes: [&mut [f32]; 3]) {
    let [dq, dk, dv] = slopes;
    let (padded_k, padded_v) = (head.padded(k), head.padded(v));
    let (mut sum_k, mut sum_v) = (vec![0.0; padded_k.len()], vec![0.0; padded_v.len()]);
    SCRATCH.with_borrow_mut(|scratch| {
        for first in (0..head.tokens).step_by(BLOCK) {
            let count = BLOCK.min(head.tokens - first);
            block_weights(head, q, &padded_k, first, count, scratch);
            let (channel_rows, query_rows) = (head.rows(head.width), head.rows(count));
            // Slopes of the weights, then, through the softmax, of the scores.
            scratch.packed.fill(count, head.width, |query, channel| {
                grad[channel * head.tokens + first + query]
            });
            scratch.slopes.resize(BLOCK * head.pitch + SLACK, 0.0);
            let product = Outer {
                accumulate: false,
                ..over_keys(head, &scratch.packed, &padded_v, &channel_rows)
            };
            outer(&product, &mut scratch.slopes);
            let rows = scratch.slopes.chunks_exact_mut(head.pitch);
            for (slopes, weights) in rows.zip(scratch.weights.chunks_exact(head.pitch)).take(count)
            {
                let pull = slopes.iter().zip(weights).map(|(s, w)| s * w).sum::<f32>();
                // SAFETY: rows are whole vectors long.
                unsafe { score_slopes(slopes, weights, pull, head.scale()) };
            }
            // Keys and values gather from all queries.
            scratch.packed.fill(head.width, count, |channel, query| {
                grad[channel * head.tokens + first + query]
            });
            outer(&over_keys(head, &scratch.packed, &scratch.weights, &query_rows), &mut sum_v);
            scratch
                .packed
                .fill(head.width, count, |channel, query| q[channel * head.tokens + first + query]);
            outer(&over_keys(head, &scratch.packed, &scratch.slopes, &query_rows), &mut sum_k);
            scratch.out.resize(head.width * count, 0.0);
            let product = Dot {
                a: &padded_k,
                a_pitch: head.pitch,
                a_image: 0,
                rows: head.width,
                b: &scratch.slopes,
                offsets: &query_rows,
                b_image: 0,
                length: head.pitch,
                images: 1,
                pitch: count,
                accumulate: false,
            };
            dot(&product, &mut scratch.out);
            for (to, from) in dq.chunks_exact_mut(head.tokens).zip(scratch.out.chunks_exact(count))
            {
                to[first..first + count].copy_from_slice(from);
            }
        }
    });
    for (slopes, sums) in [(dk, sum_k), (dv, sum_v)] {
        for (to, from) in slopes.chunks_exact_mut(head.tokens).zip(sums.chunks(head.pitch)) {
            to.copy_from_slice(&from[..head.tokens]);
        }
    }
}

impl Attention {
    fn head(&self, channels: usize, tokens: usize) -> Head {
        Head::new(channels / self.heads, tokens)
    }

    fn forward(&self, qkv: &[f32], channels: usize, tokens: usize) -> Vec<f32> {
        let head = self.head(channels, tokens);
        let size = head.width * tokens;
        let mut out = vec![0.0; qkv.len() / 3];
        out.par_chunks_mut(size).enumerate().for_each(|(at, out)| {
            head_forward(&head, self.parts(qkv, at, size), out);
        });
        out
    }

    /// Queries, keys and values of the head numbered through all images.
    fn parts<'a>(&self, qkv: &'a [f32], at: usize, size: usize) -> [&'a [f32]; 3] {
        let (image, head) = (at / self.heads, at % self.heads);
        std::array::from_fn(|part| &qkv[((image * 3 + part) * self.heads + head) * size..][..size])
    }

    fn backward(&self, qkv: &[f32], grad: &[f32], channels: usize, tokens: usize) -> Vec<f32> {
        let head = self.head(channels, tokens);
        let size = head.width * tokens;
        let mut slopes = vec![0.0; qkv.len()];
        slopes.par_chunks_mut(3 * channels * tokens).enumerate().for_each(|(image, slopes)| {
            let (dq, rest) = slopes.split_at_mut(channels * tokens);
            let (dk, dv) = rest.split_at_mut(channels * tokens);
            let heads =
                dq.par_chunks_mut(size).zip(dk.par_chunks_mut(size).zip(dv.par_chunks_mut(size)));
            heads.enumerate().for_each(|(at, (dq, (dk, dv)))| {
                let at = image * self.heads + at;
                let parts = self.parts(qkv, at, size);
                head_backward(&head, parts, &grad[at * size..][..size], [dq, dk, dv]);
            });
        });
        slopes
    }
}

impl CustomOp1 for Attention {
    fn name(&self) -> &'static str {
        "attention"
    }

    fn cpu_fwd(&self, qkv: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (batch, triple, tokens) = layout.shape().dims3()?;
        let out = self.forward(numbers(qkv, layout)?, triple / 3, tokens);
        Ok((CpuStorage::F32(out), (batch, triple / 3, tokens).into()))
    }

    fn bwd(&self, qkv: &Tensor, _out: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let (_, triple, tokens) = qkv.dims3()?;
        let grad = &grad.contiguous()?;
        let slopes =
            with_numbers(&[qkv, grad], |[qkv, grad]| self.backward(qkv, grad, triple / 3, tokens))?;
        Ok(Some(tensor(slopes, qkv.shape())?))
    }
}
