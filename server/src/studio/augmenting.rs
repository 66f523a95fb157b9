//! What training may see of an image, to be looked at before a run.

use std::collections::BTreeMap;

use engine::config::RunConfig;
use engine::data::variants;
use engine::grid::{Picture, columns_for, grid};
use engine::sampler::fit;

use super::Darkroom;
use crate::{Error, Result};

/// Variants shown beside the image itself.
const VARIANTS: usize = 11;

/// Black pixels between them.
const GAP: u32 = 2;

const SETTINGS: [&str; 6] =
    ["flip", "rotate", "crop", "colour_jitter", "augment_probability", "cutout"];

impl Darkroom {
    /// Image `image` of a data set, as a square, and what the settings of augmentation make of it.
    /// `asked` holds them by name, as `flip`; errors name them.
    pub fn augmented(&self, dataset: &str, asked: &BTreeMap<String, String>) -> Result<Picture> {
        let mut config = RunConfig::default();
        for name in SETTINGS {
            let key = format!("dataset_params.{name}");
            if let Some(value) = asked.get(name) {
                let set = config.set(&key, value);
                set.map_err(|error| Error::from(error).renamed(&key, name))?;
            }
        }
        config.dataset_params.im_path = dataset.into();
        let params = config.validate()?.into_inner().dataset_params;
        let image = asked.get("image").map_or("0", String::as_str);
        let index = image.parse().map_err(|_| {
            Error::field("image", format!("`{image}` is not the number of an image"))
        })?;
        let picture = self.datasets.thumbnail(dataset, index).map_err(|error| match error {
            Error::Engine(error) => Error::field("image", error.to_string()),
            other => other,
        })?;
        let side = picture.width.min(picture.height) as usize;
        let channels = picture.channels.into();
        let square = fit(picture, (side, side), channels, engine::config::ResizeMode::Crop).picture;
        let pictures = variants(&params, &square, VARIANTS, index as u64);
        Ok(grid(&pictures, columns_for(pictures.len()), GAP))
    }
}
