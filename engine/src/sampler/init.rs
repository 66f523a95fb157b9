//! The picture a drawing begins from instead of noise.

use super::Mask;
use super::fit::fit;
use crate::config::{ConfigError, GenerateSettings, MaskedContent};
use crate::grid::Picture;

/// A picture that is noised part of the way and drawn back, after Meng et al. 2021 (SDEdit, arXiv
/// 2108.01073).
#[derive(Clone, Debug, PartialEq)]
pub struct Init {
    /// Of the request's size and the model's channels.
    pub picture: Picture,
    /// How much of the way to noise it goes: 0 leaves it as it is, 1 goes all the way.
    pub strength: f64,
    /// What to draw anew, of the picture's size; all of it if none.
    pub mask: Option<Mask>,
    /// What stands under the mask to begin with.
    pub fill: MaskedContent,
}

impl Init {
    /// What `settings` make of a picture and a mask of any size, for drawings of `size` (width,
    /// height) with `channels`.
    pub fn from_settings(
        settings: &GenerateSettings,
        picture: Picture,
        mask: Option<Picture>,
        size: (usize, usize),
        channels: usize,
    ) -> Self {
        let mode = settings.resize_mode;
        let fitted = fit(picture, size, channels, mode);
        let given = mask.map(|mask| {
            let mask = fit(mask, size, 1, mode).picture;
            Mask::from_picture(&mask, 0, settings.inpainting_mask_invert)
        });
        let mask = match (given, fitted.left_over) {
            (Some(given), Some(left_over)) => Some(given.united(&left_over)),
            (given, left_over) => given.or(left_over),
        };
        Self {
            picture: fitted.picture,
            strength: settings.denoising_strength,
            mask: mask.map(|mask| mask.blurred(settings.mask_blur)),
            fill: settings.inpainting_fill,
        }
    }

    /// How many of a path's `steps` are taken, the last ones: the strength's share, but at least
    /// one unless it is 0.
    pub fn steps_taken(&self, steps: usize) -> usize {
        if self.strength == 0.0 {
            return 0;
        }
        ((steps as f64 * self.strength).round() as usize).max(1).min(steps)
    }

    /// Whether it goes with drawings of `size` (width, height) and `channels`.
    pub(super) fn check(&self, size: (usize, usize), channels: usize) -> Result<(), ConfigError> {
        let wanted = (size.0 as u32, size.1 as u32);
        let fits = |field: &str, (width, height): (u32, u32)| {
            let message = format!("{width}x{height} is not {}x{}; resize it", wanted.0, wanted.1);
            let fits = (width, height) == wanted;
            if fits { Ok(()) } else { Err(ConfigError::one(field, message)) }
        };
        fits("init_image", (self.picture.width, self.picture.height))?;
        self.mask.as_ref().map_or(Ok(()), |mask| fits("mask", (mask.width, mask.height)))?;
        if usize::from(self.picture.channels) != channels {
            let message =
                format!("{} channels are not the model's; give {channels}", self.picture.channels);
            return Err(ConfigError::one("init_image", message));
        }
        // Written so that NaN is out of range too.
        if !(0.0..=1.0).contains(&self.strength) {
            let message = format!("{} is out of range; give 0 to 1", self.strength);
            return Err(ConfigError::one("denoising_strength", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ResizeMode;

    #[test]
    fn the_strength_is_the_share_of_steps() {
        let init = |strength| Init {
            picture: Picture::filled(1, 1, 1, 0),
            strength,
            mask: None,
            fill: MaskedContent::Original,
        };
        for (strength, steps, taken) in [
            (0.0, 20, 0),
            (0.01, 20, 1),
            (0.3, 20, 6),
            (0.75, 10, 8),
            (1.0, 20, 20),
            (0.5, 1, 1),
            (0.5, 0, 0),
        ] {
            assert_eq!(init(strength).steps_taken(steps), taken, "{strength} of {steps}");
        }
    }

    #[test]
    fn settings_bring_picture_and_mask_to_the_size() {
        let settings = GenerateSettings {
            resize_mode: ResizeMode::Fill,
            denoising_strength: 0.4,
            inpainting_mask_invert: true,
            ..Default::default()
        };
        let picture = Picture::filled(8, 4, 3, 200);
        let white = Picture::filled(2, 1, 3, 255);
        let init = Init::from_settings(&settings, picture, Some(white), (8, 8), 1);
        assert_eq!(init.picture, Picture::filled(8, 8, 1, 200));
        // White is kept here; what the picture leaves over is drawn whatever the mask says.
        let row = |y: usize| init.mask.as_ref().unwrap().pixels[y * 8];
        assert_eq!([0, 1, 2, 5, 6, 7].map(row), [255, 255, 0, 0, 255, 255]);
        assert_eq!(init.check((8, 8), 1), Ok(()));
        assert!(init.check((8, 4), 1).unwrap_err().for_field("init_image").is_some());
        assert!(init.check((8, 8), 3).unwrap_err().to_string().contains("give 3"));
    }
}
