//! Noise drawn at one size and laid into the middle of another, so that a seed shows the like at a
//! size it was not found at. The rule is A1111's ("Resize seed from width/height").

use candle_core::Tensor;

use super::SampleRequest;
use crate::Result;
use crate::config::ConfigError;
use crate::model::Model;
use crate::noise::Stream;

impl SampleRequest {
    /// Whether `model` can draw noise at the size that the seeds are resized from.
    pub(super) fn check_seed_size(&self, model: &Model) -> std::result::Result<(), ConfigError> {
        let Some((width, height)) = self.seed_size else { return Ok(()) };
        let least = model.factor();
        let small = |field, side| {
            let message = format!("{side} is smaller than the {least} pixels of one latent");
            Err(ConfigError::one(field, format!("{message}; give {least} or more")))
        };
        match (width < least, height < least) {
            (true, _) => small("seed_resize_from_w", width),
            (_, true) => small("seed_resize_from_h", height),
            _ => Ok(()),
        }
    }

    /// `noise`, of the size that the seeds are resized from, in the middle of that of the pictures:
    /// around it lies the noise that they would have without it, and what is too large is cut off.
    pub(super) fn laid_in(&self, noise: &Tensor, model: &Model) -> Result<Tensor> {
        let own = self.noise(Stream::Start, 0, model)?;
        let (images, channels, rows, columns) = own.dims4()?;
        let (from_row, top, height) = middle(noise.dim(2)?, rows);
        let (from_column, left, width) = middle(noise.dim(3)?, columns);
        let part = noise.narrow(2, from_row, height)?.narrow(3, from_column, width)?;
        let place = [0..images, 0..channels, top..top + height, left..left + width];
        Ok(own.slice_assign(&place, &part.contiguous()?)?)
    }
}

/// Where the middle of `inner` begins that fits into `outer`, where it comes to lie, and its length.
fn middle(inner: usize, outer: usize) -> (usize, usize, usize) {
    match inner <= outer {
        true => (0, (outer - inner) / 2, inner),
        // The odd number is rounded away from zero, as A1111's floor division does it.
        false => {
            let over = (inner - outer).div_ceil(2);
            (over, 0, inner - 2 * over)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::middle;

    #[test]
    fn a_smaller_noise_lies_in_the_middle_and_a_larger_one_is_cut() {
        assert_eq!(middle(4, 8), (0, 2, 4));
        assert_eq!(middle(4, 7), (0, 1, 4));
        assert_eq!(middle(8, 4), (2, 0, 4));
        assert_eq!(middle(8, 8), (0, 0, 8));
        // -3 // 2 is -2 in A1111's Python: one row fewer than would fit is laid in.
        assert_eq!(middle(7, 4), (2, 0, 3));
    }
}
