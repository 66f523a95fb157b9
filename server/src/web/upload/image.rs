//! An image from a person's disk, clipboard or canvas.

use app::api::{InputImage, input_address};
use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Field, Multipart, MultipartRejection};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use super::super::answer::{Fault, escape_query, wants_page};
use super::{Web, bad_form, field_fault, short_text};

/// Bytes of an image file at most.
const MAX_IMAGE: usize = 64 << 20;

/// Takes the multipart field `file`; a page's `to` says which tab a plain form goes on to. Answers
/// 422 for what is no image and 413 for one that is too large.
pub async fn image(
    State(web): State<Web>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let mut to = String::new();
    let kept = match form {
        Ok(form) => keep(&web, form, &mut to).await,
        Err(rejection) => Err(bad_form(&rejection.body_text())),
    };
    match (wants_page(&headers), kept) {
        (false, Ok(input)) => Json(input).into_response(),
        (false, Err(fault)) => fault.into_response(),
        (true, Ok(input)) => Redirect::to(&input_address(&to, &input.name)).into_response(),
        (true, Err(Fault(_, error))) => {
            let page = if to == "png_info" { "/png-info" } else { "/" };
            let error = escape_query(&error.to_string());
            Redirect::to(&format!("{page}?error={error}")).into_response()
        }
    }
}

async fn keep(web: &Web, mut form: Multipart, to: &mut String) -> Result<InputImage, Fault> {
    let mut image = None;
    while let Some(field) = form.next_field().await.map_err(|error| bad_form(&error.body_text()))? {
        match field.name() {
            Some("to") => *to = short_text(field).await?,
            Some("file") => image = Some(bytes(field).await?),
            _ => {}
        }
    }
    let image = image.filter(|bytes| !bytes.is_empty());
    let image = image.ok_or_else(|| field_fault("image", "choose an image"))?;
    Ok(web.studio.blocking(move |darkroom| darkroom.add_input(&image)).await?)
}

/// Too much is heard to its end all the same: a browser shows no answer that comes before it has sent
/// everything.
async fn bytes(mut field: Field<'_>) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let mut length = 0;
    while let Some(chunk) = field.chunk().await.map_err(|error| bad_form(&error.body_text()))? {
        length += chunk.len();
        if length <= MAX_IMAGE {
            bytes.extend_from_slice(&chunk);
        }
    }
    match length <= MAX_IMAGE {
        true => Ok(bytes),
        false => {
            let most = MAX_IMAGE >> 20;
            let Fault(_, error) = field_fault("image", &format!("larger than {most} MiB"));
            Err(Fault(StatusCode::PAYLOAD_TOO_LARGE, error))
        }
    }
}
