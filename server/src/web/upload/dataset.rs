//! Images on their way into a data set.

use app::api::{ApiError, DatasetChange, DatasetInfo};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::super::answer::Fault;
use super::files::Files;
use super::{Form, TemporaryFile, Web, answer, next, read, short_text};
use crate::query::escape;
use crate::studio::library::NewDataset;

/// Takes the multipart fields `name`, `background` and `file`, of which there may be many where they
/// are images.
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

/// Takes the multipart fields `name`, `class` and any number of `file`, and adds the images to the data
/// set called `name`.
pub async fn images(State(web): State<Web>, headers: HeaderMap, form: Form) -> Response {
    let mut upload = Upload::default();
    let taken = upload.take(&web, form).await;
    let name = upload.name.clone();
    let added = match taken {
        Ok(()) => upload.add_to(&web).await,
        Err(fault) => Err(fault),
    };
    let address = format!("/datasets?name={}", escape(&name));
    let refused = |error: &ApiError| format!("{address}&adding={}", escape(&error.to_string()));
    answer(&headers, added, |_| address.clone(), refused)
}

/// What the form brought so far.
#[derive(Default)]
struct Upload {
    name: String,
    background: String,
    class: String,
    files: Files,
}

impl Upload {
    async fn take(&mut self, web: &Web, form: Form) -> Result<(), Fault> {
        let mut form = read(form)?;
        while let Some(field) = next(&mut form).await? {
            match field.name() {
                Some("name") => self.name = short_text(field).await?.trim().to_owned(),
                Some("background") => self.background = short_text(field).await?.trim().to_owned(),
                Some("class") => self.class = short_text(field).await?,
                Some("file") => self.files.take(web, field).await?,
                _ => {}
            }
        }
        Ok(())
    }

    async fn add(self, web: &Web) -> Result<DatasetInfo, Fault> {
        let Self { name, mut background, files, .. } = self;
        if background.is_empty() {
            background = "#000000".into();
        }
        let archive = packed(web, files).await?;
        let added = web
            .studio
            .blocking(move |darkroom| {
                let new = NewDataset { name: &name, background: &background };
                darkroom.datasets.add_upload(&new, &archive.path)
            })
            .await?;
        Ok(added)
    }

    async fn add_to(self, web: &Web) -> Result<DatasetChange, Fault> {
        let Self { name, class, files, .. } = self;
        let archive = packed(web, files).await?;
        let added = web
            .studio
            .blocking(move |darkroom| darkroom.datasets.add_images(&name, &class, &archive.path))
            .await?;
        Ok(added)
    }
}

async fn packed(web: &Web, files: Files) -> Result<TemporaryFile, Fault> {
    let folder = web.studio.0.folders.uploads();
    let packed = tokio::task::spawn_blocking(move || files.archive(&folder)).await;
    packed.expect("packing does not panic")
}
