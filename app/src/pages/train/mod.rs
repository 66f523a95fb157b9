//! Trains a model on a data set and shows how it learns.

mod checkpoints;
mod cost;
mod desk;
mod fields;
mod form;
mod opening;
mod overlay;
mod run;
mod runs;
mod samples;
mod steer;
mod training;

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use crate::components::address::words_of;
use crate::components::notice::PageFault;
use crate::components::tab_title::tab_title;
use crate::json::load;
use crate::live::Live;
use desk::{Desk, follow_address, follow_server};
pub use form::Plan;
use form::TrainForm;
use opening::{Opening, fetch_opening};
use run::RunSection;
pub use run::{RunView, open_run};
pub use training::Training;

#[component]
pub fn Train() -> impl IntoView {
    let training = Training::new(expect_context());
    provide_context(training);
    let query = use_query_map();
    let opening = load(|| (), move |()| fetch_opening(words_of(query.get_untracked())));
    view! {
        {tab_title(move || title(training))}
        <h1 class="unseen">"Train"</h1>
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

fn title(training: Training) -> String {
    training.job.with(|job| match job {
        Some(job) if !job.state.is_over() => {
            format!("{:.0} % of {}", job.progress * 100.0, job.title)
        }
        _ => "Train".into(),
    })
}

#[component]
fn Studio(opening: Opening) -> impl IntoView {
    let live = expect_context::<Live>();
    let training = expect_context::<Training>();
    training.job.set(opening.job.clone());
    training.view.set(opening.view.clone());
    training.follow();
    let desk = Desk::new(live, training, opening);
    provide_context(desk);
    follow_server(desk);
    follow_address(desk);
    view! {
        <div class="studio">
            <TrainForm />
            <RunSection />
        </div>
    }
}
