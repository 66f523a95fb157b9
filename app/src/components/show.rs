//! What is there only while something holds.

use leptos::children::ViewFn;
use leptos::prelude::*;

/// As Leptos' own `Show`, of which every use is compiled apart: this one is in the page's module once.
#[component]
pub fn Show(
    when: impl Fn() -> bool + Send + Sync + 'static,
    /// What is there instead.
    #[prop(optional, into)]
    fallback: ViewFn,
    children: ChildrenFn,
) -> impl IntoView {
    switch(Signal::derive(when), children, fallback)
}

fn switch(when: Signal<bool>, children: ChildrenFn, fallback: ViewFn) -> AnyView {
    let holds = Memo::new(move |_| when.get());
    (move || if holds.get() { children() } else { fallback.run() }).into_render()
}
