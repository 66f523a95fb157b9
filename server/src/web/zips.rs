//! Pictures as one download.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

use app::api::ImageId;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use serde::Deserialize;

use super::Web;
use super::answer::Fault;
use super::download::download;
use super::files::number;
use crate::studio::archive::Archive;
use crate::studio::store::ImageRow;
use crate::studio::{Darkroom, calendar};
use crate::{Error, Result};

type Answer = std::result::Result<Response, Fault>;

/// All pictures of one generation.
pub async fn zip(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    let job = number(&file, ".zip")?;
    let pictures = move |darkroom: &Darkroom| darkroom.store.images(job);
    pack(&web, pictures, format!("darkroom-{job}.zip")).await
}

/// Pictures by their numbers, separated by commas, as the gallery's form posts them.
#[derive(Deserialize)]
pub struct Chosen {
    #[serde(default)]
    images: String,
}

pub async fn chosen(State(web): State<Web>, Form(form): Form<Chosen>) -> Answer {
    let ids: Vec<i64> = form.images.split(',').filter_map(|id| id.trim().parse().ok()).collect();
    let pictures = move |darkroom: &Darkroom| darkroom.pictures(&ids);
    pack(&web, pictures, format!("darkroom-{}.zip", calendar::stamp())).await
}

async fn pack(
    web: &Web,
    pictures: impl FnOnce(&Darkroom) -> Result<Vec<ImageRow>> + Send + 'static,
    name: String,
) -> Answer {
    let made = move |darkroom: &Arc<Darkroom>| archive(darkroom, pictures(darkroom)?);
    let archive = web.studio.blocking(made).await?;
    Ok(download(archive, "application/zip", &name))
}

fn archive(darkroom: &Darkroom, images: Vec<ImageRow>) -> Result<File> {
    let path = |row: &ImageRow| darkroom.folders.absolute(&row.image.path);
    // Somebody may have taken a file away.
    let images: Vec<ImageRow> = images.into_iter().filter(|row| path(row).is_file()).collect();
    if images.is_empty() {
        return Err(Error::NotFound("there are no such pictures".into()));
    }
    let mut archive = Archive::begin(darkroom.folders.root())?;
    let mut taken = HashSet::new();
    for row in images {
        archive.add(&name_within((&row.image.path, row.id), &mut taken), &path(&row))?;
    }
    archive.finish()
}

/// The file's own name; pictures of different days can share one, and then have the day before it, and
/// their number if that is not enough.
fn name_within((path, id): (&str, ImageId), taken: &mut HashSet<String>) -> String {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let day = parts.next().unwrap_or_default();
    let names = [file.to_owned(), format!("{day}-{file}"), format!("{day}-{id}-{file}")];
    let free = names.into_iter().find(|name| taken.insert(name.clone()));
    free.unwrap_or_else(|| id.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_one_name_all_find_a_place() {
        let mut taken = HashSet::new();
        let mut name = |path, id| name_within((path, id), &mut taken);
        assert_eq!(name("outputs/txt2img-images/2026-11-24/00000-7.png", 1), "00000-7.png");
        assert_eq!(
            name("outputs/img2img-images/2026-11-24/00000-7.png", 2),
            "2026-11-24-00000-7.png"
        );
        assert_eq!(
            name("outputs/txt2img-images/2026-11-25/00000-7.png", 3),
            "2026-11-25-00000-7.png"
        );
        assert_eq!(
            name("outputs/img2img-images/2026-11-25/00000-7.png", 4),
            "2026-11-25-4-00000-7.png"
        );
    }
}
