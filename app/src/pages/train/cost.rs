//! What the run will cost, before it starts.

use leptos::prelude::*;

use super::desk::Desk;
use crate::api::{Estimate, Speed};
use crate::words;

#[component]
pub fn Cost() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let lines = move || {
        let cost = desk.estimate.with(|estimate| cost(estimate.as_ref()));
        cost.into_iter().chain(pace(desk.speed())).map(line).collect_view()
    };
    view! {
        <dl class="cost" aria-label="Estimate">{lines}</dl>
        <Measure />
    }
}

fn line((name, value): (&'static str, String)) -> impl IntoView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
}

/// What no step need be made for.
fn cost(estimate: Option<&Estimate>) -> [(&'static str, String); 4] {
    let told = |words: fn(&Estimate) -> String| estimate.map_or("–".into(), words);
    [
        ("Weights", told(|estimate| words::large(estimate.weights))),
        ("Images", told(|estimate| words::count(estimate.images))),
        ("Steps", told(|estimate| words::count(estimate.total_steps))),
        ("Memory", told(|estimate| format!("about {}", words::bytes(estimate.memory_bytes)))),
    ]
}

/// What was measured.
fn pace(speed: Option<Speed>) -> [(&'static str, String); 2] {
    let told = |words: fn(Speed) -> String| speed.map_or("–".into(), words);
    [
        ("Images/s", told(|speed| words::rate(speed.images_per_second))),
        ("Time", told(|speed| format!("about {}", words::duration(speed.seconds)))),
    ]
}

/// Makes a few steps of the run; needs a script, because its answer is no page.
#[component]
fn Measure() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = move || match (desk.measuring.get(), desk.is_speed_stale()) {
        (true, _) => "Measuring for about two seconds…",
        (false, true) => "The form has changed since the speed was measured.",
        (false, false) => "",
    };
    view! {
        <div class="measure needs-script">
            <button type="button" class="small" disabled=move || desk.measuring.get() on:click=move |_| desk.measure()>
                "Measure speed"
            </button>
            <p class="help" role="status">{words}</p>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_a_dash() {
        assert!(cost(None).iter().chain(&pace(None)).all(|(_, value)| value == "–"));
        let pace = pace(Some(Speed { images_per_second: 41.26, seconds: 200.0 }));
        assert_eq!(pace.map(|(_, value)| value), ["41.3", "about 3 min 20 s"]);
    }
}
