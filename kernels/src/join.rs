//! Two images as one, with the channels of both.

use std::mem::MaybeUninit;

use candle_core::{Result, Shape, Tensor, bail};

use super::operation::{Array, Operation};
use super::storage::{tensor, with_numbers, written_chunks};

/// The channels of the first, then those of the second.
pub(super) struct Join;

/// Numbers of one image.
fn image(dims: &[usize]) -> usize {
    dims[1..].iter().product()
}

/// Fills `to` from the beginning of `from`.
fn copy(from: &[f32], to: &mut [MaybeUninit<f32>]) {
    let from = &from[..to.len()];
    for (to, from) in to.iter_mut().zip(from) {
        to.write(*from);
    }
}

impl Operation<2> for Join {
    const NAME: &'static str = "join";

    fn forward(&self, [a, b]: [Array; 2]) -> Result<(Vec<f32>, Shape)> {
        if a.dims[0] != b.dims[0] || a.dims[2..] != b.dims[2..] {
            bail!("images of {:?} and {:?} cannot be joined", a.dims, b.dims)
        }
        let (first, second) = (image(a.dims), image(b.dims));
        let image = |at: usize, to: &mut [_]| {
            let (to_first, to_second) = to.split_at_mut(first);
            copy(&a.numbers[at * first..], to_first);
            copy(&b.numbers[at * second..], to_second);
        };
        // SAFETY: both halves of every image are written.
        let joined = unsafe { written_chunks(first + second, a.dims[0], image) };
        let mut dims = a.dims.to_vec();
        dims[1] += b.dims[1];
        Ok((joined, dims.into()))
    }

    fn backward(
        &self,
        [a, b]: [&Tensor; 2],
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<[Option<Tensor>; 2]> {
        let (first, whole) = (image(a.dims()), image(grad.dims()));
        let part = |of: &Tensor, skip: usize| {
            let size = image(of.dims());
            let numbers = with_numbers(&[grad], |[grad]| {
                let part = |at: usize, to: &mut [_]| copy(&grad[at * whole + skip..], to);
                // SAFETY: every number of every part is written.
                unsafe { written_chunks(size, of.dims()[0], part) }
            })?;
            tensor(numbers, of.shape())
        };
        Ok([Some(part(a, 0)?), Some(part(b, first)?)])
    }
}
