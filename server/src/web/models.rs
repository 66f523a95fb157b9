//! Models and runs as downloads.

use std::fs::File;
use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Web;
use super::answer::Fault;
use super::download::download;
use crate::studio::Darkroom;
use crate::{Error, Result};

type Answer = std::result::Result<Response, Fault>;

#[derive(Deserialize)]
pub struct Wanted {
    /// Only what drawing needs, in half precision.
    #[serde(default)]
    half: bool,
}

/// `NAME.safetensors`: the weights with configuration and step in their metadata. `?half=true` for a
/// quarter of the size.
pub async fn weights(
    State(web): State<Web>,
    Path(file): Path<String>,
    Query(wanted): Query<Wanted>,
) -> Answer {
    let name = file.strip_suffix(".safetensors").ok_or_else(Fault::not_found)?.to_owned();
    let export = move |darkroom: &Arc<Darkroom>| exported(darkroom, &name, wanted.half);
    let exported = web.studio.blocking(export).await?;
    Ok(download(exported, "application/octet-stream", &file))
}

fn exported(darkroom: &Darkroom, name: &str, half: bool) -> Result<File> {
    let whole = darkroom.models.find(name)?.checkpoint()?;
    let checkpoint = if half { whole.compact()? } else { whole };
    let root = darkroom.folders.root();
    let folder = tempfile::tempdir_in(root).map_err(Error::file("write in", root))?;
    let path = folder.path().join("weights");
    checkpoint.save(&path)?;
    // The file lives on, nameless, until it is sent.
    File::open(&path).map_err(Error::file("read", &path))
}

/// `NAME.zip`: a run with all that it needs to go on elsewhere.
pub async fn run(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    zip(web, file, |darkroom, name| darkroom.models.zip(name)).await
}

/// `NAME.zip`: a model as a pipeline of diffusers.
pub async fn diffusers(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    zip(web, file, |darkroom, name| darkroom.models.diffusers_zip(name)).await
}

async fn zip(web: Web, file: String, made: fn(&Darkroom, &str) -> Result<File>) -> Answer {
    let name = file.strip_suffix(".zip").ok_or_else(Fault::not_found)?.to_owned();
    let make = move |darkroom: &Arc<Darkroom>| made(darkroom, &name);
    let made = web.studio.blocking(make).await?;
    Ok(download(made, "application/zip", &file))
}
