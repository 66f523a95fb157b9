//! Develops pictures out of noise.

mod completion;
mod desk;
mod easel;
mod entry;
mod form;
mod hires;
mod image_to_image;
mod mask;
mod method;
mod plot;
mod prompt;
mod results;
mod rows;
mod seed;
mod sheets;
mod shortcuts;
mod size;
mod styles;

use leptos::prelude::*;
use leptos_router::{hooks::use_query_map, params::ParamsMap};

use crate::api::{
    ApiError, GenerateForm, GenerateView, ModelInfo, Style, fetch_draft, fetch_generation,
    fetch_models, fetch_styles, form_fault,
};
use crate::components::notice::PageFault;
use crate::components::tab_title::tab_title;
use crate::json::{self, load};
use crate::live::Live;
use desk::{Desk, drawing, follow_address, follow_init_image, follow_server, model_of};
use form::GenerateFields;
pub use form::{Count, Folds};
pub use prompt::Always;
use results::Results;
pub use results::{Outcome, Under};
pub use styles::Styles;

/// What the form posts to.
const FORMS: [&str; 3] = ["generate", "save_style", "delete_style"];

/// What the page needs before it can be shown.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Opening {
    models: Vec<ModelInfo>,
    styles: Vec<Style>,
    view: Option<GenerateView>,
    form: GenerateForm,
    fault: Option<ApiError>,
    /// The model that was asked for and is not there.
    missing: Option<String>,
}

#[component]
pub fn Generate() -> impl IntoView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let opening = load(|| (), move |()| open(query.get_untracked()));
    view! {
        {tab_title(move || title(live))}
        <h1 class="unseen">"Generate"</h1>
        <Suspense fallback=|| view! { <p class="loading">"Opening…"</p> }>
            {move || Suspend::new(async move {
                match opening.await {
                    Ok(opening) => view! { <Studio opening /> }.into_any(),
                    Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

/// How far the picture is, where the browser shows it even when another tab is open.
fn title(live: Live) -> String {
    live.generation.with(|view| match view {
        Some(view) if !view.job.state.is_over() => format!("{:.0} %", view.job.progress * 100.0),
        _ => "Generate".into(),
    })
}

async fn open(query: ParamsMap) -> Result<Opening, ApiError> {
    let models = drawing(fetch_models().await?);
    let job = query.get_str("job").and_then(|job| job.parse().ok());
    let view = match job {
        Some(job) => fetch_generation(Some(job)).await?,
        None => None,
    };
    let view = match view {
        None => fetch_generation(None).await?,
        found => found,
    };
    let fault = FORMS.into_iter().find_map(|endpoint| form_fault(&query, endpoint));
    let mut form = typed(&query, fault.is_some()).await?;
    let mut missing = None;
    if model_of(form.get("model"), &models).is_none() {
        missing = Some(form.get("model").to_owned()).filter(|name| !name.is_empty());
        form.set("model", models.first().map(|model| model.name.clone()).unwrap_or_default());
    }
    Ok(Opening { models, styles: fetch_styles().await?, view, form, fault, missing })
}

/// The form as the address has it, else as it was left, which counts most where it was just refused.
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

#[component]
fn Studio(opening: Opening) -> impl IntoView {
    let live = expect_context::<Live>();
    let desk = Desk::new(live, opening);
    provide_context(desk);
    follow_server(desk);
    follow_address(desk);
    follow_init_image(desk);
    shortcuts::listen(desk);
    view! {
        <div class="studio">
            <GenerateFields />
            <Results />
        </div>
    }
}
