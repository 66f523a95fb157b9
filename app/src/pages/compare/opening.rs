//! What the page is opened with. The server puts it together, so that a browser loads no code for that.

use leptos::prelude::*;

use crate::api::{ApiError, ImageInfo};
#[cfg(feature = "ssr")]
use crate::api::{GalleryQuery, ImageId, fetch_gallery, fetch_images};
#[cfg(feature = "ssr")]
use crate::components::address::gone;

/// Pictures to choose from.
#[cfg(feature = "ssr")]
const RECENT: u64 = 48;

#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Shown {
    Both(Box<[ImageInfo; 2]>),
    Choice(Choice),
}

/// What there is to choose, where two pictures are not there.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Choice {
    pub first: Option<ImageInfo>,
    pub others: Vec<ImageInfo>,
    /// Which of those that were asked for are not there.
    pub missing: Vec<String>,
}

/// The pictures `a` and `b`, by their numbers.
#[server(prefix = "/fn", endpoint = "compare_opening")]
pub async fn fetch_opening(a: Option<String>, b: Option<String>) -> Result<Shown, ApiError> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for named in [a, b].into_iter().flatten() {
        match find(&named).await? {
            Some(image) => found.push(image),
            None => missing.push(gone("picture", &named) + "; choose one below"),
        }
    }
    let first = match <[ImageInfo; 2]>::try_from(found) {
        Ok(both) => return Ok(Shown::Both(Box::new(both))),
        Err(fewer) => fewer.into_iter().next(),
    };
    let recent = fetch_gallery(GalleryQuery { limit: RECENT, ..Default::default() }).await?;
    let others: Vec<_> = recent.images.into_iter().map(|found| found.image).collect();
    Ok(Shown::Choice(Choice { first, others, missing }))
}

/// The picture called `named`; none if it is not in the gallery.
#[cfg(feature = "ssr")]
async fn find(named: &str) -> Result<Option<ImageInfo>, ApiError> {
    let Ok(id) = named.parse::<ImageId>() else { return Ok(None) };
    let found = fetch_images(id.to_string()).await?;
    Ok(found.into_iter().map(|found| found.image).next())
}
