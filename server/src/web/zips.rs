//! Pictures as one download.

use std::collections::HashSet;
use std::fs::File;
use std::sync::Arc;

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
    if images.is_empty() {
        return Err(Error::NotFound("there are no such pictures".into()));
    }
    let mut archive = Archive::begin(darkroom.folders.root())?;
    let mut taken = HashSet::new();
    for row in images {
        let path = darkroom.folders.absolute(&row.image.path);
        archive.add(&name_within(&row.image.path, &mut taken), &path)?;
    }
    archive.finish()
}

/// The file's own name; pictures of different days can share one, and then have the day before it.
fn name_within(path: &str, taken: &mut HashSet<String>) -> String {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or(path).to_owned();
    match taken.insert(file.clone()) {
        true => file,
        false => format!("{}-{file}", parts.next().unwrap_or_default()),
    }
}
