//! One module for each page.

use leptos::prelude::*;

#[component]
pub fn Generate() -> impl IntoView {
    view! { <p>"Generate"</p> }
}
#[component]
pub fn Train() -> impl IntoView {
    view! { <p>"Train"</p> }
}
#[component]
pub fn Datasets() -> impl IntoView {
    view! { <p>"Data sets"</p> }
}
#[component]
pub fn Settings() -> impl IntoView {
    view! { <p>"Settings"</p> }
}
#[component]
pub fn NotFound() -> impl IntoView {
    view! { <p>"Nothing here"</p> }
}
