//! What an img2img call says of the picture it begins from.

use axum::http::StatusCode;
use engine::config::{GenerateSettings, MaskedContent, ResizeMode};
use serde_json::Value;

use super::body::{Object, flag, number};
use super::error::{Answer, ApiFault};
use super::image::decoded;
use crate::Result;
use crate::studio::Darkroom;

/// A1111's numbers of how a picture is brought to the size. Its 3 resizes latents; ours go on behind.
const RESIZE_MODES: [(i64, ResizeMode); 8] = [
    (0, ResizeMode::Resize),
    (1, ResizeMode::Crop),
    (2, ResizeMode::Fill),
    (4, ResizeMode::Grow),
    (5, ResizeMode::GrowRight),
    (6, ResizeMode::GrowLeft),
    (7, ResizeMode::GrowDown),
    (8, ResizeMode::GrowUp),
];

/// The files and how they are used.
#[derive(Clone, Debug, PartialEq)]
pub struct Pictures {
    images: Vec<Vec<u8>>,
    mask: Option<Vec<u8>>,
    denoising_strength: f64,
    resize_mode: ResizeMode,
    mask_blur: usize,
    fill: MaskedContent,
    invert: bool,
    full_res: bool,
    padding: usize,
}

impl Pictures {
    /// Takes them out of `fields`, which then echo none of the files unless asked to. 404 if there is
    /// no picture, 422 for what cannot be done with it.
    pub fn take(fields: &mut Object) -> Answer<Self> {
        let taken = Self {
            images: images(&fields["init_images"], number(fields, "batch_size"))?,
            mask: fields["mask"].as_str().map(|mask| decoded(mask, "mask")).transpose()?,
            denoising_strength: fields["denoising_strength"].as_f64().unwrap_or(0.75),
            resize_mode: resize_mode(number(fields, "resize_mode"))?,
            mask_blur: mask_blur(fields)?,
            fill: fill(number(fields, "inpainting_fill"))?,
            invert: number(fields, "inpainting_mask_invert") != 0,
            full_res: flag(fields, "inpaint_full_res"),
            padding: padding(number(fields, "inpaint_full_res_padding"))?,
        };
        if !flag(fields, "include_init_images") {
            fields.insert("init_images".into(), Value::Null);
            fields.insert("mask".into(), Value::Null);
        }
        Ok(taken)
    }

    /// All but the files, which [`Self::keep`] gives their names. Of several pictures each batch draws
    /// one from each.
    pub fn apply(&self, settings: &mut GenerateSettings) {
        if self.images.len() > 1 {
            settings.batch_size = self.images.len();
        }
        settings.denoising_strength = self.denoising_strength;
        settings.resize_mode = self.resize_mode;
        settings.mask_blur = self.mask_blur;
        settings.inpainting_fill = self.fill;
        settings.inpainting_mask_invert = self.invert;
        settings.inpaint_full_res = self.full_res;
        settings.inpaint_full_res_padding = self.padding;
    }

    /// Keeps the files among the inputs and writes their names into `settings`.
    pub fn keep(&self, darkroom: &Darkroom, settings: &mut GenerateSettings) -> Result<()> {
        let keep = |bytes: &[u8], field: &str| -> Result<String> {
            let kept = darkroom.add_input(bytes);
            Ok(kept.map_err(|error| error.renamed("image", field))?.name)
        };
        let names = self.images.iter().map(|image| keep(image, "init_images"));
        settings.init_image = names.collect::<Result<Vec<_>>>()?.join(", ");
        if let Some(mask) = &self.mask {
            settings.mask = keep(mask, "mask")?;
        }
        Ok(())
    }
}

/// One image, which all pictures begin from, or as many as a batch has at most.
fn images(given: &Value, batch_size: i64) -> Answer<Vec<Vec<u8>>> {
    let given = given.as_array().map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() {
        return Err(ApiFault::new(StatusCode::NOT_FOUND, "Init image not found"));
    }
    if given.len() > 1 && given.len() as i64 > batch_size {
        let words = format!(
            "bad number of images passed; expecting {batch_size} or less, got {}: give one, or a \
             batch_size that has room for all",
            given.len()
        );
        return Err(ApiFault::field("init_images", words));
    }
    let image = |image: &Value| match image {
        Value::String(image) => decoded(image, "init_images"),
        _ => Err(ApiFault::field("init_images", "give images in base64")),
    };
    given.iter().map(image).collect()
}

fn resize_mode(number: i64) -> Answer<ResizeMode> {
    let found = RESIZE_MODES.iter().find(|(known, _)| *known == number);
    found.map(|(_, mode)| *mode).ok_or_else(|| {
        let words = format!("{number} will not do; give 0, 1 or 2, or 4 to 8 to grow the canvas");
        ApiFault::field("resize_mode", words)
    })
}

/// The number that stands for `mode`.
pub fn number_of_mode(mode: ResizeMode) -> Option<i64> {
    RESIZE_MODES.iter().find(|(_, known)| *known == mode).map(|(number, _)| *number)
}

fn fill(number: i64) -> Answer<MaskedContent> {
    match number {
        0 => Ok(MaskedContent::Fill),
        1 => Ok(MaskedContent::Original),
        2 => Ok(MaskedContent::Noise),
        3 => Ok(MaskedContent::Nothing),
        other => {
            let words = format!(
                "{other} will not do; give 0 (fill), 1 (original), 2 (noise) or 3 (nothing)"
            );
            Err(ApiFault::field("inpainting_fill", words))
        }
    }
}

fn padding(pixels: i64) -> Answer<usize> {
    let most = GenerateSettings::MAX_PADDING;
    usize::try_from(pixels).ok().filter(|pixels| *pixels <= most).ok_or_else(|| {
        let words = format!("{pixels} is out of range; give 0 to {most}");
        ApiFault::field("inpaint_full_res_padding", words)
    })
}

/// The same in both directions. Where they differ, a mask could not be as it is asked for.
fn mask_blur(fields: &Object) -> Answer<usize> {
    let [x, y] = ["mask_blur_x", "mask_blur_y"].map(|field| number(fields, field));
    let together = fields["mask_blur"].as_i64();
    if together.is_none() && x != y && fields["mask"].is_string() {
        let words = format!(
            "{x} is not the {y} of mask_blur_y, and masks are blurred alike in both directions; give \
             both the same number, or mask_blur alone"
        );
        return Err(ApiFault::field("mask_blur_x", words));
    }
    let blur = together.unwrap_or(x.max(y));
    let most = GenerateSettings::MAX_MASK_BLUR;
    usize::try_from(blur).ok().filter(|blur| *blur <= most).ok_or_else(|| {
        ApiFault::field("mask_blur", format!("{blur} is out of range; give 0 to {most}"))
    })
}
