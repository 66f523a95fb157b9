//! What is found, and what can be done with what is selected of it.

use leptos::prelude::*;

use super::desk::{Desk, numbers};
use crate::components::send_to::{ReuseSettings, SendTo};
use crate::components::show::Show;
use crate::words;

/// Pictures that one request may name.
const MOST_NAMED: u64 = 20_000;

/// Sticks to the top of the wall.
#[component]
pub fn Bar() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let found = move || {
        let found = words::plural(desk.total(), "picture");
        if desk.seeks() { format!("{found} found") } else { found }
    };
    let any = Memo::new(move |_| !desk.selection.is_empty());
    view! {
        <div class="gallery-bar">
            <Show when=move || any.get() fallback=move || view! { <p role="status">{found}</p> }>
                <SelectionActions />
            </Show>
            <Show when=move || !any.get()>
                <button type="button" class="small needs-script" on:click=move |_| desk.select(0..all(desk))>
                    {all_words(desk)}
                </button>
            </Show>
        </div>
    }
    .into_any()
}

/// Places that a selection of everything holds.
fn all(desk: Desk) -> u64 {
    untrack(|| desk.total()).min(MOST_NAMED)
}

/// What selects them.
fn all_words(desk: Desk) -> impl Fn() -> String {
    move || match desk.total() {
        0..=MOST_NAMED => "Select all".into(),
        _ => format!("Select the first {}", words::count(MOST_NAMED)),
    }
}

#[component]
fn SelectionActions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let chosen = Memo::new(move |_| desk.selection.all());
    let alone = Signal::derive(move || {
        chosen.with(|images| match images[..] {
            [image] => Some(image),
            _ => None,
        })
    });
    let pair = Memo::new(move |_| {
        chosen.with(|images| match images[..] {
            [b, a] => Some(format!("/compare?a={a}&b={b}")),
            _ => None,
        })
    });
    view! {
        <p role="status">
            {move || format!("{} selected", words::count(chosen.with(Vec::len) as u64))}
        </p>
        <div class="actions" role="group" aria-label="Selected pictures">
            <form action="/files/gallery.zip" method="post">
                <input type="hidden" name="images" value=move || chosen.with(|images| numbers(images)) />
                <button>"Download as zip"</button>
            </form>
            <Show when=move || pair.get().is_some()>
                <a class="button" href=move || pair.get()>"Compare"</a>
            </Show>
            <button type="button" on:click=move |_| desk.delete(chosen.get_untracked())>"Delete"</button>
            <Show when=move || alone.get().is_some()>
                <ReuseSettings image=alone />
                <SendTo image=alone to="img2img" words="Send to img2img" />
                <SendTo image=alone to="png_info" words="Send to PNG Info" />
            </Show>
            <button type="button" on:click=move |_| desk.select(0..all(desk))>{all_words(desk)}</button>
            <button type="button" on:click=move |_| desk.selection.clear()>"Clear"</button>
        </div>
    }
}
