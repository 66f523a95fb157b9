//! The browser half, inside the program.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::answer::{Fault, wants_page};
use super::{Web, pages};

#[derive(RustEmbed)]
#[folder = "$CARGO_MANIFEST_DIR/../target/site"]
struct Site;

/// A file of the site; for anything else the page that says there is nothing here.
pub async fn serve(State(web): State<Web>, request: Request) -> Response {
    let path = request.uri().path().trim_start_matches('/').to_owned();
    if matches!(*request.method(), Method::GET | Method::HEAD)
        && let Some(file) = Site::get(&path)
    {
        return answer(&path, file, request.headers().get(header::IF_NONE_MATCH));
    }
    match wants_page(request.headers()) {
        true => pages::not_found(&web, request).await,
        false => Fault::not_found().into_response(),
    }
}

fn answer(path: &str, file: EmbeddedFile, seen: Option<&HeaderValue>) -> Response {
    let hash: String =
        file.metadata.sha256_hash()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    // Weak, because the answer may be compressed on its way.
    let tag = format!("W/\"{hash}\"");
    if seen.is_some_and(|seen| seen.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, [(header::ETAG, tag)]).into_response();
    }
    let kind = mime_guess::from_path(path).first_or_octet_stream();
    let headers = [(header::ETAG, tag), (header::CONTENT_TYPE, kind.as_ref().to_owned())];
    (headers, Body::from(file.data.into_owned())).into_response()
}
