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
    /// Names of this run and of those beside it; none if it is alone.
    runs: Signal<Vec<String>>,
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
    let named = move || {
        let class = |place: usize| match place {
            0 => "smooth".to_owned(),
            place => format!("other other-{}", place - 1),
        };
        let entry = |(place, name)| entry(class(place), name);
        runs.get().into_iter().enumerate().map(entry).collect_view()
    };
    let alone = move || runs.with(Vec::is_empty);
    view! {
        <Show when=move || quarters.get() || held_out.get() || ema.get() || !alone()>
            <ul class="legend" aria-label="Lines">
                {named} {validation} {average} {by_noise}
            </ul>
        </Show>
    }
}

fn entry(class: String, name: impl Into<String>) -> AnyView {
    let name = name.into();
    view! {
        <li>
            <svg viewBox="0 0 24 8" width="24" height="8" aria-hidden="true">
                <path class=class d="M0 4h24" />
            </svg>
            {name}
        </li>
    }
    .into_any()
}
