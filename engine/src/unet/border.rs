//! What a convolution sees beyond the edge of an image.

use candle_core::Tensor;

use crate::Result;

/// What lies beyond the edges.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Border {
    #[default]
    Zeros,
    /// The opposite edge, so that copies of a picture can be laid side by side.
    Opposite,
}

/// `x` (batch, channels, height, width) with as many rows and columns of the opposite edge as asked
/// for, at most its size: (batch, channels, before + height + after, before + width + after).
pub(crate) fn wrapped(x: &Tensor, before: usize, after: usize) -> Result<Tensor> {
    let along = |x: &Tensor, dim: usize| -> Result<Tensor> {
        let length = x.dim(dim)?;
        let (last, first) = (x.narrow(dim, length - before, before)?, x.narrow(dim, 0, after)?);
        let parts: Vec<&Tensor> =
            [&last, x, &first].into_iter().filter(|part| part.elem_count() > 0).collect();
        Ok(Tensor::cat(&parts, dim)?)
    };
    along(&along(x, 2)?, 3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn opposite_edges_are_copied() {
        let x = Tensor::arange(0f32, 6.0, &Device::Cpu).unwrap().reshape((1, 1, 2, 3)).unwrap();
        let rows = wrapped(&x, 1, 2).unwrap().squeeze(0).unwrap().squeeze(0).unwrap();
        assert_eq!(
            rows.to_vec2::<f32>().unwrap(),
            [
                [5.0, 3.0, 4.0, 5.0, 3.0, 4.0],
                [2.0, 0.0, 1.0, 2.0, 0.0, 1.0],
                [5.0, 3.0, 4.0, 5.0, 3.0, 4.0],
                [2.0, 0.0, 1.0, 2.0, 0.0, 1.0],
                [5.0, 3.0, 4.0, 5.0, 3.0, 4.0],
            ]
        );
    }
}
