//! An archive of images on its way to becoming a data set.

use app::api::DatasetInfo;
use axum::Json;
use axum::extract::State;
use axum::extract::multipart::{Multipart, MultipartRejection};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect, Response};

use super::super::answer::{Fault, escape_query, wants_page};
use super::{TemporaryFile, Web, bad_form, field_fault, short_text, to_disk};
use crate::studio::library::NewDataset;

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
            return Err(field_fault(
                "file",
                "choose a zip or tar.gz of images, or a file of arrays",
            ));
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
