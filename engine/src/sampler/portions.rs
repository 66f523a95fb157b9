//! Large batches, which go through the network a few images at a time.

use candle_core::Tensor;

use crate::model::Model;
use crate::{CancelToken, Result};

/// Pixels that go through the network at once: enough to keep it busy, few enough that the batch takes
/// no more memory than one large picture.
const MOST_PIXELS: usize = 1 << 20;

/// How many images of `pixels` each go through a network at once.
pub(crate) fn portion(pixels: usize) -> usize {
    images_within(MOST_PIXELS, pixels)
}

fn images_within(most_pixels: usize, pixels: usize) -> usize {
    (most_pixels / pixels.max(1)).max(1)
}

/// A network that can be stopped on its way.
pub(super) struct Portioned<'a> {
    pub model: &'a Model,
    cancel: &'a CancelToken,
    most_pixels: usize,
}

impl<'a> Portioned<'a> {
    pub fn new(model: &'a Model, cancel: &'a CancelToken) -> Self {
        Self { model, cancel, most_pixels: MOST_PIXELS }
    }

    /// As [`Model::predict`]: what the network tells of an image does not depend on its batch.
    pub fn predict(&self, x: &Tensor, timestep: f32, classes: Option<&Tensor>) -> Result<Tensor> {
        let (batch, _, height, width) = x.dims4()?;
        let most = images_within(self.most_pixels, height * width);
        if batch <= most {
            return self.cancel.unless(|| self.model.predict(x, timestep, classes));
        }
        let portion = |start: usize| {
            let cut =
                |tensor: &Tensor| tensor.narrow(0, start, most.min(batch - start))?.contiguous();
            let (x, classes) = (cut(x)?, classes.map(cut).transpose()?);
            self.cancel.unless(|| self.model.predict(&x, timestep, classes.as_ref()))
        };
        let answers: Vec<Tensor> = (0..batch).step_by(most).map(portion).collect::<Result<_>>()?;
        Ok(Tensor::cat(&answers, 0)?)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;
    use crate::noise::{Stream, gaussian_images};
    use crate::sampler::guidance::tests::model;

    #[test]
    fn portions_tell_what_the_whole_batch_tells_and_can_be_stopped() {
        let (model, cancel) = (model("0"), CancelToken::new());
        let x =
            gaussian_images(&[1, 2, 3, 4, 5], Stream::Start, 0, (1, 8, 8), &Device::Cpu).unwrap();
        let classes = Tensor::new(
            &[[1f32, 0., 0.], [0., 1., 0.], [0., 0., 1.], [0.5, 0.5, 0.], [0., 0., 0.]],
            &Device::Cpu,
        )
        .unwrap();
        let whole = Portioned::new(&model, &cancel);
        let numbers = |portioned: &Portioned, classes: Option<&Tensor>| {
            let answer = portioned.predict(&x, 300.0, classes).unwrap();
            answer.flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        for most_pixels in [1, 2 * 64, 3 * 64 + 1] {
            let portions = Portioned { most_pixels, ..Portioned::new(&model, &cancel) };
            for classes in [None, Some(&classes)] {
                assert_eq!(numbers(&portions, classes), numbers(&whole, classes), "{most_pixels}");
            }
        }
        cancel.cancel();
        let stopped = whole.predict(&x, 300.0, None);
        assert!(matches!(stopped, Err(crate::Error::Cancelled)), "{stopped:?}");
    }
}
