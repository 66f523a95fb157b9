//! What `darkroom generate` takes to begin from a picture, and what else a picture can be.

use std::path::{Path, PathBuf};

use clap::Args;
use engine::config::{GenerateSettings, MaskedContent, ResizeMode, Upscaler};
use engine::grid::Picture;

use crate::studio::{Start, check_turns, decoded, input_name};
use crate::{Error, Result};

#[derive(Clone, Debug, Args)]
pub struct PictureArgs {
    /// Pixels; 0 is the model's own size
    #[arg(long, default_value_t = 0, value_name = "PIXELS")]
    width: usize,
    #[arg(long, default_value_t = 0, value_name = "PIXELS")]
    height: usize,
    /// Opposite edges meet: copies can be laid side by side without a seam
    #[arg(long)]
    tiling: bool,
    /// A second seed, whose noise the pictures go toward; -1 draws one
    #[arg(long, default_value_t = -1, allow_negative_numbers = true, value_name = "SEED")]
    subseed: i64,
    /// How far they go: 0 not at all, 1 all the way
    #[arg(long, default_value_t = 0.0, allow_negative_numbers = true, value_name = "SHARE")]
    subseed_strength: f64,
    /// Noise of this width in the middle of the picture's, for the like of its seed at that size
    #[arg(long, default_value_t = 0, value_name = "PIXELS")]
    seed_resize_from_w: usize,
    /// And its height; 0 for both leaves the noise as it is
    #[arg(long, default_value_t = 0, value_name = "PIXELS")]
    seed_resize_from_h: usize,
    /// Draw each picture over, so many times wider and higher; 1 draws it once
    #[arg(long, default_value_t = 1.0, allow_negative_numbers = true, value_name = "FACTOR")]
    hires_scale: f64,
    /// How it is enlarged before that: Lanczos or Nearest
    #[arg(long, default_value = "Lanczos", value_name = "NAME")]
    hires_upscaler: String,
    /// Steps of the second pass; 0 for as many as the first
    #[arg(long, default_value_t = 0, value_name = "N")]
    hires_steps: usize,
    /// How far the enlarged picture goes toward noise before it comes back: 0 to 1
    #[arg(long, default_value_t = 0.5, allow_negative_numbers = true, value_name = "SHARE")]
    hires_denoising: f64,
    /// A picture to begin from instead of noise; given several times, the pictures take turns
    #[arg(long = "init-image", value_name = "FILE")]
    init_images: Vec<PathBuf>,
    /// How far it goes toward noise before it comes back: 0 to 1
    #[arg(long, default_value_t = 0.75, allow_negative_numbers = true, value_name = "SHARE")]
    denoising_strength: f64,
    /// How it is brought to the size: "Just resize", "Crop and resize", "Resize and fill" or
    /// "Grow the canvas"
    #[arg(long, default_value = "Crop and resize", value_name = "NAME")]
    resize_mode: String,
    /// What of it to draw anew: white is drawn, black stays
    #[arg(long, value_name = "FILE", requires = "init_images")]
    mask: Option<PathBuf>,
    /// Pixels over which the mask's edge is softened
    #[arg(long, default_value_t = 0, value_name = "PIXELS")]
    mask_blur: usize,
    /// Black is drawn and white stays
    #[arg(long)]
    invert_mask: bool,
    /// Draw only the part around the mask, and put it back into the picture, which keeps its size
    #[arg(long)]
    only_masked: bool,
    /// Pixels around the mask that are drawn with it then
    #[arg(long, default_value_t = 32, value_name = "PIXELS")]
    mask_padding: usize,
    /// What stands under the mask to begin with: original, fill, noise or nothing
    #[arg(long, default_value = "original", value_name = "NAME")]
    inpainting_fill: String,
}

/// The files, read.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// With their names, in the order of their turns.
    images: Vec<(String, Picture)>,
    mask: Option<Picture>,
}

impl PictureArgs {
    /// Writes what was asked for into `settings`, and reads the files.
    pub fn apply(&self, settings: &mut GenerateSettings) -> Result<Given> {
        settings.width = self.width;
        settings.height = self.height;
        settings.tiling = self.tiling;
        settings.subseed = self.subseed;
        settings.subseed_strength = self.subseed_strength;
        settings.seed_resize_from_w = self.seed_resize_from_w;
        settings.seed_resize_from_h = self.seed_resize_from_h;
        settings.hires_scale = self.hires_scale;
        settings.hires_upscaler = Upscaler::from_name(&self.hires_upscaler)?;
        settings.hires_steps = self.hires_steps;
        settings.hires_denoising = self.hires_denoising;
        settings.denoising_strength = self.denoising_strength;
        settings.resize_mode = ResizeMode::from_name(&self.resize_mode)?;
        settings.mask_blur = self.mask_blur;
        settings.inpainting_mask_invert = self.invert_mask;
        settings.inpaint_full_res = self.only_masked;
        settings.inpaint_full_res_padding = self.mask_padding;
        settings.inpainting_fill = MaskedContent::from_name(&self.inpainting_fill)?;
        let mut given = Given::default();
        for path in &self.init_images {
            given.images.push(read(path, "init_image")?);
        }
        let names: Vec<&str> = given.images.iter().map(|(name, _)| name.as_str()).collect();
        settings.init_image = names.join(", ");
        if let Some(path) = &self.mask {
            let (name, mask) = read(path, "mask")?;
            (settings.mask, given.mask) = (name, Some(mask));
        }
        Ok(given)
    }
}

impl Given {
    /// Whether each picture to begin from has its turn among `count` that are drawn.
    pub fn check(&self, count: usize) -> Result<()> {
        check_turns(self.images.len(), count)
    }

    /// The pictures to begin from, for drawings of `size` with `channels`.
    pub fn starts(
        self,
        settings: &GenerateSettings,
        size: (usize, usize),
        channels: usize,
    ) -> Vec<Start> {
        let images = self.images.into_iter();
        let start = |(name, picture): (String, Picture)| {
            Start::new(settings, (&name, picture), self.mask.clone(), size, channels)
        };
        images.map(start).collect()
    }
}

/// The picture in a file, and its name.
fn read(path: &Path, field: &str) -> Result<(String, Picture)> {
    let bytes = std::fs::read(path).map_err(Error::file("read", path))?;
    Ok((input_name(&bytes), decoded(&bytes, field)?))
}
