//! Two images as one, with the channels of both.

use std::mem::MaybeUninit;

use candle_core::{Result, Shape, Tensor, bail};

use super::operation::{Array, Known, Operation};
use super::storage::{tensor, with_numbers, written_chunks};

/// The channels of the first, of which there are so many, then those of the second.
pub(super) struct Join(pub usize);

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
    const NEEDS_INPUTS: bool = false;

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

    fn backward(&self, _known: Known<2>, grad: &Tensor) -> Result<[Option<Tensor>; 2]> {
        let (whole, skip) = (image(grad.dims()), self.0 * image(&grad.dims()[1..]));
        let part = |channels: usize, skip: usize| {
            let mut dims = grad.dims().to_vec();
            dims[1] = channels;
            let numbers = with_numbers(&[grad], |[grad]| {
                let part = |at: usize, to: &mut [_]| copy(&grad[at * whole + skip..], to);
                // SAFETY: every number of every part is written.
                unsafe { written_chunks(image(&dims), dims[0], part) }
            })?;
            tensor(numbers, dims)
        };
        let (first, all) = (self.0, grad.dims()[1]);
        Ok([Some(part(first, 0)?), Some(part(all - first, skip)?)])
    }
}
