//! One data set: its images, its classes, what was skipped.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;

use super::Asked;
use super::augmentation::Augmentation;
use super::classes::{Classes, Rename};
use super::editor::{Editor, Reset, Undo};
use super::pictures::Pictures;
use super::statistics::Statistics;
use super::upload::AddImages;
use crate::api::{DatasetInfo, DatasetPage, DatasetStatistics, SkippedFile, delete_dataset};
use crate::components::confirm::Confirm;
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::words;

/// Images on a page, as the server gives them.
const PAGE: u64 = 60;

#[component]
pub fn Detail(page: DatasetPage, statistics: Option<DatasetStatistics>) -> impl IntoView {
    let DatasetPage { info, class, offset, total, mut images } = page;
    images.retain(|image| info.skipped.iter().all(|file| file.name != image.name));
    let asked = Asked {
        name: Some(info.name.clone()),
        class,
        offset,
        statistics: statistics.is_some(),
        error: None,
    };
    let editor = Editor::new(&info, &images);
    let skipped = info.skipped.clone();
    view! {
        <p class="back">
            <a href="/datasets">"All data sets"</a>
        </p>
        <DetailHead info=info.clone() />
        <Undo editor undo=info.undo.clone() />
        <Reset editor revised=info.revised />
        <Classes info=info.clone() asked=asked.clone() />
        <Rename editor classes=info.classes.clone() class=asked.class.clone() />
        <AddImages editor takes_images=info.takes_images class=asked.class.clone() />
        <Pictures editor info=info.clone() images />
        <Paging asked=asked.clone() total />
        <Statistics editor asked found=statistics />
        <Augmentation name=info.name.clone() count=info.count />
        <Skipped files=skipped />
        {(!info.built_in).then(|| view! { <Delete info=info.clone() /> })}
    }
}

#[component]
fn DetailHead(info: DatasetInfo) -> impl IntoView {
    view! {
        <div class="run-head">
            <h1>{info.name.clone()}</h1>
            {info.built_in.then(|| view! { <span class="badge">"built in"</span> })}
            <div class="actions">
                <a class="button primary" href=format!("/train?dataset={}", info.name)>
                    "Train on this"
                </a>
            </div>
        </div>
        <dl class="figures">
            <div>
                <dt>"Images"</dt>
                <dd>{words::count(info.count)}</dd>
            </div>
            <div>
                <dt>"Size"</dt>
                <dd>{words::sizes(info.min_size, info.max_size)}</dd>
            </div>
            <div>
                <dt>"Channels"</dt>
                <dd>{info.channels} " (" {words::channels(info.channels)} ")"</dd>
            </div>
            <div>
                <dt>"Classes"</dt>
                <dd>{if info.classes.is_empty() { "none".into() } else { info.classes.len().to_string() }}</dd>
            </div>
        </dl>
        {info.note.clone().map(|note| view! { <p class="note" role="status">{note}</p> })}
        {info.source.contains(['/', '\\'])
            .then(|| view! { <p class="help">"From " <code>{info.source.clone()}</code></p> })}
    }
}

#[component]
fn Paging(asked: Asked, total: u64) -> impl IntoView {
    if total <= PAGE {
        return None;
    }
    let link = |offset: u64, words: &'static str| {
        let address = Asked { offset, ..asked.clone() }.address();
        view! { <a class="button" href=address>{words}</a> }
    };
    let end = asked.offset.saturating_add(PAGE);
    let before = (asked.offset > 0).then(|| link(asked.offset.saturating_sub(PAGE), "Earlier"));
    let after = (end < total).then(|| link(end, "Later"));
    let first = words::count(asked.offset.saturating_add(1));
    let last = words::count(end.min(total));
    Some(view! {
        <nav class="paging" aria-label="Pages of images">
            {before} <p>{first} " to " {last} " of " {words::count(total)}</p> {after}
        </nav>
    })
}

#[component]
fn Skipped(files: Vec<SkippedFile>) -> impl IntoView {
    if files.is_empty() {
        return None;
    }
    let line = |file: SkippedFile| {
        view! {
            <li>
                <code>{file.name}</code>
                " "
                {file.reason}
            </li>
        }
    };
    let title = format!("{} skipped", words::plural(files.len() as u64, "file"));
    Some(view! {
        <section class="skipped" aria-label="Skipped files">
            <h2>{title}</h2>
            <ul>{files.into_iter().map(line).collect_view()}</ul>
        </section>
    })
}

#[component]
fn Delete(info: DatasetInfo) -> impl IntoView {
    let navigate = use_navigate();
    let fault = FormFault::new(None);
    let name = info.name.clone();
    let delete = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let (name, navigate) = (name.clone(), navigate.clone());
        spawn_local(async move {
            match delete_dataset(name).await {
                Ok(()) => navigate("/datasets", Default::default()),
                Err(error) => fault.set(error),
            }
        });
    };
    let messages = fault.beside([]);
    let question = format!(
        "Remove “{}” from Darkroom? An uploaded one is deleted from the disk; a folder of yours stays where it is. Models trained on it stay.",
        info.name
    );
    view! {
        <Confirm open="Remove…" question>
            <form action="/fn/delete_dataset" method="post" on:submit=delete>
                <input type="hidden" name="name" value=info.name />
                <button class="stop">"Remove"</button>
            </form>
            <Alert messages />
        </Confirm>
    }
}
