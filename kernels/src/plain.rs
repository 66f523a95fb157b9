//! The operations in candle's own, differentiable terms: what runs on a GPU, and the twin that each
//! CPU kernel is compared with.

use candle_core::{D, Result, Tensor};

use super::ConvShape;
use super::square::check_halves;

/// 2-D convolution. `bias`: (1 or batch, out channels).
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, shape: ConvShape) -> Result<Tensor> {
    let weight = if weight.rank() == 2 { &weight.unsqueeze(2)?.unsqueeze(3)? } else { weight };
    let y = x.conv2d(weight, shape.padding, shape.stride, 1, 1)?;
    y.broadcast_add(&over_pixels(bias)?)
}

/// (out) or (1 or batch, out) as (1 or batch, out, 1, 1).
fn over_pixels(bias: &Tensor) -> Result<Tensor> {
    bias.reshape(((), bias.dim(D::Minus1)?, 1, 1))
}

/// `x` (batch, in) times `weight` (out, in) transposed, plus `bias` (out).
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    x.matmul(&weight.t()?)?.broadcast_add(bias)
}

/// Transposed 2-D convolution. `weight`: (in, out, kernel, kernel); `bias`: (1 or batch, out channels).
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    shape: ConvShape,
) -> Result<Tensor> {
    let y = x.conv_transpose2d(weight, shape.padding, 0, shape.stride, 1)?;
    y.broadcast_add(&over_pixels(bias)?)
}

/// The mean of each square of 2x2 pixels of (batch, channels, height, width), both even.
pub fn halve(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    check_halves(height, width)?;
    let (height, width) = (height / 2, width / 2);
    let squares = x.reshape((batch * channels * height, 2, width, 2))?;
    squares.mean((1, 3))?.reshape((batch, channels, height, width))
}

/// Each pixel of (batch, channels, height, width) as a square of 2x2.
pub fn double(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let rows = batch * channels * height;
    let squares = x.reshape((rows, 1, width, 1))?.broadcast_as((rows, 2, width, 2))?;
    squares.reshape((batch, channels, 2 * height, 2 * width))
}

/// Group normalisation over (batch, channels, …), with SiLU behind it if `silu`.
pub fn group_norm(
    x: &Tensor,
    gamma: &Tensor,
    beta: &Tensor,
    groups: usize,
    eps: f64,
    silu: bool,
) -> Result<Tensor> {
    let (batch, channels) = (x.dim(0)?, x.dim(1)?);
    let grouped = x.reshape((batch, groups, ()))?;
    let centred = grouped.broadcast_sub(&grouped.mean_keepdim(D::Minus1)?)?;
    let variance = centred.sqr()?.mean_keepdim(D::Minus1)?;
    let normed =
        centred.broadcast_div(&(variance + eps)?.sqrt()?)?.reshape((batch, channels, ()))?;
    let affine = normed
        .broadcast_mul(&gamma.reshape((1, channels, 1))?)?
        .broadcast_add(&beta.reshape((1, channels, 1))?)?
        .reshape(x.shape())?;
    if silu { affine.silu() } else { Ok(affine) }
}

/// Scaled dot-product self-attention. `qkv`: (batch, 3 x channels, …), queries first, whose pixels are
/// the tokens; each head owns a run of channels. Gives (batch, channels, …).
pub fn attention(qkv: &Tensor, heads: usize) -> Result<Tensor> {
    let mut dims = qkv.dims().to_vec();
    let (batch, triple, tokens) = qkv.flatten_from(2)?.dims3()?;
    let channels = triple / 3;
    let width = channels / heads;
    let split = qkv.reshape((batch, 3, heads, width, tokens))?;
    let part = |index| split.narrow(1, index, 1)?.squeeze(1)?.transpose(2, 3)?.contiguous();
    let (q, k, v) = (part(0)?, part(1)?, part(2)?); // (batch, heads, tokens, width)
    let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? / (width as f64).sqrt())?;
    let weights = candle_nn::ops::softmax(&scores, D::Minus1)?;
    dims[1] = channels;
    weights.matmul(&v)?.transpose(2, 3)?.reshape(dims)
}
