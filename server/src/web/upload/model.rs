//! A model from elsewhere: a diffusers pipeline as a zip, a .safetensors of ours, the zip of a run, or
//! the reference's .pth with the YAML it was trained with.

use app::api::{ApiError, ModelInfo};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use engine::config::ConfigError;

use super::super::answer::Fault;
use super::{Form, TemporaryFile, Web, answer, field_fault, next, read, short_text, to_disk};
use crate::query::escape;
use crate::studio::library::ModelSource;

/// Takes the multipart fields `name`, `file` and, for a .pth, `config`; a plain form goes back to the
/// models. Answers 422 for what cannot be read and 413 for what is too large.
pub async fn model(State(web): State<Web>, headers: HeaderMap, form: Form) -> Response {
    let mut upload = Upload::default();
    let taken = upload.take(&web, form).await;
    let name = upload.name.clone();
    let imported = match taken {
        Ok(()) => upload.import(&web).await,
        Err(fault) => Err(fault),
    };
    let done = |info: &ModelInfo| format!("/models?name={}", info.name);
    answer(&headers, imported, done, |error| refused(error, &name))
}

/// The address of the page with what is wrong, at which field, and the name that was typed.
fn refused(error: &ApiError, name: &str) -> String {
    let (field, message) = match error {
        ApiError::Fields(ConfigError(faults)) if !faults.is_empty() => {
            (faults[0].field.as_str(), faults[0].message.clone())
        }
        other => ("", other.to_string()),
    };
    let [field, message, name] = [field, &message, name].map(escape);
    format!("/models?error={message}&field={field}&name={name}")
}

/// What the form brought.
#[derive(Default)]
struct Upload {
    name: String,
    file: Option<TemporaryFile>,
    config: Option<TemporaryFile>,
}

impl Upload {
    async fn take(&mut self, web: &Web, form: Form) -> Result<(), Fault> {
        let mut form = read(form)?;
        while let Some(field) = next(&mut form).await? {
            match field.name() {
                Some("name") => self.name = short_text(field).await?.trim().to_owned(),
                Some("file") => self.file = Some(to_disk(web, field).await?),
                Some("config") => self.config = Some(to_disk(web, field).await?),
                _ => {}
            }
        }
        Ok(())
    }

    async fn import(self, web: &Web) -> Result<ModelInfo, Fault> {
        let given = |file: Option<TemporaryFile>| file.filter(|file| file.bytes > 0);
        let (name, config) = (self.name, given(self.config));
        let file = given(self.file).ok_or_else(|| field_fault("file", "choose a model's file"))?;
        let imported = web
            .studio
            .blocking(move |darkroom| {
                let yaml = config.as_ref().map(|config| config.path.as_path());
                let source = ModelSource { path: &file.path, yaml };
                let imported = darkroom.import(&name, &source);
                imported.map_err(|error| error.unnamed(&file.path).at_field("file"))?;
                darkroom.models.info(&name)
            })
            .await?;
        Ok(imported)
    }
}
