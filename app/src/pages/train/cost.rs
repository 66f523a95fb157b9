//! What the run will cost, before it starts.

use leptos::prelude::*;

use super::desk::Desk;
use crate::api::{Estimate, RunForm, Speed};
use crate::words;

/// The setting that says in whose latents a model draws.
const AUTOENCODER: &str = "model_params.autoencoder";

#[component]
pub fn Cost() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let lines = move || {
        let cost = desk.estimate.with(|estimate| cost(estimate.as_ref()));
        cost.into_iter().chain(pace(desk.speed())).map(line).collect_view()
    };
    view! {
        <dl class="cost" aria-label="Estimate">{lines}</dl>
        <Obstacle />
        <Measure />
    }
}

/// Why nothing can be told: the field at fault is folded away from here.
#[component]
fn Obstacle() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let obstacle =
        Memo::new(move |_| desk.estimate.with(Option::is_none).then(|| desk.obstacle()).flatten());
    let words = move |(key, label, message): (&'static str, &'static str, String)| {
        let train_one = (key == AUTOENCODER).then(|| {
            let dataset = desk.fields.at(RunForm::DATASET).get_untracked();
            let address = format!("/train?preset=autoencoder&dataset={dataset}");
            view! { <a href=address rel="external">"Train an autoencoder"</a> }
        });
        view! { <p class="fault">{label} ": " {message} ". " {train_one}</p> }
    };
    view! { <div role="status">{move || obstacle.get().map(words)}</div> }
}

fn line((name, value): (&'static str, String)) -> AnyView {
    view! {
        <div>
            <dt>{name}</dt>
            <dd>{value}</dd>
        </div>
    }
    .into_any()
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
