//! Whether what a drawing is collected on can hold all of it, told before it begins.

use app::api::{ModelInfo, SHEET_MEGAPIXELS};
use engine::config::GenerateSettings;

use super::{Darkroom, drawn_size};
use crate::{Error, Result};

/// Pixels of a grid, of a cell of a plot, or of all pictures of a walk; beyond that a browser only
/// chokes on it.
pub const MOST_PIXELS: usize = (SHEET_MEGAPIXELS << 20) as usize;

impl Darkroom {
    /// Whether all pictures of a walk fit into its animation.
    pub(super) fn check_walk(&self, settings: &GenerateSettings, model: &ModelInfo) -> Result<()> {
        if settings.walk_frames == 0 {
            return Ok(());
        }
        let (width, height) = self.finished_size(settings, model)?;
        let most = MOST_PIXELS / (width * height);
        if settings.walk_frames <= most {
            return Ok(());
        }
        let frames = settings.walk_frames;
        let instead = if most < 2 { "0 for no walk".into() } else { format!("at most {most}") };
        let message = format!(
            "{frames} pictures of {width}x{height} are more than an animation can hold; give {instead}"
        );
        Err(Error::field("walk_frames", message))
    }

    /// Whether all pictures of a plot's cell fit into it.
    pub(super) fn check_cell(&self, settings: &GenerateSettings, model: &ModelInfo) -> Result<()> {
        let (width, height) = self.finished_size(settings, model)?;
        let most = MOST_PIXELS / (width * height);
        let images = settings.images();
        if images <= most.max(1) {
            return Ok(());
        }
        let message = format!(
            "{images} pictures of {width}x{height} are more than a cell of a plot can hold; \
             give batches of at most {} in all",
            most.max(1)
        );
        Err(Error::field("batch_size", message))
    }

    /// Width and height of the pictures when they are done.
    fn finished_size(
        &self,
        settings: &GenerateSettings,
        model: &ModelInfo,
    ) -> Result<(usize, usize)> {
        let is_patch = settings.inpaint_full_res && !settings.mask.is_empty();
        // All pictures that a mask lies on are as large.
        if let Some(name) = settings.init_images().next().filter(|_| is_patch) {
            let (width, height) = self.input_size(name, "init_image")?;
            return Ok((width as usize, height as usize));
        }
        let size = drawn_size(settings, model.width as usize);
        match settings.has_second_pass() {
            true => Ok(settings.hires_size(size, model.size_divisor)),
            false => Ok(size),
        }
    }
}
