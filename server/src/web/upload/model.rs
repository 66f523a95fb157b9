//! A model from elsewhere: a diffusers pipeline as a zip, a .safetensors of ours, or the reference's
//! .pth with the YAML it was trained with.

use app::api::ModelInfo;
use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::answer::{Fault, escape_query, wants_page};
use super::{TemporaryFile, Web, bad_form, field_fault, short_text, to_disk};
use crate::studio::library::ModelSource;

/// Takes the multipart fields `name`, `file` and, for a .pth, `config`; a plain form goes back to the
/// models. Answers 422 for what cannot be read and 413 for what is too large.
pub async fn model(
    State(web): State<Web>,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Response {
    let imported = match form {
        Ok(form) => import(&web, form).await,
        Err(rejection) => Err(bad_form(&rejection.body_text())),
    };
    match (wants_page(&headers), imported) {
        (false, Ok(info)) => Json(info).into_response(),
        (false, Err(fault)) => fault.into_response(),
        (true, Ok(info)) => Redirect::to(&format!("/models?name={}", info.name)).into_response(),
        (true, Err(Fault(_, error))) => {
            let error = escape_query(&error.to_string());
            Redirect::to(&format!("/models?error={error}")).into_response()
        }
    }
}

/// What the form brought.
#[derive(Default)]
struct Upload {
    name: String,
    file: Option<TemporaryFile>,
    config: Option<TemporaryFile>,
}

async fn import(web: &Web, mut form: Multipart) -> Result<ModelInfo, Fault> {
    let mut upload = Upload::default();
    while let Some(field) = form.next_field().await.map_err(|error| bad_form(&error.body_text()))? {
        match field.name() {
            Some("name") => upload.name = short_text(field).await?.trim().to_owned(),
            Some("file") => upload.file = Some(to_disk(web, field).await?),
            Some("config") => upload.config = Some(to_disk(web, field).await?),
            _ => {}
        }
    }
    let given = |file: Option<TemporaryFile>| file.filter(|file| file.bytes > 0);
    let (name, config) = (upload.name, given(upload.config));
    let file = given(upload.file).ok_or_else(|| field_fault("file", "choose a model's file"))?;
    let imported = web
        .studio
        .blocking(move |darkroom| {
            let yaml = config.as_ref().map(|config| config.path.as_path());
            let source = ModelSource { path: &file.path, yaml };
            let imported = darkroom.models.import(&name, &source);
            imported.map_err(|error| error.at_field("file"))?;
            darkroom.live.library_changed();
            darkroom.models.info(&name)
        })
        .await?;
    Ok(imported)
}
