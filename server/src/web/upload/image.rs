//! An image from a person's disk, clipboard or canvas.

use app::api::{ApiError, InputImage, input_address};
use axum::extract::State;
use axum::extract::multipart::Field;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::super::answer::Fault;
use super::{Form, Web, answer, bad_form, field_fault, next, read, short_text};
use crate::query::escape;

/// Bytes of an image file at most.
const MAX_IMAGE: usize = 64 << 20;

/// Takes the multipart field `file`; a page's `to` says which tab a plain form goes on to. Answers
/// 422 for what is no image and 413 for one that is too large.
pub async fn image(State(web): State<Web>, headers: HeaderMap, form: Form) -> Response {
    let mut to = String::new();
    let kept = keep(&web, form, &mut to).await;
    let refused = |error: &ApiError| {
        let page = match to.as_str() {
            "png_info" => "/png-info",
            "process" => "/process",
            _ => "/",
        };
        format!("{page}?error={}", escape(&error.to_string()))
    };
    answer(&headers, kept, |input| input_address(&to, &input.name), refused)
}

async fn keep(web: &Web, form: Form, to: &mut String) -> Result<InputImage, Fault> {
    let mut form = read(form)?;
    let mut image = None;
    while let Some(field) = next(&mut form).await? {
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
