//! What can be drawn with: the models that are built in, trained here, or brought from elsewhere.

mod card;
mod import;

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::{ApiError, JobSummary, ModelInfo, fetch_models, fetch_trainings, form_fault};
use crate::components::notice::{Alert, Empty, PageFault};
use crate::json::load;
use crate::live::Live;
use card::Card;
use import::ImportForm;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
struct Library {
    models: Vec<ModelInfo>,
    runs: Vec<JobSummary>,
}

#[component]
pub fn Models() -> impl IntoView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let library = load(move || live.library.get(), |_| open());
    let refused = Signal::derive(move || {
        query.with(|query| {
            let deletion = form_fault(query, "delete_model").map(|error| error.to_string());
            query.get("error").into_iter().chain(deletion).collect::<Vec<_>>()
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
            </aside>
        </div>
    }
}

async fn open() -> Result<Library, ApiError> {
    Ok(Library { models: fetch_models().await?, runs: fetch_trainings().await? })
}

#[component]
fn List(library: Library) -> impl IntoView {
    let Library { models, runs } = library;
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
    view! { <ul class="models">{models.into_iter().map(card).collect_view()}</ul> }.into_any()
}
