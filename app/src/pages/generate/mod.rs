//! Develops pictures out of noise.

mod completion;
mod desk;
mod earlier;
mod easel;
mod entry;
mod form;
mod hires;
mod image_to_image;
mod mask;
mod method;
mod opening;
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
use leptos_router::hooks::use_query_map;

use crate::components::address::words_of;
use crate::components::notice::PageFault;
use crate::components::tab_title::tab_title;
use crate::json::load;
use crate::live::Live;
use desk::{Desk, follow_address, follow_init_image, follow_server};
use form::GenerateFields;
pub use form::{Count, Folds};
use opening::{Opening, fetch_opening};
pub use prompt::{Always, Crowded};
use results::Results;
pub use results::{Outcome, Under};
pub use styles::Styles;

#[component]
pub fn Generate() -> impl IntoView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let opening = load(|| (), move |()| fetch_opening(words_of(query.get_untracked())));
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
