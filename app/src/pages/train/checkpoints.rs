//! The states that the run on show has left on its way.

use leptos::prelude::*;

use super::desk::Desk;
use crate::components::show::Show;
use crate::words;

/// Each checkpoint as a link that draws with it, and as one that branches from it, newest first.
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
    let job = Memo::new(move |_| shown.with(|view| view.as_ref().map(|view| view.job.id)));
    let words = move |step: u64| {
        view! {
            {words::count(step)}
            {move || (best.get() == Some(step)).then_some(" · best")}
        }
    };
    let link = move |step: u64| {
        view! { <a class="chip" href=move || format!("/?model={}@{step}", run.get())>{words(step)}</a> }
    };
    // The page is opened anew, with another form.
    let branch = move |step: u64| {
        let to = move || job.get().map(|job| format!("/train?job={job}&branch={step}"));
        view! { <a class="chip" rel="external" href=to>{words(step)}</a> }
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
                <details class="fold">
                    <summary>"Branch a new run"</summary>
                    <div class="fold-box">
                        <p class="help">"Fill the form with this run’s settings, to begin with its weights at a step:"</p>
                        <nav class="chips" aria-label="Checkpoints to branch from">
                            <For each=move || steps.get() key=|step| *step let:step>
                                {branch(step)}
                            </For>
                        </nav>
                    </div>
                </details>
            </section>
        </Show>
    }
    .into_any()
}
