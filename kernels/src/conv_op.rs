//! The convolutions as operations.

use candle_core::{D, Result, Shape, Tensor, bail};

use super::ConvShape;
use super::conv::{self, Geometry};
use super::operation::{Array, Known, Operation};
use super::storage::{tensor, with_numbers};
use super::tap_sums::{bias_gradient as bias_sums, weight_gradient};

/// 2-D convolution with a bias of (outputs), (1, outputs) or (batch, outputs).
pub(super) struct Conv2d(pub ConvShape);

/// Transposed 2-D convolution, with such a bias.
pub(super) struct ConvTranspose2d(pub ConvShape);

impl Conv2d {
    pub fn geometry(&self, x: &[usize], weight: &[usize]) -> Result<Geometry> {
        let (&[_, inputs, height, width], Some([outputs, of, kernel, across])) = (x, four(weight))
        else {
            bail!("a convolution takes four dimensions, not {x:?} and {weight:?}")
        };
        let ConvShape { stride, padding } = self.0;
        if of != inputs || across != kernel || height.min(width) + 2 * padding < kernel {
            bail!("a convolution of {x:?} with {weight:?} is not possible")
        }
        Ok(Geometry {
            inputs,
            outputs,
            height,
            width,
            out_height: (height + 2 * padding - kernel) / stride + 1,
            out_width: (width + 2 * padding - kernel) / stride + 1,
            kernel,
            stride,
            padding,
            apart: false,
        })
    }
}

impl ConvTranspose2d {
    /// Of the convolution that this one is the transpose of: its outputs are our inputs.
    pub fn geometry(&self, x: &[usize], weight: &[usize]) -> Result<Geometry> {
        let (&[_, inputs, height, width], &[of, outputs, kernel, across]) = (x, weight) else {
            bail!("a transposed convolution takes four dimensions, not {x:?} and {weight:?}")
        };
        let ConvShape { stride, padding } = self.0;
        if of != inputs || across != kernel || kernel % stride != 0 || kernel < 2 * padding {
            bail!("a transposed convolution of {x:?} with {weight:?} is not possible")
        }
        let grown = |size: usize| (size - 1) * stride + kernel - 2 * padding;
        Ok(Geometry {
            inputs: outputs,
            outputs: inputs,
            height: grown(height),
            width: grown(width),
            out_height: height,
            out_width: width,
            kernel,
            stride,
            padding,
            apart: false,
        })
    }
}

/// A weight of two dimensions is that of windows of one pixel.
fn four(weight: &[usize]) -> Option<[usize; 4]> {
    match *weight {
        [outputs, inputs] => Some([outputs, inputs, 1, 1]),
        [outputs, inputs, height, width] => Some([outputs, inputs, height, width]),
        _ => None,
    }
}

/// The gradient of `bias`: that of each image's, summed if all images share one.
fn bias_gradient(bias: &Tensor, by_image: Vec<f32>, grad: &Tensor) -> Result<Tensor> {
    let (batch, channels) = (grad.dims()[0], grad.dims()[1]);
    let by_image = tensor(by_image, (batch, channels))?;
    match bias.dims() {
        [_] => by_image.sum(0),
        [1, _] if batch > 1 => by_image.sum_keepdim(D::Minus2),
        _ => Ok(by_image),
    }
}

/// What `work` makes of the numbers of two tensors, in `shape`.
fn made(
    of: [&Tensor; 2],
    shape: &Shape,
    work: impl FnOnce(&[f32], &[f32]) -> Vec<f32>,
) -> Result<Tensor> {
    tensor(with_numbers(&of, |[a, b]| work(a, b))?, shape)
}

impl Operation<3> for Conv2d {
    const NAME: &'static str = "conv2d";

    fn forward(&self, [x, weight, bias]: [Array; 3]) -> Result<(Vec<f32>, Shape)> {
        let g = self.geometry(x.dims, weight.dims)?;
        let y = conv::forward(&g, x.numbers, weight.numbers, bias.numbers);
        Ok((y, (x.dims[0], g.outputs, g.out_height, g.out_width).into()))
    }

    fn backward(&self, known: Known<3>, grad: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let [x, weight, bias] = known.inputs()?;
        let g = self.geometry(x.dims(), weight.dims())?;
        let gradients =
            with_numbers(&[x, weight, grad], |numbers| conv::gradients(&g, numbers, x.track_op()))?;
        let x_grad = gradients.x.map(|numbers| tensor(numbers, x.shape()));
        let weight_grad = tensor(gradients.weight, weight.shape())?;
        let bias_grad = bias_gradient(bias, gradients.bias, grad)?;
        Ok([x_grad.transpose()?, Some(weight_grad), Some(bias_grad)])
    }
}

impl Operation<3> for ConvTranspose2d {
    const NAME: &'static str = "conv-transpose2d";

    fn forward(&self, [x, weight, bias]: [Array; 3]) -> Result<(Vec<f32>, Shape)> {
        let g = self.geometry(x.dims, weight.dims)?;
        let y = conv::transposed(&g, x.numbers, weight.numbers, bias.numbers);
        Ok((y, (x.dims[0], g.inputs, g.height, g.width).into()))
    }

    fn backward(&self, known: Known<3>, grad: &Tensor) -> Result<[Option<Tensor>; 3]> {
        let [x, weight, bias] = known.inputs()?;
        let g = self.geometry(x.dims(), weight.dims())?;
        let back = |grad: &[f32], weight: &[f32]| conv::forward(&g, grad, weight, &[]);
        let x_grad = x.track_op().then(|| made([grad, weight], x.shape(), back));
        // Seen from the transposed side, what came out is the image and what went in the gradient.
        let by_weight = |grad: &[f32], x: &[f32]| weight_gradient(&g, grad, x);
        let weight_grad = made([grad, x], weight.shape(), by_weight)?;
        let by_image = with_numbers(&[grad], |[grad]| bias_sums(grad, g.height * g.width))?;
        Ok([x_grad.transpose()?, Some(weight_grad), Some(bias_gradient(bias, by_image, grad)?)])
    }
}
