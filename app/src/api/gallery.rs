//! The gallery, as it travels between page and server.

use serde::{Deserialize, Serialize};

use super::{ImageId, ImageInfo, JobId};

/// What of the gallery is looked for. Everything that is empty finds all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GalleryQuery {
    /// Words that all stand in the settings of a picture, in any letter case.
    pub text: String,
    /// The name of a model.
    pub model: String,
    pub seed: String,
    /// First and last day, as `2026-11-24`.
    pub from: String,
    pub to: String,
    pub starred: bool,
    /// Pictures to pass over, and how many to give at most.
    pub offset: u64,
    pub limit: u64,
}

/// A picture of the gallery with what was remembered of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GalleryImage {
    pub image: ImageInfo,
    pub job: JobId,
    /// The day it was drawn, as `2026-11-24`.
    pub date: String,
}

/// A stretch of the gallery, newest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GalleryPage {
    /// Pictures that the query finds.
    pub total: u64,
    pub offset: u64,
    pub images: Vec<GalleryImage>,
    /// Every model that has a picture in the gallery.
    pub models: Vec<String>,
    /// What was deleted last and can still be brought back.
    #[serde(default)]
    pub last_deletion: Option<Deletion>,
}

/// Pictures that were deleted at once. They can be brought back for a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deletion {
    /// When, in milliseconds since 1970, which is also what it is called by.
    pub moment: i64,
    /// Pictures of it that were not brought back yet.
    pub images: u64,
    /// How long ago, in seconds.
    pub ago: u64,
}

/// A picture that was deleted and can be brought back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedImage {
    pub id: ImageId,
    /// `/files/images/{id}.png`
    pub url: String,
    pub width: u32,
    pub height: u32,
    pub seed: i64,
    /// When it was deleted, in milliseconds since 1970, and how many seconds ago.
    pub moment: i64,
    pub ago: u64,
}

/// What can be brought back, the last deleted first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeletedPage {
    /// Pictures that can be brought back; `images` holds no more than the 500 deleted last.
    pub total: u64,
    pub images: Vec<DeletedImage>,
}
