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
use crate::studio::archive::Archive;
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

/// `NAME.zip`: the whole folder of a run but the state of its optimizer.
pub async fn run(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    let name = file.strip_suffix(".zip").ok_or_else(Fault::not_found)?.to_owned();
    let pack = move |darkroom: &Arc<Darkroom>| packed(darkroom, &name);
    let packed = web.studio.blocking(pack).await?;
    Ok(download(packed, "application/zip", &file))
}

fn packed(darkroom: &Darkroom, name: &str) -> Result<File> {
    let folder = darkroom.models.run(name)?;
    let mut archive = Archive::begin(darkroom.folders.root())?;
    for path in files_below(&folder)? {
        let within = path.strip_prefix(&folder).unwrap_or(&path).to_string_lossy().into_owned();
        if within != STATE {
            archive.add(&within, &path)?;
        }
    }
    archive.finish()
}

/// As large as the checkpoints together, and of use only to go on here.
const STATE: &str = "state.safetensors";

fn files_below(folder: &std::path::Path) -> Result<Vec<std::path::PathBuf>> {
    let mut files = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(&folder).map_err(Error::file("read", &folder))?.flatten() {
            match entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                true => open.push(entry.path()),
                false => files.push(entry.path()),
            }
        }
    }
    files.sort();
    Ok(files)
}
