//! The sum of two tensors, where a block goes around itself.

use super::operation::{Array, Known, Operation};
use super::pool;
use super::storage::{tensor, with_numbers};
use candle_core::{Result, Shape, Tensor};

/// Numbers a thread takes at a time.
const CHUNK: usize = 16 * 1024;

pub(super) struct Add;

impl Operation<2> for Add {
    const NAME: &'static str = "add";
    const NEEDS_INPUTS: bool = false;

    fn forward(&self, [a, b]: [Array; 2]) -> Result<(Vec<f32>, Shape)> {
        Ok((add(a.numbers, b.numbers), a.dims.into()))
    }

    fn backward(&self, _known: Known<2>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        Ok([Some(grad.clone()), Some(grad.clone())])
    }
}

/// The sum of two contiguous tensors of one shape, outside of any graph.
pub(super) fn plus(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if !super::on_cpu(&[a, b]) {
        return a + b;
    }
    let (a, b) = (&a.contiguous()?, &b.contiguous()?);
    tensor(with_numbers(&[a, b], |[a, b]| add(a, b))?, a.shape())
}

fn add(a: &[f32], b: &[f32]) -> Vec<f32> {
    let mut sum = Vec::with_capacity(a.len());
    let parts = a.chunks(CHUNK).zip(b.chunks(CHUNK));
    let spare = sum.spare_capacity_mut()[..a.len()].chunks_mut(CHUNK);
    pool::for_each(spare.zip(parts), |(sum, (a, b))| {
        for ((sum, a), b) in sum.iter_mut().zip(a).zip(b) {
            sum.write(a + b);
        }
    });
    // SAFETY: every number was written above.
    unsafe { sum.set_len(a.len()) }
    sum
}
