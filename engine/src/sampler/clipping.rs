//! What becomes of estimates of the picture that lie outside of what pixels can be.

use candle_core::Tensor;

use crate::Result;

/// How far an estimated picture may go.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Clipping {
    /// Anywhere, as latents may.
    Off,
    /// To this number on either side of 0, above 0.
    Range(f64),
    /// Each picture to its own number on either side of 0, by which it is then divided: dynamic
    /// thresholding, Saharia et al. 2022 (arXiv 2205.11487), section 2.3.
    Dynamic {
        /// The share of a picture's numbers that lie within, 0 to 1.
        quantile: f64,
        /// The most that the number may be; it is never below 1.
        most: f64,
    },
}

impl Clipping {
    /// To what pixels can be.
    pub const PIXELS: Self = Self::Range(1.0);

    /// Pictures (batch, channels, height, width), the same out.
    pub fn apply(self, pictures: &Tensor) -> Result<Tensor> {
        Ok(match self {
            Self::Off => pictures.clone(),
            Self::Range(most) => pictures.clamp(-most, most)?,
            Self::Dynamic { quantile, most } => {
                let one = |at| thresholded(&pictures.narrow(0, at, 1)?, quantile, most);
                let all = (0..pictures.dim(0)?).map(one).collect::<Result<Vec<_>>>()?;
                Tensor::cat(&all, 0)?
            }
        })
    }
}

fn thresholded(picture: &Tensor, share: f64, most: f64) -> Result<Tensor> {
    let mut sizes = picture.abs()?.flatten_all()?.to_vec1::<f32>()?;
    sizes.sort_unstable_by(f32::total_cmp);
    let most = quantile(&sizes, share).min(most).max(1.0);
    Ok((picture.clamp(-most, most)? / most)?)
}

/// The quantile of sorted numbers, linear between two of them.
fn quantile(sorted: &[f32], share: f64) -> f64 {
    let place = share * (sorted.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    let (low, high) = (f64::from(sorted[below]), f64::from(sorted[above]));
    low + (high - low) * place.fract()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    fn clipped(clipping: Clipping) -> Vec<f32> {
        let pictures = Tensor::new(&[[-4f32, 0.5, 2.0], [-0.2, 0.5, 0.9]], &Device::Cpu).unwrap();
        clipping.apply(&pictures).unwrap().flatten_all().unwrap().to_vec1().unwrap()
    }

    #[test]
    fn a_range_holds_on_both_sides() {
        assert_eq!(clipped(Clipping::Off), [-4.0, 0.5, 2.0, -0.2, 0.5, 0.9]);
        assert_eq!(clipped(Clipping::PIXELS), [-1.0, 0.5, 1.0, -0.2, 0.5, 0.9]);
        assert_eq!(clipped(Clipping::Range(3.0)), [-3.0, 0.5, 2.0, -0.2, 0.5, 0.9]);
    }

    #[test]
    fn a_threshold_is_each_pictures_own() {
        // Half way between 2 and 4 in the first; the second lies within pixels as it is.
        let found = clipped(Clipping::Dynamic { quantile: 0.75, most: 100.0 });
        assert_eq!(found, [-1.0, 0.5 / 3.0, 2.0 / 3.0, -0.2, 0.5, 0.9]);
        let bounded = clipped(Clipping::Dynamic { quantile: 0.75, most: 2.0 });
        assert_eq!(bounded, [-1.0, 0.25, 1.0, -0.2, 0.5, 0.9]);
    }
}
