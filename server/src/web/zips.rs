//! All pictures of a generation as one download.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::Web;
use super::answer::Fault;
use super::files::number;
use crate::studio::Darkroom;
use crate::{Error, Result};

pub async fn zip(
    State(web): State<Web>,
    Path(file): Path<String>,
) -> std::result::Result<Response, Fault> {
    let job = number(&file, ".zip")?;
    let archive = web.studio.blocking(move |darkroom| archive(darkroom, job)).await?;
    let length = archive.metadata().map_or(0, |metadata| metadata.len());
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"darkroom-{job}.zip\"")),
    ];
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(archive)));
    Ok((headers, body).into_response())
}

/// Written to a nameless file first: the pictures of a big job need not fit in memory.
fn archive(darkroom: &Darkroom, job: i64) -> Result<File> {
    let images = darkroom.store.images(job)?;
    if images.is_empty() {
        return Err(Error::NotFound("this generation has no pictures".into()));
    }
    let folder = darkroom.folders.root();
    let file = tempfile::tempfile_in(folder).map_err(Error::file("write a zip in", folder))?;
    let mut zip = ZipWriter::new(file);
    // PNG is compressed already.
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let failed =
        |error: zip::result::ZipError| Error::Other(format!("no zip could be made: {error}"));
    for row in images {
        let path = darkroom.folders.absolute(&row.image.path);
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).map_err(Error::file("read", &path))?;
        zip.start_file(name, stored).map_err(failed)?;
        zip.write_all(&bytes).map_err(Error::file("write a zip in", folder))?;
    }
    let mut file = zip.finish().map_err(failed)?;
    file.seek(SeekFrom::Start(0)).map_err(Error::file("read a zip in", folder))?;
    Ok(file)
}
