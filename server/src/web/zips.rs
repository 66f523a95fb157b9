//! Pictures as one download.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use axum::Form;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Web;
use super::answer::Fault;
use super::files::number;
use crate::studio::store::ImageRow;
use crate::studio::{Darkroom, calendar};
use crate::{Error, Result};

type Answer = std::result::Result<Response, Fault>;

/// All pictures of one generation.
pub async fn zip(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    let job = number(&file, ".zip")?;
    let pictures = move |darkroom: &Darkroom| darkroom.store.images(job);
    download(&web, pictures, format!("darkroom-{job}.zip")).await
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
    download(&web, pictures, format!("darkroom-{}.zip", calendar::stamp())).await
}

async fn download(
    web: &Web,
    pictures: impl FnOnce(&Darkroom) -> Result<Vec<ImageRow>> + Send + 'static,
    name: String,
) -> Answer {
    let pack = move |darkroom: &Arc<Darkroom>| archive(darkroom, pictures(darkroom)?);
    let archive = web.studio.blocking(pack).await?;
    let length = archive.metadata().map_or(0, |metadata| metadata.len());
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(archive)));
    Ok((headers, body).into_response())
}

/// Written to a nameless file first: many pictures need not fit in memory.
fn archive(darkroom: &Darkroom, images: Vec<ImageRow>) -> Result<File> {
    if images.is_empty() {
        return Err(Error::NotFound("there are no such pictures".into()));
    }
    let folder = darkroom.folders.root();
    let file = tempfile::tempfile_in(folder).map_err(Error::file("write a zip in", folder))?;
    let mut zip = ZipWriter::new(file);
    // PNG is compressed already.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let failed =
        |error: zip::result::ZipError| Error::Other(format!("no zip could be made: {error}"));
    let mut taken = HashSet::new();
    for row in images {
        let path = darkroom.folders.absolute(&row.image.path);
        let name = name_within(&row.image.path, &mut taken);
        let bytes = std::fs::read(&path).map_err(Error::file("read", &path))?;
        zip.start_file(name, stored).map_err(failed)?;
        zip.write_all(&bytes).map_err(Error::file("write a zip in", folder))?;
    }
    let mut file = zip.finish().map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(Error::file("read a zip in", folder))?;
    Ok(file)
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
