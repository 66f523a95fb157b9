//! Models and data sets, as they travel between page and server.

use serde::{Deserialize, Serialize};

/// A model that Generate can draw with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelInfo {
    pub name: String,
    pub built_in: bool,
    pub step: u64,
    pub weights: u64,
    pub width: u32,
    pub height: u32,
    pub channels: u32,
    /// Width and height of what it draws must be multiples of this.
    pub size_divisor: usize,
    pub timesteps: usize,
    /// Names of the classes a prompt may ask for; none if it draws without.
    pub classes: Vec<String>,
    /// It never learned to draw without a class, so that nothing can be steered either.
    pub needs_class: bool,
    pub dataset: String,
    /// It draws nothing by itself: others draw in its latents.
    #[serde(default)]
    pub is_autoencoder: bool,
    /// Kind of the autoencoder in whose latents it draws, such as `KL, 16x16x4`; empty for pixels.
    #[serde(default)]
    pub latents: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassInfo {
    pub name: String,
    pub count: u64,
}

/// A file of a data set that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SkippedFile {
    pub name: String,
    pub reason: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetInfo {
    pub name: String,
    pub built_in: bool,
    /// Where it stands, for a data set named by path.
    pub source: String,
    pub count: u64,
    /// Smallest and largest size found, as (width, height).
    pub min_size: (u32, u32),
    pub max_size: (u32, u32),
    /// 1 if every image is gray, else 3.
    pub channels: u32,
    pub classes: Vec<ClassInfo>,
    pub skipped: Vec<SkippedFile>,
    /// Still being read, or why it cannot be.
    pub note: Option<String>,
    /// Its images may be edited: they stand in a folder of this program's, or in arrays, over which
    /// the changes are laid.
    #[serde(default)]
    pub editable: bool,
    /// What [`DatasetEdit`] can be taken back, in words; none if there is nothing.
    #[serde(default)]
    pub undo: Option<String>,
    /// Changes are laid over its own files.
    #[serde(default)]
    pub revised: bool,
    /// It is a folder of this program's, to which images can be added.
    #[serde(default)]
    pub takes_images: bool,
}

/// One page of a data set's images.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetPage {
    pub info: DatasetInfo,
    /// Class shown, if only one is.
    pub class: Option<String>,
    pub offset: u64,
    /// Images in this selection.
    pub total: u64,
    pub images: Vec<DatasetImage>,
}

/// A change to the images of a data set. The last one can be taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum DatasetEdit {
    /// Takes images out, by their names.
    Delete { images: Vec<String> },
    /// Gives images another class, which may be new.
    Move { images: Vec<String>, class: String },
    /// Calls a class otherwise; the images go to the class of that name if there is one.
    RenameClass { class: String, name: String },
    /// Takes out every image whose pixels are those of an image before it.
    DeleteDuplicates,
    /// Takes back all changes that are laid over a data set.
    Reset,
}

/// What an edit did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetChange {
    pub info: DatasetInfo,
    /// Images that were added, taken out, moved or brought back.
    pub images: u64,
}

/// What the pixels of a data set are like.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatasetStatistics {
    /// Of each channel, red, green, blue or gray alone; 0 is black, 1 is white.
    pub mean: Vec<f32>,
    pub std: Vec<f32>,
    /// Width, height and how many images have that size; the most frequent first, no more than twelve.
    pub sizes: Vec<(u32, u32, u64)>,
    /// Images of all the other sizes together.
    pub other_sizes: u64,
    /// Images whose pixels are those of an image before them.
    pub duplicates: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DatasetImage {
    /// `/files/datasets/{name}/{index}.png`, at most 128 px on its longer side.
    pub url: String,
    pub class: Option<String>,
    /// File name, or number within an IDX file.
    pub name: String,
}
