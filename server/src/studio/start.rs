//! The picture that a generation begins from.

use engine::config::GenerateSettings;
use engine::grid::Picture;
use engine::sampler::Init;

use super::Darkroom;
use crate::Result;

/// A picture, and a mask on it, brought to the size that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    pub init: Init,
    /// Names of the inputs.
    image: String,
    mask: String,
    mask_blur: usize,
}

impl Start {
    /// `picture` and `mask` by the names that `settings` have for them.
    pub fn new(
        settings: &GenerateSettings,
        picture: Picture,
        mask: Option<Picture>,
        size: (usize, usize),
        channels: usize,
    ) -> Self {
        Self {
            init: Init::from_settings(settings, picture, mask, size, channels),
            image: settings.init_image.clone(),
            mask: settings.mask.clone(),
            mask_blur: settings.mask_blur,
        }
    }

    /// What the text of a picture says of where it began.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let masked = !self.mask.is_empty();
        let mask = |name, value: String| masked.then_some((name, value));
        [
            Some(("Denoising strength", self.init.strength.to_string())),
            Some(("Init image hash", self.image.clone())),
            mask("Mask hash", self.mask.clone()),
            mask("Mask blur", self.mask_blur.to_string()),
            mask("Masked content", self.init.fill.name().into()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Darkroom {
    /// Reads the picture and the mask that `settings` name, if they name any, for drawings of `size`
    /// with `channels`; errors name `init_image` and `mask`.
    pub fn start(
        &self,
        settings: &GenerateSettings,
        size: (usize, usize),
        channels: usize,
    ) -> Result<Option<Start>> {
        if !settings.is_image_to_image() {
            return Ok(None);
        }
        let picture = self.input_picture(&settings.init_image, "init_image")?;
        let mask = match settings.mask.as_str() {
            "" => None,
            name => Some(self.input_picture(name, "mask")?),
        };
        Ok(Some(Start::new(settings, picture, mask, size, channels)))
    }
}
