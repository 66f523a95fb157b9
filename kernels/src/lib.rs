//! The operations a U-Net spends its time in, each behind candle's custom-op traits with its own
//! backward pass, and each with a twin in [`plain`] that tests compare it with.
//!
//! The kernels run on f32 tensors on the CPU; anything else takes the plain way.

#![expect(unsafe_code, reason = "the only place for it: each block says why it is sound")]

mod add;
mod attention;
mod conv;
mod conv_op;
mod memory;
mod norm;
mod optimizer;
pub mod plain;
mod reduce;
pub mod simd;
mod storage;
mod threads;
mod tile;
mod transpose;

pub use memory::{keep_memory, release_memory};
pub use optimizer::{AdamStep, adam, ema, square_sum};
pub use threads::use_one_pool;

use candle_core::{DType, Result, Tensor};

/// Kernel size is the weight's; this is how the window moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvShape {
    pub stride: usize,
    pub padding: usize,
}

/// 2-D convolution. `x`: (batch, in, height, width), `weight`: (out, in, kernel, kernel),
/// `bias`: (1 or batch, out).
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: &Tensor, shape: ConvShape) -> Result<Tensor> {
    // The gradient of the input wants windows that are whole strides wide.
    if !on_cpu(&[x, weight, bias]) || weight.dim(2)? % shape.stride != 0 {
        return plain::conv2d(x, weight, bias, shape);
    }
    let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
    x.apply_op3(&weight, &bias, conv_op::Conv2d(shape))
}

/// Transposed 2-D convolution. `weight`: (in, out, kernel, kernel), `bias`: (1 or batch, out).
pub fn conv_transpose2d(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    shape: ConvShape,
) -> Result<Tensor> {
    if !on_cpu(&[x, weight, bias]) {
        return plain::conv_transpose2d(x, weight, bias, shape);
    }
    let (x, weight, bias) = (x.contiguous()?, weight.contiguous()?, bias.contiguous()?);
    x.apply_op3(&weight, &bias, conv_op::ConvTranspose2d(shape))
}

/// `x` (batch, in) times `weight` (out, in) transposed, plus `bias` (out): (batch, out).
///
/// Runs as a 1x1 convolution over one image whose pixels are the batch, so that a row's result
/// does not depend on how many rows there are.
pub fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (batch, inputs) = x.dims2()?;
    let pixels = x.t()?.reshape((1, inputs, 1, batch))?;
    let kernel = weight.unsqueeze(2)?.unsqueeze(3)?;
    let shape = ConvShape { stride: 1, padding: 0 };
    conv2d(&pixels, &kernel, &bias.unsqueeze(0)?, shape)?.reshape(((), batch))?.t()
}

/// The sum of two tensors of one shape.
pub fn add(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !on_cpu(&[a, b]) || a.shape() != b.shape() {
        return a + b;
    }
    a.contiguous()?.apply_op2(&b.contiguous()?, add::Add)
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
    let (x, gamma, beta) = (x.contiguous()?, gamma.contiguous()?, beta.contiguous()?);
    x.apply_op3(&gamma, &beta, norm::GroupNorm { groups, eps, silu })
}

/// Scaled dot-product self-attention over (batch, 3 x channels, tokens), queries, keys, values.
pub fn attention(qkv: &Tensor, heads: usize) -> Result<Tensor> {
    if !on_cpu(&[qkv]) {
        return plain::attention(qkv, heads);
    }
    qkv.contiguous()?.apply_op1(attention::Attention::new(heads))
}

/// Whether the CPU kernels can take these tensors.
fn on_cpu(tensors: &[&Tensor]) -> bool {
    tensors.iter().all(|tensor| tensor.device().is_cpu() && tensor.dtype() == DType::F32)
}
