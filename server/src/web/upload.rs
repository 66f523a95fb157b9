//! An archive of images on its way to becoming a data set.

use std::path::{Path, PathBuf};

use app::api::{ApiError, DatasetInfo};
use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use engine::config::ConfigError;
use tokio::io::AsyncWriteExt;

use super::Web;
use super::answer::{Fault, escape_query, wants_page};
use crate::Error;
use crate::studio::library::datasets::NewDataset;

/// A name or a colour is never longer.
const MAX_TEXT: usize = 4096;

pub async fn dataset(
    State(web): State<Web>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let mut upload = Upload::default();
    let result = match form {
        Ok(form) => upload.take(&web, form).await,
        Err(rejection) => Err(bad_form(&rejection.body_text())),
    };
    let name = upload.name.clone();
    let added = match result {
        Ok(()) => upload.add(&web).await,
        Err(fault) => Err(fault),
    };
    match (wants_page(&headers), added) {
        (false, Ok(info)) => Json(info).into_response(),
        (false, Err(fault)) => fault.into_response(),
        (true, Ok(info)) => Redirect::to(&format!("/datasets?name={}", info.name)).into_response(),
        (true, Err(Fault(_, error))) => {
            let query = [("error", error.to_string()), ("name", name)];
            let query: String = query
                .iter()
                .map(|(key, value)| format!("{key}={}&", escape_query(value)))
                .collect();
            Redirect::to(&format!("/datasets?{}", query.trim_end_matches('&'))).into_response()
        }
    }
}

/// What the form brought so far.
#[derive(Default)]
struct Upload {
    name: String,
    background: String,
    file: Option<TemporaryFile>,
}

impl Upload {
    async fn take(&mut self, web: &Web, mut form: Multipart) -> Result<(), Fault> {
        while let Some(field) =
            form.next_field().await.map_err(|error| bad_form(&error.body_text()))?
        {
            match field.name() {
                Some("name") => self.name = short_text(field).await?.trim().to_owned(),
                Some("background") => self.background = short_text(field).await?.trim().to_owned(),
                Some("file") => self.file = Some(to_disk(web, field).await?),
                _ => {}
            }
        }
        Ok(())
    }

    async fn add(self, web: &Web) -> Result<DatasetInfo, Fault> {
        let Some(file) = self.file.filter(|file| file.bytes > 0) else {
            return Err(field_fault("file", "choose a zip or tar.gz of images"));
        };
        let background =
            if self.background.is_empty() { "#000000".into() } else { self.background };
        let name = self.name;
        let added = web
            .studio
            .blocking(move |darkroom| {
                let new = NewDataset { name: &name, background: &background };
                darkroom.datasets.add_upload(&new, &file.path)
            })
            .await?;
        Ok(added)
    }
}

/// Goes away with its owner.
struct TemporaryFile {
    path: PathBuf,
    bytes: u64,
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!("{} stays behind: {error}", self.path.display());
        }
    }
}

pub(super) async fn short_text(mut field: Field<'_>) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| bad_form(&error.body_text()))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_TEXT {
            return Err(bad_form("a field of the form is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|_| bad_form("a field of the form is no text"))
}

/// Streams the file to disk. Too much or no room is heard to its end all the same, because a browser
/// shows no answer that comes before it has sent everything.
async fn to_disk(web: &Web, mut field: Field<'_>) -> Result<TemporaryFile, Fault> {
    let folder = web.studio.0.folders.uploads();
    let (path, file) = new_file(&folder)?;
    let mut upload = TemporaryFile { path, bytes: 0 };
    let mut file = tokio::fs::File::from_std(file);
    let mut fault = None;
    while let Some(chunk) = field.chunk().await.map_err(|error| bad_form(&error.body_text()))? {
        upload.bytes += chunk.len() as u64;
        if upload.bytes > web.max_upload {
            fault.get_or_insert_with(|| too_large(web.max_upload));
        }
        if fault.is_none() {
            fault =
                file.write_all(&chunk).await.err().map(|error| write_fault(&upload.path, error));
        }
    }
    if fault.is_none() {
        fault = file.flush().await.err().map(|error| write_fault(&upload.path, error));
    }
    match fault {
        Some(fault) => Err(fault),
        None => Ok(upload),
    }
}

fn new_file(folder: &Path) -> Result<(PathBuf, std::fs::File), Fault> {
    std::fs::create_dir_all(folder).map_err(|error| write_fault(folder, error))?;
    let path = folder.join(format!("{:016x}", rand::random::<u64>()));
    let file = std::fs::File::create_new(&path).map_err(|error| write_fault(&path, error))?;
    Ok((path, file))
}

fn write_fault(path: &Path, error: std::io::Error) -> Fault {
    Error::file("write the upload to", path)(error).into()
}

fn too_large(limit: u64) -> Fault {
    let limit = match limit >> 20 {
        0 => format!("{limit} bytes"),
        mebibytes => format!("{mebibytes} MiB"),
    };
    let Fault(_, error) = field_fault(
        "file",
        &format!(
            "this is larger than {limit}; put it on this machine's disk and add it by its path"
        ),
    );
    Fault(StatusCode::PAYLOAD_TOO_LARGE, error)
}

pub(super) fn field_fault(field: &str, message: &str) -> Fault {
    ApiError::Fields(ConfigError::one(field, message)).into()
}

pub(super) fn bad_form(words: &str) -> Fault {
    Fault(StatusCode::BAD_REQUEST, ApiError::Conflict(format!("the upload broke off: {words}")))
}
