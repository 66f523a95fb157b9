//! What can be drawn with: the models that are built in, trained here, or brought from elsewhere.

mod card;
mod evaluation;
mod import;
mod merge;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::{
    ApiError, EvaluationView, JobId, JobKind, JobSummary, ModelInfo, Status, fetch_datasets,
    fetch_evaluations, fetch_models, fetch_trainings, form_fault,
};
use crate::components::notice::{Alert, Empty, PageFault};
use crate::json::load;
use crate::live::Live;
use card::Card;
use evaluation::{EvaluateFields, Evaluations};
use import::{ImportForm, refused_field};
use merge::MergeFields;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Library {
    models: Vec<ModelInfo>,
    runs: Vec<JobSummary>,
    /// Names of the data sets.
    datasets: Vec<String>,
    evaluations: Vec<EvaluationView>,
}

#[component]
pub fn Models() -> impl IntoView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let typed =
        query.with_untracked(|query| (evaluation::Typed::new(query), merge::Typed::new(query)));
    let over = Memo::new(move |_| live.status.with(|status| evaluations_over(status.as_ref())));
    let library = load(move || (live.library.get(), over.get()), |_| open());
    let refused = Signal::derive(move || {
        query.with(|query| {
            let deletion = form_fault(query, "delete_model").map(|error| error.to_string());
            // The form for models from elsewhere tells of its fields itself.
            let error = query.get("error").filter(|_| refused_field(query).is_none());
            error.into_iter().chain(deletion).collect::<Vec<_>>()
        })
    });
    view! {
        <Title text="Models" />
        <div class="library">
            <div class="library-main">
                <h1 class="unseen">"Models"</h1>
                <Alert messages=refused />
                <Transition fallback=|| view! { <p class="loading">"Opening…"</p> }>
                    {move || Suspend::new(async move {
                        match library.await {
                            Ok(library) => view! { <List library /> }.into_any(),
                            Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                        }
                    })}
                </Transition>
            </div>
            <aside class="library-add">
                <ImportForm />
                <Transition>
                    {move || Suspend::new(async move { library.await.ok().map(|library| view! { <MakingForms library typed /> }) })}
                </Transition>
            </aside>
        </div>
    }
}

/// Grows with each evaluation that ends while the page is open.
fn evaluations_over(status: Option<&Status>) -> Option<JobId> {
    let jobs = status.map_or(&[][..], |status| &status.jobs);
    let over = jobs.iter().filter(|job| job.kind == JobKind::Evaluate && job.state.is_over());
    over.map(|job| job.id).max()
}

/// Models measured, and made out of others.
#[component]
fn MakingForms(library: Library, typed: (evaluation::Typed, merge::Typed)) -> impl IntoView {
    if library.models.is_empty() {
        return ().into_any();
    }
    let named = |models: &[&ModelInfo]| models.iter().map(|model| model.name.clone()).collect();
    let drawing: Vec<&ModelInfo> =
        library.models.iter().filter(|model| !model.is_autoencoder).collect();
    let drawing: Vec<String> = named(&drawing);
    let names: Vec<String> = named(&library.models.iter().collect::<Vec<_>>());
    view! {
        <EvaluateFields typed=typed.0 names=drawing sets=library.datasets />
        <MergeFields typed=typed.1 names />
    }
    .into_any()
}

async fn open() -> Result<Library, ApiError> {
    let datasets = fetch_datasets().await?.into_iter().map(|info| info.name).collect();
    let evaluations = fetch_evaluations(None).await?;
    let (models, runs) = (fetch_models().await?, fetch_trainings().await?);
    Ok(Library { models, runs, datasets, evaluations })
}

#[component]
fn List(library: Library) -> impl IntoView {
    let Library { models, runs, evaluations, .. } = library;
    if models.is_empty() {
        return view! {
            <Empty title="No model yet">
                <p><a href="/train">"Train one"</a> " on a data set, or import one."</p>
            </Empty>
        }
        .into_any();
    }
    let card = |model: ModelInfo| {
        let run = runs.iter().find(|run| run.title == model.name).map(|run| run.id);
        view! { <Card model run /> }
    };
    view! {
        <ul class="models">{models.into_iter().map(card).collect_view()}</ul>
        <Evaluations evaluations />
    }
    .into_any()
}
