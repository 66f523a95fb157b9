//! An archive of images on its way to becoming a data set.

use app::api::{ApiError, DatasetInfo};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::answer::Fault;
use super::{Form, TemporaryFile, Web, answer, field_fault, next, read, short_text, to_disk};
use crate::query::escape;
use crate::studio::library::NewDataset;

pub async fn dataset(State(web): State<Web>, headers: HeaderMap, form: Form) -> Response {
    let mut upload = Upload::default();
    let taken = upload.take(&web, form).await;
    let name = upload.name.clone();
    let added = match taken {
        Ok(()) => upload.add(&web).await,
        Err(fault) => Err(fault),
    };
    let refused = |error: &ApiError| {
        let [error, name] = [&error.to_string(), &name].map(|text| escape(text));
        format!("/datasets?error={error}&name={name}")
    };
    answer(&headers, added, |info| format!("/datasets?name={}", info.name), refused)
}

/// What the form brought so far.
#[derive(Default)]
struct Upload {
    name: String,
    background: String,
    file: Option<TemporaryFile>,
}

impl Upload {
    async fn take(&mut self, web: &Web, form: Form) -> Result<(), Fault> {
        let mut form = read(form)?;
        while let Some(field) = next(&mut form).await? {
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
