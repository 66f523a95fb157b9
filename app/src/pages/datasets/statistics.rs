//! What the pixels of a data set are like.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::Asked;
use super::editor::Editor;
use crate::api::{DatasetStatistics, delete_duplicates};
use crate::words;

/// `found` is none until it is asked for, because every image has to be read.
#[component]
pub fn Statistics(editor: Editor, asked: Asked, found: Option<DatasetStatistics>) -> impl IntoView {
    let none_twice = found.as_ref().is_some_and(|found| found.duplicates == 0);
    let body = match found {
        Some(found) => view! { <Found editor found /> }.into_any(),
        None => {
            let address = Asked { statistics: true, ..asked }.address();
            view! {
                <p class="help">"Mean and deviation of each channel, sizes, and images that are there twice. Every image is read for it."</p>
                <p><a class="button" href=address>"Look at the pixels"</a></p>
            }
            .into_any()
        }
    };
    view! {
        <section class="statistics" aria-label="Statistics">
            <h2>"Statistics"</h2>
            {body}
            {(editor.can_edit() && !none_twice).then(|| view! { <RemoveDuplicates editor /> })}
        </section>
    }
}

#[component]
fn Found(editor: Editor, found: DatasetStatistics) -> impl IntoView {
    let channels: &[&str] = match found.mean.len() {
        3 => &["Red", "Green", "Blue"],
        _ => &["Gray"],
    };
    let channel = |((name, mean), std): ((&'static str, f32), f32)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{format!("{mean:.3} ± {std:.3}")}</dd>
            </div>
        }
    };
    let channels = channels.iter().copied().zip(found.mean).zip(found.std).map(channel);
    let twice = match (found.duplicates, editor.can_edit()) {
        (0, _) => "No image is there twice.".into(),
        (count, _) => format!("{} the same as another before.", words::plural(count, "image")),
    };
    view! {
        <dl class="figures">{channels.collect_view()}</dl>
        <p class="help">"Mean ± standard deviation of all pixels; 0 is black, 1 is white."</p>
        <Sizes sizes=found.sizes others=found.other_sizes />
        <p>{twice}</p>
    }
}

/// How many images have which size.
#[component]
fn Sizes(sizes: Vec<(u32, u32, u64)>, others: u64) -> impl IntoView {
    let most = sizes.iter().map(|size| size.2).max().unwrap_or(1).max(others).max(1);
    let bar = move |(words, count): (String, u64)| {
        let share = count as f64 / most as f64 * 100.0;
        view! {
            <li>
                <span>{words}</span>
                <span class="bar" style:width=format!("{share:.1}%")></span>
                <span>{words::count(count)}</span>
            </li>
        }
    };
    let named =
        sizes.into_iter().map(|(width, height, count)| (format!("{width}×{height}"), count));
    let rest = (others > 0).then(|| ("other sizes".to_owned(), others));
    view! { <ul class="bars" aria-label="Sizes">{named.chain(rest).map(bar).collect_view()}</ul> }
}

#[component]
fn RemoveDuplicates(editor: Editor) -> impl IntoView {
    let remove = move |event: SubmitEvent| {
        event.prevent_default();
        editor.change(delete_duplicates(editor.name()), None);
    };
    view! {
        <form action="/fn/delete_duplicates" method="post" on:submit=remove>
            <input type="hidden" name="name" value=editor.name() />
            <button disabled=move || editor.busy.get()>"Remove duplicates"</button>
        </form>
    }
}
