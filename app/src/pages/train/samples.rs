//! What the model drew on its way.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::desk::Desk;
use crate::api::{PROGRESS_SEEDS, PROGRESS_STEPS, SampleGrid, TrainView};
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
    let all =
        Memo::new(move |_| samples.with(|all| all.iter().flat_map(drawn).collect::<Vec<_>>()));
    let enlarged = RwSignal::new(None);
    let shown = Signal::derive(move || {
        let drawn = all.with(|all| all.get(enlarged.get()?).cloned())?;
        Some(picture(drawn, shape.get()))
    });
    let count = Signal::derive(move || all.with(Vec::len));
    let open = Callback::new(move |url: String| {
        enlarged.set(all.with_untracked(|all| all.iter().position(|drawn| drawn.url == url)));
    });
    view! {
        <section class="samples" aria-label="Samples">
            <h2>"Samples"</h2>
            <Show
                when=move || samples.with(|all| !all.is_empty())
                fallback=|| view! { <p class="help">"The first pictures come after as many steps as Sample every says."</p> }
            >
                <ThroughTraining samples />
                <div class="sample-list">
                    <For each=move || samples.get() key=|grid| (grid.step, grid.raw_url.is_some()) let:grid>
                        <StepFigures grid open />
                    </For>
                </div>
            </Show>
            <Lightbox picture=shown count index=enlarged />
        </section>
    }
    .into_any()
}

/// All steps on one sheet, which is fetched once it is unfolded.
#[component]
fn ThroughTraining(samples: Memo<Vec<SampleGrid>>) -> impl IntoView {
    let training = expect_context::<Desk>().training;
    let url = Memo::new(move |_| {
        let job = training.view.with(|view| view.as_ref().map(|view| view.job.id))?;
        let last = samples.with(|all| all.first().map(|grid| grid.step))?;
        Some(format!("/files/progress/{job}/{last}.png"))
    });
    let words = move || samples.with(|all| progress_words(all));
    view! {
        <details class="fold through-training">
            <summary>"Through training"</summary>
            <div class="fold-box">
                <p class="help">{words}</p>
                <a class="picture" href=move || url.get() rel="external" target="_blank">
                    <img src=move || url.get() loading="lazy" alt="Samples of all steps" />
                </a>
            </div>
        </details>
    }
}

fn progress_words(samples: &[SampleGrid]) -> String {
    let paired = samples.iter().any(|grid| grid.raw_url.is_some());
    let beside = if paired { ", each averaged and as trained" } else { "" };
    let some = match samples.len() {
        count if count > PROGRESS_STEPS => {
            format!(" {PROGRESS_STEPS} of {count} steps, spread evenly.")
        }
        _ => String::new(),
    };
    format!(
        "A row for each step, a column for each picture{beside}; the first {PROGRESS_SEEDS} at most.{some}"
    )
}

/// A grid, and which weights drew it where two did.
#[derive(Clone, Debug, PartialEq)]
struct Drawn {
    step: u64,
    url: String,
    by: Option<&'static str>,
}

impl Drawn {
    /// `Step 500, averaged`
    fn caption(&self) -> String {
        let by = self.by.map(|by| format!(", {by}")).unwrap_or_default();
        format!("Step {}{by}", words::count(self.step))
    }

    fn alt(&self) -> String {
        let step = words::count(self.step);
        match self.by {
            Some(AS_TRAINED) => format!("As trained, samples at step {step}"),
            _ => format!("Samples at step {step}"),
        }
    }
}

const AVERAGED: &str = "averaged";
const AS_TRAINED: &str = "as trained";

/// The grids of one step.
fn drawn(grid: &SampleGrid) -> Vec<Drawn> {
    let (step, url) = (grid.step, grid.url.clone());
    match grid.raw_url.clone() {
        None => vec![Drawn { step, url, by: None }],
        Some(raw) => vec![
            Drawn { step, url, by: Some(AVERAGED) },
            Drawn { step, url: raw, by: Some(AS_TRAINED) },
        ],
    }
}

/// What was drawn at one step, side by side.
#[component]
fn StepFigures(grid: SampleGrid, open: Callback<String>) -> impl IntoView {
    let all = drawn(&grid);
    let paired = all.len() > 1;
    view! {
        <div class="sample-step" class:pair=paired>
            {all.into_iter().map(|drawn| view! { <SampleFigure drawn open /> }).collect_view()}
        </div>
    }
}

#[component]
fn SampleFigure(drawn: Drawn, open: Callback<String>) -> impl IntoView {
    let (alt, caption) = (drawn.alt(), drawn.caption());
    let (url, shown) = (drawn.url.clone(), drawn.url);
    let enlarge = move |event: MouseEvent| {
        if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
            event.prevent_default();
            open.run(shown.clone());
        }
    };
    view! {
        <figure>
            <a class="picture" href=url rel="external" on:click=enlarge>
                <img src=url.clone() loading="lazy" alt=alt />
            </a>
            <figcaption>{caption}</figcaption>
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

fn picture(drawn: Drawn, (width, height): (u32, u32)) -> Enlarged {
    let which = if drawn.by == Some(AS_TRAINED) { "-as-trained" } else { "" };
    Enlarged {
        alt: format!("{}, enlarged", drawn.alt()),
        caption: drawn.caption(),
        file: format!("samples-{}{which}.png", drawn.step),
        url: drawn.url,
        width,
        height,
        strip: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_of_two_kinds_of_weights_are_told_apart() {
        let url = "/files/samples/7/1500.png".to_owned();
        let grid = SampleGrid { step: 1500, url, raw_url: None };
        let captions =
            |grid: &SampleGrid| drawn(grid).iter().map(Drawn::caption).collect::<Vec<_>>();
        assert_eq!(captions(&grid), ["Step 1,500"]);
        let both = SampleGrid { raw_url: Some("/files/samples/7/1500-raw.png".into()), ..grid };
        assert_eq!(captions(&both), ["Step 1,500, averaged", "Step 1,500, as trained"]);
        let files: Vec<_> =
            drawn(&both).into_iter().map(|drawn| picture(drawn, (2, 2)).file).collect();
        assert_eq!(files, ["samples-1500.png", "samples-1500-as-trained.png"]);
    }
}
