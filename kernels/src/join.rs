//! Two images as one, with the channels of both.

use candle_core::{Result, Shape, Tensor, bail};

use super::operation::{Array, Operation};
use super::storage::{chunks, tensor, with_numbers};

/// The channels of the first, then those of the second.
pub(super) struct Join;

/// Numbers of one image.
fn image(dims: &[usize]) -> usize {
    dims[1..].iter().product()
}

impl Operation<2> for Join {
    const NAME: &'static str = "join";

    fn forward(&self, [a, b]: [Array; 2]) -> Result<(Vec<f32>, Shape)> {
        if a.dims[0] != b.dims[0] || a.dims[2..] != b.dims[2..] {
            bail!("images of {:?} and {:?} cannot be joined", a.dims, b.dims)
        }
        let (first, second) = (image(a.dims), image(b.dims));
        let joined = chunks(first + second, a.dims[0], |at, to| {
            to[..first].copy_from_slice(&a.numbers[at * first..][..first]);
            to[first..].copy_from_slice(&b.numbers[at * second..][..second]);
        });
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
                chunks(size, of.dims()[0], |at, to| {
                    to.copy_from_slice(&grad[at * whole + skip..][..size]);
                })
            })?;
            tensor(numbers, of.shape())
        };
        Ok([Some(part(a, 0)?), Some(part(b, first)?)])
    }
}
