//! The pictures that a generation begins from.

use engine::config::{GenerateSettings, ResizeMode};
use engine::grid::Picture;
use engine::sampler::{Init, Mask, Region, fit};

use super::Darkroom;
use crate::Result;

/// What the text of a picture calls these, and how an inverted mask is told in A1111's words.
pub const RESIZE_MODE: &str = "Resize mode";
pub const MASK_MODE: &str = "Mask mode";
pub const NOT_MASKED: &str = "Inpaint not masked";

/// A picture, and a mask on it, brought to the size that is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct Start {
    pub init: Init,
    /// Where the drawing goes, if only a part of the picture is drawn.
    patch: Option<Patch>,
    /// Names of the inputs.
    image: String,
    mask: String,
    mask_blur: usize,
    /// Whether black was drawn.
    inverted: bool,
    resize_mode: ResizeMode,
}

impl Start {
    /// A picture with its name, and the mask by the name that `settings` have for it.
    pub fn new(
        settings: &GenerateSettings,
        (name, picture): (&str, Picture),
        mask: Option<Picture>,
        size: (usize, usize),
        channels: usize,
    ) -> Self {
        let (init, patch) = match mask {
            Some(mask) if settings.inpaint_full_res => {
                Patch::cut(settings, picture, mask, size, channels)
            }
            mask => (Init::from_settings(settings, picture, mask, size, channels), None),
        };
        Self {
            init,
            patch,
            image: name.into(),
            mask: settings.mask.clone(),
            mask_blur: settings.mask_blur,
            inverted: settings.inpainting_mask_invert,
            resize_mode: settings.resize_mode,
        }
    }

    /// The picture that comes of what was drawn.
    pub fn finished(&self, drawn: Picture) -> Picture {
        match &self.patch {
            Some(patch) => patch.region.put_back(&patch.picture, drawn, &patch.mask),
            None => drawn,
        }
    }

    /// Whether only a part of the picture is drawn, at another size than the whole has.
    pub fn is_patch(&self) -> bool {
        self.patch.is_some()
    }

    /// What the text of a picture says of where it began.
    pub fn details(&self) -> Vec<(&'static str, String)> {
        let mask = |name, value: String| (!self.mask.is_empty()).then_some((name, value));
        // Also where the only mask is what the picture leaves over of the canvas.
        let masked = |name, value: String| self.init.mask.is_some().then_some((name, value));
        [
            Some(("Denoising strength", self.init.strength.to_string())),
            Some(("Init image hash", self.image.clone())),
            (self.resize_mode != ResizeMode::default())
                .then(|| (RESIZE_MODE, self.resize_mode.name().into())),
            mask("Mask hash", self.mask.clone()),
            masked("Mask blur", self.mask_blur.to_string()),
            masked("Masked content", self.init.fill.name().into()),
            mask(MASK_MODE, NOT_MASKED.into()).filter(|_| self.inverted),
            self.patch.as_ref().map(|_| ("Inpaint area", "Only masked".into())),
            self.patch.as_ref().map(|patch| ("Masked area padding", patch.padding.to_string())),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// The part of a picture around its mask.
#[derive(Clone, Debug, PartialEq)]
struct Patch {
    /// All of it, with the model's channels.
    picture: Picture,
    /// Of its size, with soft edges.
    mask: Mask,
    region: Region,
    padding: usize,
}

impl Patch {
    /// What to draw of the part, and where it goes; all of the picture if the mask draws nothing.
    fn cut(
        settings: &GenerateSettings,
        picture: Picture,
        mask: Picture,
        size: (usize, usize),
        channels: usize,
    ) -> (Init, Option<Self>) {
        let own = (picture.width as usize, picture.height as usize);
        let picture = fit(picture, own, channels, ResizeMode::Resize).picture;
        let white = fit(mask, own, 1, ResizeMode::Resize).picture;
        let mask = Mask::from_picture(&white, 0, settings.inpainting_mask_invert);
        let padding = settings.inpaint_full_res_padding;
        let Some(region) = Region::around(&mask, padding as u32, size) else {
            return (Init::from_settings(settings, picture, Some(white), size, channels), None);
        };
        let settings = &GenerateSettings { resize_mode: ResizeMode::Resize, ..settings.clone() };
        let (part, white) = (region.cut(&picture), region.cut(&white));
        let init = Init::from_settings(settings, part, Some(white), size, channels);
        let mask = mask.blurred(settings.mask_blur);
        (init, Some(Self { picture, mask, region, padding }))
    }
}

impl Darkroom {
    /// Reads the pictures and the mask that `settings` name, if they name any, for drawings of `size`
    /// with `channels`; errors name `init_image` and `mask`.
    pub fn starts(
        &self,
        settings: &GenerateSettings,
        size: (usize, usize),
        channels: usize,
    ) -> Result<Vec<Start>> {
        let mask = match settings.mask.as_str() {
            "" => None,
            name => Some(self.input_picture(name, "mask")?),
        };
        let start = |name: &str| {
            let picture = self.input_picture(name, "init_image")?;
            Ok(Start::new(settings, (name, picture), mask.clone(), size, channels))
        };
        settings.init_images().map(start).collect()
    }
}
