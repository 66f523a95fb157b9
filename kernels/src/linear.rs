//! A linear layer, as a convolution of one image whose pixels are the batch.

use candle_core::{Result, Shape, Tensor, bail};

use super::conv::{self, Geometry};
use super::operation::{Array, Known, Operation};
use super::storage::{tensor, with_numbers};
use super::tap_sums;
use super::transpose::transpose;

/// (batch, in) times (out, in) transposed, plus (out).
pub(super) struct Linear;

fn geometry(x: &[usize], weight: &[usize]) -> Result<Geometry> {
    let (&[batch, inputs], &[outputs, of]) = (x, weight) else {
        bail!("a linear layer takes two dimensions, not {x:?} and {weight:?}")
    };
    if of != inputs {
        bail!("a linear layer of {x:?} with {weight:?} is not possible")
    }
    Ok(Geometry {
        inputs,
        outputs,
        height: 1,
        width: batch,
        out_height: 1,
        out_width: batch,
        kernel: 1,
        stride: 1,
        padding: 0,
        apart: true,
    })
}

/// (rows, columns) to (columns, rows).
fn turned(numbers: &[f32], rows: usize) -> Vec<f32> {
    let columns = numbers.len() / rows.max(1);
    let mut to = vec![0.0; numbers.len()];
    transpose(numbers, (rows, columns), columns, &mut to, rows);
    to
}

impl Operation<3> for Linear {
    const NAME: &'static str = "linear";

    fn forward(&self, [x, weight, bias]: [Array; 3]) -> Result<(Vec<f32>, Shape)> {
        let g = geometry(x.dims, weight.dims)?;
        let y = conv::forward(&g, &turned(x.numbers, g.width), weight.numbers, bias.numbers);
        Ok((turned(&y, g.outputs), (g.width, g.outputs).into()))
    }

    fn backward(&self, known: Known<3>, grad: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let [x, weight, bias] = known.inputs()?;
        let g = geometry(x.dims(), weight.dims())?;
        with_numbers(&[x, weight, grad], |[x_numbers, weight_numbers, grad]| {
            let pixels = turned(grad, g.width);
            let x_grad = x.track_op().then(|| {
                let by_pixel = conv::input_gradient(&g, &pixels, weight_numbers);
                tensor(turned(&by_pixel, g.inputs), x.shape())
            });
            let weight_grad = tap_sums::weight_gradient(&g, &turned(x_numbers, g.width), &pixels);
            Ok([
                x_grad.transpose()?,
                Some(tensor(weight_grad, weight.shape())?),
                Some(tensor(tap_sums::bias_gradient(&pixels, g.width), bias.shape())?),
            ])
        })?
    }
}
