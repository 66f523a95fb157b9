//! Earlier runs.

use leptos::prelude::*;

use super::desk::Desk;
use super::overlay::OverlayLink;
use crate::api::JobSummary;
use crate::components::show::Show;
use crate::words;

#[component]
pub fn Runs() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = Memo::new(move |_| desk.training.view.with(|v| v.as_ref().map(|v| v.job.id)));
    view! {
        <Show when=move || desk.runs.with(|runs| !runs.is_empty())>
            <section class="runs" aria-label="Runs">
                <h2>"Runs"</h2>
                <ul>
                    <For each=move || desk.runs.get() key=|run| (run.id, words::state(run)) let:run>
                        <RunLine run shown />
                    </For>
                </ul>
            </section>
        </Show>
    }
    .into_any()
}

#[component]
fn RunLine(run: JobSummary, shown: Memo<Option<i64>>) -> impl IntoView {
    let (id, state) = (run.id, words::state(&run));
    view! {
        <li>
            <a class="run-link" href=format!("/train?job={id}") aria-current=move || (shown.get() == Some(id)).then_some("true")>
                <span class="run-name">{run.title}</span>
                <span class="badge" data-state=state>
                    {state}
                </span>
            </a>
            <OverlayLink id shown />
        </li>
    }
}
