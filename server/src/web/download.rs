//! A file on its way to somebody's disk.

use std::fs::File;

use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tokio_util::io::ReaderStream;

/// `file` under the name `name`.
pub fn download(file: File, kind: &'static str, name: &str) -> Response {
    let length = file.metadata().map_or(0, |metadata| metadata.len());
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{}\"", quoted(name))),
    ];
    let body = Body::from_stream(ReaderStream::new(tokio::fs::File::from_std(file)));
    (headers, body).into_response()
}

/// A header holds no quotes, backslashes or signs beyond ASCII within its quotes.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '\\');
    name.chars().map(|c| if plain(c) { c } else { '_' }).collect()
}
