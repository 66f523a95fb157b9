//! The head of every page.

use leptos::prelude::*;

#[component]
pub fn Header() -> impl IntoView {
    view! { <header>"Darkroom"</header> }
}
