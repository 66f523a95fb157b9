//! Which line is what.

use crate::components::show::Show;
use leptos::prelude::*;

/// The quarters of the timesteps, low noise first.
pub const QUARTERS: [&str; 4] = ["least noise", "little noise", "much noise", "most noise"];

/// Names the lines that are drawn besides the loss itself.
#[component]
pub fn Legend(
    #[prop(into)] quarters: Signal<bool>,
    /// There are losses on held-out images.
    #[prop(into)]
    held_out: Signal<bool>,
    /// And of the average of the weights.
    #[prop(into)]
    ema: Signal<bool>,
) -> impl IntoView {
    let by_noise = move || {
        let entry = |(quarter, name)| entry(format!("quarter quarter-{quarter}"), name);
        quarters.get().then(|| QUARTERS.into_iter().enumerate().map(entry).collect_view())
    };
    let validation = move || held_out.get().then(|| entry("held-out".into(), "held-out images"));
    let average = move || {
        let name = "held-out images, averaged weights";
        ema.get().then(|| entry("held-out-ema".into(), name))
    };
    view! {
        <Show when=move || quarters.get() || held_out.get() || ema.get()>
            <ul class="legend" aria-label="Lines">
                {validation} {average} {by_noise}
            </ul>
        </Show>
    }
}

fn entry(class: String, name: &'static str) -> impl IntoView {
    view! {
        <li>
            <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
                <path class=class d="M0 4h24" />
            </svg>
            {name}
        </li>
    }
}
