//! An image from a person's disk, clipboard or canvas.

use std::collections::BTreeMap;

use app::api::{ApiError, GenerateForm, InputImage, Studio, input_address};
use axum::extract::State;
use axum::extract::multipart::Field;
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::Response;
use engine::config::GenerateSettings;

use super::super::answer::Fault;
use super::super::browser;
use super::{
    Form, MAX_LONG_TEXT, Web, answer, bad_form, field_fault, next, read, short_text, text,
};
use crate::query::escape;

/// Bytes of an image file at most.
const MAX_IMAGE: usize = 64 << 20;

/// Takes the multipart field `file`; a page's `to` says which tab a plain form goes on to. The Generate
/// form brings all its fields along, which then stay as they were typed. Answers 422 for what is no image
/// and 413 for one that is too large.
pub async fn image(
    State(web): State<Web>,
    extensions: Extensions,
    headers: HeaderMap,
    form: Form,
) -> Response {
    let mut posted = Posted::default();
    let taken = posted.take(form).await;
    let (to, typed) = (posted.to, posted.typed);
    // Of a form that broke off nothing is kept: fields that did not come would be those of an empty one.
    let kept = async {
        taken?;
        keep_typed(&web, &browser::key(&extensions), typed).await?;
        keep(&web, posted.file).await
    };
    let kept = kept.await;
    let refused = |error: &ApiError| {
        let page = match to.as_str() {
            "png_info" => "/png-info",
            "process" => "/process",
            _ => "/",
        };
        let message = error.for_field("image").map_or_else(|| error.to_string(), str::to_owned);
        format!("{page}?error={}", escape(&message))
    };
    answer(&headers, kept, |input| input_address(&to, &input.name), refused)
}

/// What the form brought so far.
#[derive(Default)]
struct Posted {
    to: String,
    /// The image, or why it will not do.
    file: Option<Result<Vec<u8>, Fault>>,
    /// Fields of the Generate form.
    typed: BTreeMap<String, String>,
}

impl Posted {
    async fn take(&mut self, form: Form) -> Result<(), Fault> {
        let mut form = read(form)?;
        while let Some(field) = next(&mut form).await? {
            match field.name() {
                Some("to") => self.to = short_text(field).await?,
                // What was typed may come behind one that is too large.
                Some("file") => self.file = Some(bytes(field).await),
                Some(key)
                    if key == GenerateForm::STYLE || GenerateSettings::KEYS.contains(&key) =>
                {
                    let key = key.to_owned();
                    self.typed.insert(key, text(field, MAX_LONG_TEXT).await?);
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Keeps the Generate form as the page keeps it, if it came along.
async fn keep_typed(
    web: &Web,
    browser: &str,
    typed: BTreeMap<String, String>,
) -> Result<(), Fault> {
    if typed.is_empty() {
        return Ok(());
    }
    let draft = serde_json::to_string(&GenerateForm::from(typed)).map_err(crate::Error::from)?;
    Ok(web.studio.save_draft(browser, "generate", &draft).await?)
}

async fn keep(web: &Web, file: Option<Result<Vec<u8>, Fault>>) -> Result<InputImage, Fault> {
    let image = file.transpose()?.filter(|bytes| !bytes.is_empty());
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
