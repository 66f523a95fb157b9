//! Where an address leads nowhere.

use leptos::prelude::*;
use leptos_meta::Title;

#[component]
pub fn NotFound() -> impl IntoView {
    view! {
        <Title text="Not found" />
        <div class="empty">
            <h1>"Nothing is developed at this address"</h1>
            <p>"It may have been deleted, or the address has a slip in it."</p>
            <p>
                <a class="button" href="/">"To Generate"</a>
            </p>
        </div>
    }
}
