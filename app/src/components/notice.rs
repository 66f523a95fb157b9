//! Words for what went wrong and for places where nothing is yet.

use leptos::prelude::*;

/// Tells why something could not be done; nothing is there while all is well.
#[component]
pub fn Alert(#[prop(into)] messages: Signal<Vec<String>>) -> impl IntoView {
    (move || {
        let messages = messages.get();
        (!messages.is_empty()).then(|| {
            view! {
                <div class="alert" role="alert">
                    {messages.into_iter().map(|message| view! { <p>{message}</p> }).collect_view()}
                </div>
            }
        })
    })
    .into_render()
}

/// Stands where a page would, when the server could not give what it shows.
#[component]
pub fn PageFault(message: String) -> impl IntoView {
    view! {
        <div class="empty" role="alert">
            <h2>"This page cannot be shown"</h2>
            <p>{message}</p>
            <p>
                <a href="" rel="external">"Try again"</a>
            </p>
        </div>
    }
}

/// Says what will stand here, and how it gets here.
#[component]
pub fn Empty(title: &'static str, children: Children) -> impl IntoView {
    view! {
        <div class="empty">
            <h2>{title}</h2>
            {children()}
        </div>
    }
}
