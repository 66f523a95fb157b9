//! Text that can be taken away.

use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

#[component]
pub fn Copyable(text: String) -> impl IntoView {
    let place = NodeRef::<html::P>::new();
    let said = RwSignal::new("Copy");
    let copied = text.clone();
    let copy = move |_| {
        // Browsers give the clipboard to pages over https and of this machine alone.
        if window().is_secure_context() {
            write(&copied, move |written| match written {
                true => said.set("Copied"),
                false => select(place, said),
            });
        } else {
            select(place, said);
        }
    };
    view! {
        <div class="passage">
            <div class="passage-head">
                <h2>"As text"</h2>
                <button type="button" class="small needs-script" aria-live="polite" on:click=copy>
                    {move || said.get()}
                </button>
            </div>
            <p class="parameters" data-testid="parameters" node_ref=place>{text}</p>
        </div>
    }
}

/// Puts `text` on the clipboard, and says whether the browser let it.
fn write(text: &str, said: impl Fn(bool) + Clone + 'static) {
    let refused = said.clone();
    let on_done = Closure::<dyn FnMut(JsValue)>::new(move |_| said(true));
    let on_refused = Closure::<dyn FnMut(JsValue)>::new(move |_| refused(false));
    let writing = window().navigator().clipboard().write_text(text);
    let _ = writing.then2(&on_done, &on_refused);
    // The browser calls one of them later.
    on_done.forget();
    on_refused.forget();
}

/// Marks the text, for a person to copy it.
fn select(place: NodeRef<html::P>, said: RwSignal<&'static str>) {
    let selection = window().get_selection().ok().flatten();
    if let (Some(place), Some(selection)) = (place.get_untracked(), selection)
        && selection.select_all_children(&place).is_ok()
    {
        said.set("Selected: press Ctrl C");
    }
}
