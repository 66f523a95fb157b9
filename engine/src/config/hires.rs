//! A second pass: what was drawn is enlarged, and drawn over at the larger size.

use serde::{Deserialize, Serialize};

use super::image_to_image::named;
use super::ranges::out_of_range;
use super::{ConfigError, FieldError, GenerateSettings, unknown_name};

/// How a picture is enlarged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Upscaler {
    /// Smooth, sharp edges kept (Lanczos of three lobes).
    #[default]
    Lanczos,
    /// Every pixel becomes a block of pixels, as pixel art wants it.
    Nearest,
}

named!(Upscaler, "upscaler", Lanczos => "Lanczos", Nearest => "Nearest");

impl GenerateSettings {
    pub const MAX_HIRES_SCALE: f64 = 4.0;

    /// Whether there is a second pass.
    pub fn has_second_pass(&self) -> bool {
        self.hires_scale != 1.0
    }

    /// Width and height after a second pass over pictures of `size`: the nearest multiples of what
    /// the network allows.
    pub fn hires_size(&self, size: (usize, usize), divisor: usize) -> (usize, usize) {
        let scaled = |side: usize| {
            let wanted = side as f64 * self.hires_scale / divisor as f64;
            (wanted.round() as usize).max(1) * divisor
        };
        (scaled(size.0), scaled(size.1))
    }

    pub(super) fn hires_faults(&self) -> Vec<FieldError> {
        let mut faults: Vec<FieldError> = [
            ("hires_scale", self.hires_scale),
            ("hires_steps", self.hires_steps as f64),
            ("hires_denoising", self.hires_denoising),
        ]
        .into_iter()
        .filter_map(|(key, value)| out_of_range(key, value))
        .collect();
        let is_told = faults.iter().any(|fault| fault.field == "hires_scale");
        if !is_told && self.has_second_pass() && self.is_image_to_image() {
            let words = "a picture that begins from another has no second pass; give 1";
            faults.push(FieldError::new("hires_scale", words));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_size_is_one_that_the_network_allows() {
        let size = |hires_scale: f64| {
            GenerateSettings { hires_scale, ..Default::default() }.hires_size((28, 36), 4)
        };
        assert_eq!([size(1.0), size(2.0), size(1.5)], [(28, 36), (56, 72), (44, 56)]);
    }

    #[test]
    fn faults_name_their_field() {
        let told = |settings: GenerateSettings| {
            let faults = settings.validate().unwrap_err().0;
            faults.into_iter().map(|fault| fault.field).collect::<Vec<_>>()
        };
        let usual = GenerateSettings::default;
        assert_eq!(told(GenerateSettings { hires_scale: f64::NAN, ..usual() }), ["hires_scale"]);
        assert_eq!(told(GenerateSettings { hires_scale: 0.5, ..usual() }), ["hires_scale"]);
        assert_eq!(told(GenerateSettings { hires_denoising: 2.0, ..usual() }), ["hires_denoising"]);
        let both = GenerateSettings { hires_scale: 2.0, init_image: "picture".into(), ..usual() };
        assert_eq!(told(both), ["hires_scale"]);
    }
}
