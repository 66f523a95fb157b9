//! What the model drew on its way.

use leptos::prelude::*;

use super::desk::Desk;
use crate::api::{SampleGrid, TrainView};
use crate::components::lightbox::{Enlarged, Lightbox};
use crate::components::show::Show;
use crate::words;

#[component]
pub fn Samples() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let samples = Memo::new(move |_| {
        desk.training.view.with(|v| v.as_ref().map(newest_first).unwrap_or_default())
    });
    let shape = Memo::new(move |_| desk.training.view.with(|v| v.as_ref().map_or((1, 1), shape)));
    let enlarged = RwSignal::new(None);
    let shown = Signal::derive(move || {
        let grid = samples.with(|all| all.get(enlarged.get()?).cloned())?;
        Some(picture(grid, shape.get()))
    });
    let count = Signal::derive(move || samples.with(Vec::len));
    let open = Callback::new(move |step: u64| {
        enlarged.set(samples.with_untracked(|all| all.iter().position(|grid| grid.step == step)));
    });
    view! {
        <section class="samples" aria-label="Samples">
            <h2>"Samples"</h2>
            <Show
                when=move || samples.with(|all| !all.is_empty())
                fallback=|| view! { <p class="help">"The first pictures come after as many steps as Sample every says."</p> }
            >
                <div class="sample-list">
                    <For each=move || samples.get() key=|grid| grid.url.clone() let:grid>
                        <SampleFigure grid open />
                    </For>
                </div>
            </Show>
            <Lightbox picture=shown count index=enlarged />
        </section>
    }
    .into_any()
}

#[component]
fn SampleFigure(grid: SampleGrid, open: Callback<u64>) -> impl IntoView {
    let SampleGrid { step, url } = grid;
    view! {
        <figure>
            <a
                class="picture"
                href=url
                rel="external"
                on:click=move |event| {
                    if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                        event.prevent_default();
                        open.run(step);
                    }
                }
            >
                <img src=url.clone() loading="lazy" alt=format!("Samples at step {}", words::count(step)) />
            </a>
            <figcaption>"Step " {words::count(step)}</figcaption>
        </figure>
    }
}

fn newest_first(view: &TrainView) -> Vec<SampleGrid> {
    let mut samples = view.samples.clone();
    samples.sort_by_key(|grid| std::cmp::Reverse(grid.step));
    samples
}

/// Columns and rows of a grid of this run.
fn shape(view: &TrainView) -> (u32, u32) {
    let train = &view.config.train_params;
    let columns = train.num_grid_rows.min(train.num_samples).max(1);
    (columns as u32, train.num_samples.div_ceil(columns).max(1) as u32)
}

fn picture(grid: SampleGrid, (width, height): (u32, u32)) -> Enlarged {
    Enlarged {
        alt: format!("Samples at step {}, enlarged", words::count(grid.step)),
        caption: format!("Step {}", words::count(grid.step)),
        file: format!("samples-{}.png", grid.step),
        url: grid.url,
        width,
        height,
        strip: None,
    }
}
