//! Settings that few need, folded away until they do.

use leptos::html;
use leptos::prelude::*;

/// Opens by itself while something in it is set or at fault; otherwise it stays as it was left.
#[component]
pub fn Fold(
    /// What it is remembered by, and called in the page.
    id: &'static str,
    title: &'static str,
    /// What is set in it, in a few words.
    #[prop(into)]
    told: Signal<Option<String>>,
    #[prop(into)] faulty: Signal<bool>,
    children: Children,
) -> impl IntoView {
    let place = NodeRef::<html::Details>::new();
    let is_set = Memo::new(move |_| told.with(Option::is_some));
    let open = RwSignal::new(faulty.get_untracked() || is_set.get_untracked());
    Effect::new(move || {
        if is_set.get() || was_left_open(id) {
            open.set(true);
        }
    });
    Effect::new(move || {
        if faulty.get() {
            open.set(true);
        }
    });
    let toggled = move |_| {
        if let Some(place) = place.get_untracked() {
            open.set(place.open());
            remember(id, place.open());
        }
    };
    view! {
        <details class="fold" id=id node_ref=place open=open.get_untracked() prop:open=open on:toggle=toggled>
            <summary>
                {title}
                <span class="told">{told}</span>
            </summary>
            <div class="fold-box">{children()}</div>
        </details>
    }
    .into_any()
}

/// What the keys of all folds begin with in the browser's storage.
const KEY: &str = "fold-";

fn key(id: &str) -> String {
    format!("{KEY}{id}")
}

/// Whether this browser left any fold open.
#[cfg(feature = "hydrate")]
pub fn is_any_left_open() -> bool {
    let Ok(Some(storage)) = window().local_storage() else { return false };
    let key = |place| storage.key(place).ok().flatten();
    (0..storage.length().unwrap_or(0)).filter_map(key).any(|key| key.starts_with(KEY))
}

/// A browser that keeps nothing opens the page with the fold closed.
fn was_left_open(id: &str) -> bool {
    let storage = window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item(&key(id)).ok().flatten()).is_some()
}

fn remember(id: &str, open: bool) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = match open {
            true => storage.set_item(&key(id), "open"),
            false => storage.remove_item(&key(id)),
        };
    }
}
