//! The states that the run on show has left on its way.

use leptos::prelude::*;

use super::desk::Desk;
use crate::components::show::Show;
use crate::words;

/// Each checkpoint as a link that draws with it, newest first.
#[component]
pub fn Checkpoints() -> impl IntoView {
    let shown = expect_context::<Desk>().training.view;
    let run = Memo::new(move |_| {
        shown.with(|view| {
            view.as_ref().map(|view| view.config.train_params.task_name.clone()).unwrap_or_default()
        })
    });
    let steps = Memo::new(move |_| {
        let mut steps: Vec<u64> = shown
            .with(|view| view.as_ref().map(|view| view.checkpoints.clone()).unwrap_or_default());
        steps.sort_unstable_by_key(|step| std::cmp::Reverse(*step));
        steps
    });
    let best = Memo::new(move |_| shown.with(|view| view.as_ref().and_then(|view| view.best)));
    let link = move |step: u64| {
        view! {
            <a class="chip" href=move || format!("/?model={}@{step}", run.get())>
                {words::count(step)}
                {move || (best.get() == Some(step)).then_some(" · best")}
            </a>
        }
    };
    view! {
        <Show when=move || steps.with(|steps| !steps.is_empty())>
            <section class="checkpoints" aria-label="Checkpoints">
                <h2>"Checkpoints"</h2>
                <p class="help">"Draw with the model as it was at a step:"</p>
                <nav class="chips" aria-label="Checkpoints to draw with">
                    <For each=move || steps.get() key=|step| *step let:step>
                        {link(step)}
                    </For>
                </nav>
            </section>
        </Show>
    }
    .into_any()
}
