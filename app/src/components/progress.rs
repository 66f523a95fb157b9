//! How far something has come.

use leptos::prelude::*;

/// `fraction` is from 0 to 1.
#[component]
pub fn ProgressBar(
    label: &'static str,
    #[prop(into)] fraction: Signal<f32>,
    #[prop(into)] running: Signal<bool>,
) -> impl IntoView {
    let percent = move || (fraction.get().clamp(0.0, 1.0) * 100.0).round() as u32;
    view! {
        <div
            class="progress"
            class:running=running
            role="progressbar"
            aria-label=label
            aria-valuemin="0"
            aria-valuemax="100"
            aria-valuenow=percent
        >
            <div class="progress-bar" style:width=move || format!("{:.1}%", fraction.get().clamp(0.0, 1.0) * 100.0)></div>
        </div>
    }
}
