//! Pictures by number. What a path may be stands in the database, never in the address.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use app::api::ProcessForm;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use engine::grid::Picture;

use super::Web;
use super::answer::Fault;
use crate::studio::Darkroom;
use crate::studio::store::NewImage;
use crate::{Error, Result};

type Answer = std::result::Result<Response, Fault>;

pub async fn image(State(web): State<Web>, Path(file): Path<String>, headers: HeaderMap) -> Answer {
    of_image(&web, &file, &headers, |image| Some(image.path)).await
}

pub async fn strip(State(web): State<Web>, Path(file): Path<String>, headers: HeaderMap) -> Answer {
    of_image(&web, &file, &headers, |image| Some(image.strip)).await
}

/// The noisy pictures of a strip.
pub async fn noisy_strip(
    State(web): State<Web>,
    Path(file): Path<String>,
    headers: HeaderMap,
) -> Answer {
    of_image(&web, &file, &headers, |image| image.noisy_strip).await
}

/// One of the files of the picture that `file` has the number of.
async fn of_image(
    web: &Web,
    file: &str,
    headers: &HeaderMap,
    which: fn(NewImage) -> Option<String>,
) -> Answer {
    let path = move |darkroom: &Darkroom, id| {
        Ok(darkroom.store.image(id)?.and_then(|row| which(row.image)))
    };
    numbered(web, file, headers, path).await
}

pub async fn grid(State(web): State<Web>, Path(file): Path<String>, headers: HeaderMap) -> Answer {
    let path = |darkroom: &Darkroom, job| Ok(darkroom.store.job(job)?.and_then(|row| row.grid));
    numbered(&web, &file, &headers, path).await
}

/// A sheet of a plot.
pub async fn sheet(
    State(web): State<Web>,
    Path((job, file)): Path<(i64, String)>,
    headers: HeaderMap,
) -> Answer {
    let path = move |darkroom: &Darkroom, sheet| {
        let sheets = darkroom.store.sheets(job)?.into_iter();
        Ok((0..).zip(sheets).find(|(number, _)| *number == sheet).map(|(_, path)| path))
    };
    numbered(&web, &file, &headers, path).await
}

/// A grid of samples: `500.png`, or `500-raw.png` by the weights as trained.
pub async fn sample(
    State(web): State<Web>,
    Path((job, file)): Path<(i64, String)>,
    headers: HeaderMap,
) -> Answer {
    let raw = file.strip_suffix("-raw.png").map(|step| format!("{step}.png"));
    let is_raw = raw.is_some();
    let path = move |darkroom: &Darkroom, step: i64| {
        let sample = darkroom.store.sample(job, step.unsigned_abs())?;
        Ok(sample.and_then(|sample| if is_raw { sample.raw } else { Some(sample.path) }))
    };
    numbered(&web, raw.as_ref().unwrap_or(&file), &headers, path).await
}

/// The samples of a run up to the step that the file is called by, on one sheet.
pub async fn progress(State(web): State<Web>, Path((job, file)): Path<(i64, String)>) -> Answer {
    let last = number(&file, ".png")?.unsigned_abs();
    drawn(&web, move |darkroom| darkroom.progress(job, last)).await
}

/// The newest preview of the generation that runs or ran last; it lives in memory only.
pub async fn preview(State(web): State<Web>, Path(file): Path<String>) -> Answer {
    let id = number(&file, ".png")?;
    let png = web.studio.0.live.preview(id).ok_or_else(Fault::not_found)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

/// An image that was given.
pub async fn input(State(web): State<Web>, Path(file): Path<String>, headers: HeaderMap) -> Answer {
    let name = file.strip_suffix(".png").ok_or_else(Fault::not_found)?.to_owned();
    let path = move |darkroom: &Darkroom| {
        let path = darkroom.input_path(&name, "image")?;
        Ok(Some(darkroom.folders.relative(&path)))
    };
    stored(&web, path, &headers).await
}

/// A thumbnail of an image of a data set.
pub async fn dataset(State(web): State<Web>, Path((name, file)): Path<(String, String)>) -> Answer {
    let index = usize::try_from(number(&file, ".png")?).map_err(|_| Fault::not_found())?;
    let thumbnail = move |darkroom: &Arc<Darkroom>| {
        darkroom.datasets.thumbnail(&name, index).map_err(|error| match error {
            Error::Engine(error) => Error::NotFound(error.to_string()),
            other => other,
        })
    };
    drawn(&web, thumbnail).await
}

/// A picture of a data set on its way into noise; the query is the form.
pub async fn process(State(web): State<Web>, Query(form): Query<ProcessForm>) -> Answer {
    drawn(&web, move |darkroom| darkroom.process_strip(&form)).await
}

/// An image of a data set as training may see it; the query has the settings and the image's number.
pub async fn augmented(
    State(web): State<Web>,
    Path(file): Path<String>,
    Query(asked): Query<BTreeMap<String, String>>,
) -> Answer {
    let name = file.strip_suffix(".png").ok_or_else(Fault::not_found)?.to_owned();
    drawn(&web, move |darkroom| darkroom.augmented(&name, &asked)).await
}

/// A picture that is made now. What it is made of hardly ever changes, and a page shows sixty of them.
async fn drawn(
    web: &Web,
    picture: impl FnOnce(&Arc<Darkroom>) -> Result<Picture> + Send + 'static,
) -> Answer {
    let png = web.studio.blocking(move |darkroom| Ok(picture(darkroom)?.to_png(&[]))).await?;
    let headers =
        [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "private, max-age=60")];
    Ok((headers, png).into_response())
}

/// The number before `suffix`; anything else is no file of ours.
pub fn number(file: &str, suffix: &str) -> std::result::Result<i64, Fault> {
    let digits =
        file.strip_suffix(suffix).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(Fault::not_found)
}

/// The PNG that `find` knows by the number that `file` is called by.
async fn numbered(
    web: &Web,
    file: &str,
    headers: &HeaderMap,
    find: impl FnOnce(&Darkroom, i64) -> Result<Option<String>> + Send + 'static,
) -> Answer {
    let number = number(file, ".png")?;
    stored(web, move |darkroom| find(darkroom, number), headers).await
}

/// The PNG at the path, relative to the data folder, that `find` gives.
async fn stored(
    web: &Web,
    find: impl FnOnce(&Darkroom) -> Result<Option<String>> + Send + 'static,
    headers: &HeaderMap,
) -> Answer {
    let seen = headers.get(header::IF_NONE_MATCH).cloned();
    let found = web
        .studio
        .blocking(move |darkroom| {
            let Some(relative) = find(darkroom)? else { return Ok(None) };
            Ok(read(&darkroom.folders.absolute(&relative), seen.as_ref()))
        })
        .await?;
    found.ok_or_else(Fault::not_found)
}

/// A file that was removed by hand is simply not there.
fn read(path: &FilePath, seen: Option<&HeaderValue>) -> Option<Response> {
    let metadata = path.metadata().ok()?;
    let modified = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
    let tag = format!("\"{:x}-{:x}\"", metadata.len(), modified.as_nanos());
    let tag = HeaderValue::try_from(tag).ok()?;
    if seen == Some(&tag) {
        return Some((StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response());
    }
    let bytes = std::fs::read(path).ok()?;
    let headers =
        [(header::ETAG, tag), (header::CONTENT_TYPE, HeaderValue::from_static("image/png"))];
    Some((headers, Body::from(bytes)).into_response())
}
