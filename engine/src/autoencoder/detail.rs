//! How far two pictures are apart in edges and detail.
//!
//! The distance is that of their Laplacian pyramids (Burt & Adelson 1983), as Bojanowski et al. 2017
//! (arXiv 1707.05776) train with: it needs no trained network, and minds a blurred edge more than
//! the mean square of pixels does.

use candle_core::Tensor;

use crate::Result;

/// Levels of detail, each of half the size of the one before.
const LEVELS: usize = 4;

/// The mean absolute difference in each level of detail, the mean over the levels: (batch, channels,
/// height, width) each to (batch). Sides that are no longer even end the pyramid.
pub fn distance(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    // Detail is linear in the picture: that of the difference is the difference of detail.
    let mut rest = (a - b)?;
    let mut details = Vec::new();
    while details.len() < LEVELS && is_even(&rest)? {
        let half = halved(&rest)?;
        details.push((rest - doubled(&half)?)?.abs()?.mean((1, 2, 3))?);
        rest = half;
    }
    if details.is_empty() {
        return Ok(rest.abs()?.mean((1, 2, 3))?);
    }
    Ok(Tensor::stack(&details, 0)?.mean(0)?)
}

fn is_even(x: &Tensor) -> Result<bool> {
    let (_, _, height, width) = x.dims4()?;
    Ok(height.is_multiple_of(2) && width.is_multiple_of(2))
}

/// Means of 2x2 pixels.
pub(super) fn halved(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let blocks = x.reshape((batch * channels, height / 2, 2, width / 2, 2))?;
    Ok(blocks.mean((2, 4))?.reshape((batch, channels, height / 2, width / 2))?)
}

/// Every pixel as 2x2 of the same.
fn doubled(x: &Tensor) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let blocks = x.reshape((batch * channels, height, 1, width, 1))?;
    let blocks = blocks.broadcast_as((batch * channels, height, 2, width, 2))?;
    Ok(blocks.reshape((batch, channels, 2 * height, 2 * width))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device, Var};

    fn picture(pixel: impl Fn(usize, usize) -> f32) -> Tensor {
        let pixels: Vec<f32> = (0..64).map(|at| pixel(at % 8, at / 8)).collect();
        Tensor::from_vec(pixels, (1, 1, 8, 8), &Device::Cpu).unwrap()
    }

    fn between(a: &Tensor, b: &Tensor) -> f32 {
        distance(a, b).unwrap().to_vec1::<f32>().unwrap()[0]
    }

    #[test]
    fn detail_counts_where_brightness_does_not() {
        let gray = picture(|_, _| 0.0);
        assert_eq!(between(&gray, &picture(|_, _| 0.5)), 0.0);
        let fine = picture(|x, _| if x % 2 == 0 { 0.5 } else { -0.5 });
        let coarse = picture(|x, _| if x < 4 { 0.5 } else { -0.5 });
        // Each is seen at one of three levels, in all of its pixels.
        assert!((between(&gray, &fine) - 0.5 / 3.0).abs() < 1e-6);
        assert!((between(&gray, &coarse) - 0.5 / 3.0).abs() < 1e-6);
        assert_eq!(between(&fine, &fine), 0.0);
    }

    #[test]
    fn the_gradient_agrees_with_finite_differences() {
        let other = picture(|x, y| ((x * 5 + y * 3) % 7) as f32 / 7.0);
        let begin = picture(|x, y| ((x * 2 + y * 5) % 11) as f32 / 11.0 - 0.3);
        let var = Var::from_tensor(&begin).unwrap();
        let grads = distance(&var, &other).unwrap().backward().unwrap();
        let grad = grads.get(&var).unwrap();
        let along = |side: f64| between(&(&begin + (grad * side).unwrap()).unwrap(), &other);
        let measured = f64::from(along(1e-2) - along(-1e-2)) / 2e-2;
        let square = grad.sqr().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        let wanted = f64::from(square);
        assert!((measured - wanted).abs() < 0.02 * wanted, "{measured} {wanted}");
    }

    #[test]
    fn an_odd_picture_is_compared_as_it_is() {
        let ones = Tensor::ones((2, 3, 5, 5), DType::F32, &Device::Cpu).unwrap();
        let found = distance(&ones, &ones.zeros_like().unwrap()).unwrap();
        assert_eq!(found.to_vec1::<f32>().unwrap(), [1.0, 1.0]);
    }
}
