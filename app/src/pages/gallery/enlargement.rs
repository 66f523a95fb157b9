//! The dialog over the gallery.

use leptos::prelude::*;

use super::desk::Desk;
use crate::components::lightbox::{Enlarged, Lightbox};
use crate::components::send_to::{ReuseSettings, SendTo};

#[component]
pub fn Enlargement() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = Memo::new(move |_| desk.picture(desk.enlarged.get()? as u64));
    let picture = Signal::derive(move || shown.get().map(|shown| Enlarged::from(shown.image)));
    let count = Signal::derive(move || desk.total() as usize);
    Effect::new(move || {
        if let Some(place) = desk.enlarged.get() {
            desk.cursor.set(place as u64);
        }
    });
    view! {
        <Lightbox picture count index=desk.enlarged>
            <Actions />
            <p class="parameters" data-testid="parameters">
                {move || shown.get().map(|shown| shown.image.parameters)}
            </p>
        </Lightbox>
    }
    .into_any()
}

#[component]
fn Actions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = Memo::new(move |_| desk.picture(desk.enlarged.get()? as u64));
    let image = Signal::derive(move || shown.with(|shown| shown.as_ref().map(|s| s.image.id)));
    let starred = Memo::new(move |_| {
        shown.with(|shown| shown.as_ref().is_some_and(|shown| shown.image.starred))
    });
    let star = move |_| {
        if let Some(id) = image.get_untracked() {
            desk.star(id, !starred.get_untracked());
        }
    };
    let compare = move || image.get().map(|id| format!("/compare?a={id}"));
    let way = move || image.get().map(|id| format!("/process?picture={id}"));
    let delete = move |_| desk.delete(image.get_untracked().into_iter().collect());
    view! {
        <button
            type="button"
            aria-pressed=move || starred.get().to_string()
            on:click=star
        >
            {move || if starred.get() { "Starred" } else { "Star" }}
        </button>
        <ReuseSettings image />
        <SendTo image to="img2img" words="Send to img2img" />
        <SendTo image to="png_info" words="Send to PNG Info" />
        <a class="button" href=compare>"Compare with…"</a>
        <a class="button" href=way>"Show its way"</a>
        <button type="button" on:click=delete>"Delete"</button>
    }
}
