//! What the page is opened with. The server puts it together, so that a browser loads no code for that.

use std::collections::BTreeMap;

#[cfg(feature = "ssr")]
use engine::config::{ConfigError, FieldError};
use leptos::prelude::*;
#[cfg(feature = "ssr")]
use leptos_router::params::ParamsMap;

#[cfg(feature = "ssr")]
use super::desk::{drawing, model_of};
use crate::api::{ApiError, GenerateForm, GenerateView, ModelInfo, Style};
#[cfg(feature = "ssr")]
use crate::api::{
    fetch_draft, fetch_generation, fetch_input, fetch_models, fetch_styles, form_fault,
};
#[cfg(feature = "ssr")]
use crate::components::address::{on_show, query_of};
#[cfg(feature = "ssr")]
use crate::json;

/// What the form posts to.
#[cfg(feature = "ssr")]
const FORMS: [&str; 5] =
    ["generate", "save_style", "discard_style", "interrupt_generation", "skip_batch"];

/// What the page needs before it can be shown.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Opening {
    pub models: Vec<ModelInfo>,
    pub styles: Vec<Style>,
    pub view: Option<GenerateView>,
    pub form: GenerateForm,
    pub fault: Option<ApiError>,
    /// That the generation which the address names is not there.
    pub gone: Vec<String>,
    /// The model that was asked for and is not there.
    pub missing: Option<String>,
}

#[server(prefix = "/fn", endpoint = "generate_opening")]
pub async fn fetch_opening(
    #[server(flatten)] query: BTreeMap<String, String>,
) -> Result<Opening, ApiError> {
    open(query_of(query)).await
}

#[cfg(feature = "ssr")]
async fn open(query: ParamsMap) -> Result<Opening, ApiError> {
    let models = drawing(fetch_models().await?);
    let (view, gone) = on_show("generation", query.get_str("job"), fetch_generation).await?;
    let refused = FORMS.into_iter().find_map(|endpoint| form_fault(&query, endpoint));
    let mut form = typed(&query, refused.is_some()).await?;
    let fault = match refused {
        None => no_pictures(&query).await,
        fault => fault,
    };
    let mut missing = None;
    if model_of(form.get("model"), &models).is_none() {
        missing = Some(form.get("model").to_owned()).filter(|name| !name.is_empty());
        form.set("model", models.first().map(|model| model.name.clone()).unwrap_or_default());
    }
    let gone = gone.into_iter().collect();
    Ok(Opening { models, styles: fetch_styles().await?, view, form, fault, gone, missing })
}

/// The pictures that the address names to begin from, or as a mask, and that are not there.
#[cfg(feature = "ssr")]
async fn no_pictures(query: &ParamsMap) -> Option<ApiError> {
    let mut faults = Vec::new();
    for field in ["init_image", "mask"] {
        let names = query.get_str(field).unwrap_or_default();
        for name in names.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            if let Err(error) = fetch_input(name.to_owned()).await {
                let words = error.for_field("image").map_or(error.to_string(), str::to_owned);
                faults.push(FieldError::new(field, words));
            }
        }
    }
    (!faults.is_empty()).then(|| ConfigError(faults).into())
}

/// The form as the address has it, else as it was left, which counts most where it was just refused.
#[cfg(feature = "ssr")]
async fn typed(query: &ParamsMap, refused: bool) -> Result<GenerateForm, ApiError> {
    let draft = fetch_draft("generate".into()).await?;
    let draft = draft.and_then(|text| json::read::<GenerateForm>(&text).ok());
    if let Some(draft) = draft.as_ref().filter(|_| refused) {
        return Ok(draft.clone());
    }
    // A link may name no more than a model.
    let is_whole = GenerateForm::WHOLE
        .split_once('=')
        .is_some_and(|(key, value)| query.get_str(key).is_some_and(|said| said == value));
    let mut form = draft.filter(|_| !is_whole).unwrap_or_default();
    form.overlay(|name| query.get(name));
    Ok(form)
}
