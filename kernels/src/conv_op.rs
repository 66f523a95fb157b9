//! The convolutions as operations of candle's graph.

use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor, bail};

use super::ConvShape;
use super::conv::{self, Geometry};
use super::storage::{numbers, tensor, with_numbers};

/// 2-D convolution with a bias of (1 or batch, outputs).
pub(super) struct Conv2d(pub ConvShape);

/// Transposed 2-D convolution with a bias of (1 or batch, outputs).
pub(super) struct ConvTranspose2d(pub ConvShape);

impl Conv2d {
    pub fn geometry(&self, x: &[usize], weight: &[usize]) -> Result<Geometry> {
        let (&[_, inputs, height, width], &[outputs, of, kernel, across]) = (x, weight) else {
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
        })
    }
}

/// Sums the gradient of each image's bias if all images share one.
fn bias_gradient(bias: &Tensor, grad: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = grad.dims4()?;
    let sums = with_numbers(&[grad], |[grad]| conv::bias_gradient(grad, height * width))?;
    let by_image = tensor(sums, (batch, channels))?;
    if bias.dim(0)? == 1 && batch > 1 { by_image.sum_keepdim(D::Minus2) } else { Ok(by_image) }
}

impl CustomOp3 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let g = self.geometry(x_layout.dims(), weight_layout.dims())?;
        let y = conv::forward(
            &g,
            numbers(x, x_layout)?,
            numbers(weight, weight_layout)?,
            numbers(bias, bias_layout)?,
        );
        let shape = (x_layout.dims()[0], g.outputs, g.out_height, g.out_width);
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let g = self.geometry(x.dims(), weight.dims())?;
        let grad = &grad.contiguous()?;
        let x_grad = x.track_op().then(|| {
            let numbers = with_numbers(&[grad, weight], |[grad, weight]| {
                conv::input_gradient(&g, grad, weight, &[])
            });
            tensor(numbers?, x.shape())
        });
        let weight_grad = with_numbers(&[x, grad], |[x, grad]| conv::weight_gradient(&g, x, grad))?;
        let weight_grad = tensor(weight_grad, weight.shape())?;
        Ok((x_grad.transpose()?, Some(weight_grad), Some(bias_gradient(bias, grad)?)))
    }
}

impl CustomOp3 for ConvTranspose2d {
    fn name(&self) -> &'static str {
        "conv-transpose2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let g = self.geometry(x_layout.dims(), weight_layout.dims())?;
        let y = conv::input_gradient(
            &g,
            numbers(x, x_layout)?,
            numbers(weight, weight_layout)?,
            numbers(bias, bias_layout)?,
        );
        let shape = (x_layout.dims()[0], g.inputs, g.height, g.width);
        Ok((CpuStorage::F32(y), shape.into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let g = self.geometry(x.dims(), weight.dims())?;
        let grad = &grad.contiguous()?;

        let x_grad =
            with_numbers(&[grad, weight], |[grad, weight]| conv::forward(&g, grad, weight, &[]))?;
        // Seen from the transposed side, what came out is the image and what went in the gradient.
        let weight_grad = with_numbers(&[grad, x], |[grad, x]| conv::weight_gradient(&g, grad, x))?;
        Ok((
            Some(tensor(x_grad, x.shape())?),
            Some(tensor(weight_grad, weight.shape())?),
            Some(bias_gradient(bias, grad)?),
        ))
    }
}
