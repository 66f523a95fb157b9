//! What was deleted last, and the way back.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::desk::Desk;
use crate::components::show::Show;
use crate::words;

/// Stands above the wall for a day, and over it right after something was deleted here.
#[component]
pub fn Undo() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let any = Memo::new(move |_| desk.deletion.with(Option::is_some));
    let over = Memo::new(move |_| any.get() && desk.just_deleted.get());
    view! {
        <div class="undo" class:over=move || over.get() role="status">
            <Show when=move || any.get()>
                <p>{move || desk.deletion.get().map(|d| told(d.images, d.ago))}</p>
                <UndoForm />
                <a class="button small" href="/deleted">"Recently deleted"</a>
                <Show when=move || over.get()>
                    <button type="button" class="small" on:click=move |_| desk.just_deleted.set(false)>
                        "Dismiss"
                    </button>
                </Show>
            </Show>
        </div>
    }
    .into_any()
}

/// Moves the focus to the way back, if there is one.
pub fn focus_undo() {
    let button = document().query_selector(".undo button").ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        let _ = button.focus();
    }
}

fn told(images: u64, ago: u64) -> String {
    format!("{} deleted {}.", words::plural(images, "picture"), words::ago(ago))
}

#[component]
fn UndoForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let moment = move || desk.deletion.get().map(|deletion| deletion.moment.to_string());
    view! {
        <form
            action="/fn/restore_deletions"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                desk.undo();
            }
        >
            <input type="hidden" name="from" value=moment />
            <input type="hidden" name="until" value=moment />
            <button class="small">"Undo"</button>
        </form>
    }
}
