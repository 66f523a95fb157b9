//! Which widths and heights a network can draw.

use super::validate::neighbours;
use super::{ConfigError, FieldError, ModelParams};

/// Whether both sides, in pixels, are multiples of `divisor`; errors name `width` and `height` and
/// the nearest sizes that would do.
pub fn check_size(divisor: usize, width: usize, height: usize) -> Result<(), ConfigError> {
    let sides = [("width", width), ("height", height)];
    let stray = |side: usize| side == 0 || !side.is_multiple_of(divisor);
    let faults = sides.into_iter().filter(|(_, side)| stray(*side)).map(|(field, side)| {
        let would_do = neighbours(side, divisor);
        FieldError::new(field, format!("{side} is not a multiple of {divisor}; {would_do}"))
    });
    let faults: Vec<FieldError> = faults.collect();
    if faults.is_empty() { Ok(()) } else { Err(ConfigError(faults)) }
}

impl ModelParams {
    /// Whether a network of this shape can draw pictures of this size.
    pub fn check_size(&self, width: usize, height: usize) -> Result<(), ConfigError> {
        check_size(self.size_divisor(), width, height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_sizes_are_named() {
        let model = ModelParams::default();
        assert_eq!(model.check_size(28, 64), Ok(()));
        let error = model.check_size(30, 2).unwrap_err();
        assert_eq!(error.for_field("width"), Some("30 is not a multiple of 4; 28 or 32 would do"));
        assert_eq!(error.for_field("height"), Some("2 is not a multiple of 4; 4 would do"));
        assert!(check_size(1, 0, 5).unwrap_err().for_field("height").is_none());
    }
}
