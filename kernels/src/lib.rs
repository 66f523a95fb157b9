//! The operations a U-Net spends its time in, each with its own backward pass and with a twin in
//! [`plain`] that tests compare it with. What runs under [`record`] is differentiated by a [`Tape`],
//! anything else by candle's graph.
//!
//! The kernels run on f32 tensors on the CPU; anything else takes the plain way.

#![expect(unsafe_code, reason = "the only place for it: each block says why it is sound")]

mod add;
mod arithmetic;
mod attention;
mod conv;
mod conv_op;
mod half_precision;
mod join;
mod lanes;
mod level;
mod linear;
mod lines;
pub mod matrix;
mod memory;
mod norm;
mod operation;
mod optimizer;
mod packed;
mod pairs;
mod parts;
pub mod plain;
mod pointwise;
mod pool;
mod precision;
mod prefetch;
mod reduce;
mod rows;
mod scratch;
pub mod simd;
mod spread;
mod square;
mod stop;
mod storage;
mod tap_sums;
mod tape;
mod threads;
mod tile;
mod transpose;
mod whole;
mod window;
mod winograd;

pub use arithmetic::Pairs;
pub use half_precision::HalfPrecision;
pub use memory::{keep_memory, release_memory};
pub use optimizer::{AdamStep, adam, ema, square_sum};
pub use parts::fold_parts;
pub use pool::threads;
pub use precision::Precision;
pub use stop::unless;
pub use tape::{Gradients, Tape, record};
pub use threads::use_one_pool;

use candle_core::{DType, Result, Tensor};
use operation::{apply1, apply2, apply3};

/// Kernel size is the weight's; this is how the window moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    pub stride: usize,
    pub padding: usize,
}

/// 2-D convolution. `x`: (batch, in, height, width), `weight`: (out, in, kernel, kernel) or (out, in),
/// `bias`: (out) or (1 or batch, out).
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, shape: ConvShape) -> Result<Tensor> {
    // The gradient of the input wants windows that are whole strides wide.
    if !on_cpu(&[x, weight, bias])
        || !weight.dims().get(2).unwrap_or(&1).is_multiple_of(shape.stride)
    {
        return plain::conv2d(x, weight, bias, shape);
    }
    apply3(conv_op::Conv2d(shape), x, weight, bias)
}

/// Transposed 2-D convolution. `weight`: (in, out, kernel, kernel), `bias`: (out) or (1 or batch,
/// out).
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    shape: ConvShape,
) -> Result<Tensor> {
    if !on_cpu(&[x, weight, bias]) {
        return plain::conv_transpose2d(x, weight, bias, shape);
    }
    apply3(conv_op::ConvTranspose2d(shape), x, weight, bias)
}

/// `x` (batch, in) times `weight` (out, in) transposed, plus `bias` (out): (batch, out). A row's
/// result does not depend on how many rows there are.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x, weight, bias]) {
        return plain::linear(x, weight, bias);
    }
    apply3(linear::Linear, x, weight, bias)
}

/// The channels of `a` (batch, channels, …), then those of `b`.
pub fn join(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[a, b]) || a.rank() < 3 || a.rank() != b.rank() {
        return Tensor::cat(&[a, b], 1);
    }
    apply2(join::Join(a.dims()[1]), a, b)
}

/// The mean of each square of 2x2 pixels: (batch, channels, height, width), both even, to (batch,
/// channels, height / 2, width / 2).
pub fn halve(x: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x]) {
        return plain::halve(x);
    }
    apply1(square::Halve, x)
}

/// Each pixel as a square of 2x2: (batch, channels, height, width) to (batch, channels, 2 height,
/// 2 width).
pub fn double(x: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[x]) {
        return plain::double(x);
    }
    apply1(square::Double, x)
}

/// The sum of two tensors of one shape.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[a, b]) || a.shape() != b.shape() {
        return a + b;
    }
    apply2(add::Add, a, b)
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
    if !on_cpu(&[x, gamma, beta]) {
        return plain::group_norm(x, gamma, beta, groups, eps, silu);
    }
    apply3(norm::GroupNorm { groups, eps, silu }, x, gamma, beta)
}

/// Scaled dot-product self-attention over (batch, 3 x channels, …), queries, keys, values; the pixels
/// are the tokens. Gives (batch, channels, …).
pub fn attention(qkv: &Tensor, heads: usize) -> Result<Tensor> {
    if !on_cpu(&[qkv]) {
        return plain::attention(qkv, heads);
    }
    apply1(attention::Attention::new(heads), qkv)
}

/// Whether the CPU kernels can take these tensors.
fn on_cpu(tensors: &[&Tensor]) -> bool {
    tensors.iter().all(|tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32)
}
