//! Files on their way in: archives of images, single images, models.

mod dataset;
mod files;
mod image;
mod model;

pub use dataset::{dataset, images};
pub use image::image;
pub use model::model;

use std::path::{Path, PathBuf};

use app::api::ApiError;
use axum::Json;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use engine::config::ConfigError;
use serde::Serialize;
use tokio::io::AsyncWriteExt;

use super::Web;
use super::answer::{Fault, wants_page};
use crate::Error;

/// What a browser or a program posts.
type Form = Result<Multipart, MultipartRejection>;

/// A name or a colour is never longer.
const MAX_TEXT: usize = 4096;

/// Nor is a field of the Generate form, a prompt or the values of a plot.
const MAX_LONG_TEXT: usize = 64 << 10;

/// What was made of an upload, as JSON; a browser that posted a plain form goes on to the address that
/// `done` or `refused` says.
fn answer<T: Serialize>(
    headers: &HeaderMap,
    result: Result<T, Fault>,
    done: impl FnOnce(&T) -> String,
    refused: impl FnOnce(&ApiError) -> String,
) -> Response {
    match (wants_page(headers), result) {
        (false, Ok(made)) => Json(made).into_response(),
        (false, Err(fault)) => fault.into_response(),
        (true, Ok(made)) => Redirect::to(&done(&made)).into_response(),
        (true, Err(Fault(_, error))) => Redirect::to(&refused(&error)).into_response(),
    }
}

/// The form, if it is one.
fn read(form: Form) -> Result<Multipart, Fault> {
    form.map_err(|rejection| bad_form(&rejection.body_text()))
}

/// The next field of the form.
async fn next(form: &mut Multipart) -> Result<Option<Field<'_>>, Fault> {
    form.next_field().await.map_err(|error| bad_form(&error.body_text()))
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

async fn short_text(field: Field<'_>) -> Result<String, Fault> {
    text(field, MAX_TEXT).await
}

async fn text(mut field: Field<'_>, most: usize) -> Result<String, Fault> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| bad_form(&error.body_text()))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > most {
            return Err(bad_form("a field of the form is too long"));
        }
    }
    String::from_utf8(bytes).map_err(|_| bad_form("a field of the form is no text"))
}

/// Streams the file to disk. Too much or no room is heard to its end all the same, because a browser
/// shows no answer that comes before it has sent everything.
async fn to_disk(web: &Web, mut field: Field<'_>) -> Result<TemporaryFile, Fault> {
    let folder = web.studio.0.folders.uploads();
    let (path, file) = new_file(&folder, &ending(&field))?;
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

/// The ending of the name that the file had; of the name nothing else is kept.
fn ending(field: &Field<'_>) -> String {
    let name = field.file_name().map(Path::new);
    let ending = name.and_then(|name| name.extension()?.to_str()).unwrap_or_default();
    let plain = !ending.is_empty() && ending.chars().all(|c| c.is_ascii_alphanumeric());
    if plain { format!(".{}", ending.to_ascii_lowercase()) } else { String::new() }
}

fn new_file(folder: &Path, ending: &str) -> Result<(PathBuf, std::fs::File), Fault> {
    std::fs::create_dir_all(folder).map_err(|error| write_fault(folder, error))?;
    let path = folder.join(format!("{:016x}{ending}", rand::random::<u64>()));
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

fn field_fault(field: &str, message: &str) -> Fault {
    ApiError::Fields(ConfigError::one(field, message)).into()
}

fn bad_form(words: &str) -> Fault {
    Fault(StatusCode::BAD_REQUEST, ApiError::Conflict(format!("the upload broke off: {words}")))
}
