//! Asks before something is destroyed; works without JavaScript.

use leptos::prelude::*;

/// A fold that shows what would happen, and within it the button that does it.
#[component]
pub fn Confirm(
    /// On the closed fold, such as `Delete…`.
    open: &'static str,
    /// What would happen.
    #[prop(into)]
    question: String,
    /// The form with the button that does it.
    children: Children,
) -> impl IntoView {
    view! {
        <details class="confirm">
            <summary>{open}</summary>
            <div class="confirm-box">
                <p>{question}</p>
                {children()}
            </div>
        </details>
    }
}
