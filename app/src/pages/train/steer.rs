//! What can be wanted of a run while it goes on, or when it is over.

use std::future::Future;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use super::desk::Desk;
use crate::api::{
    ApiError, JobId, JobState, TrainView, extend, form_fault, sample_now, save_now, set_rate,
    set_sampling,
};
use crate::components::field::{Fault, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;

/// The functions that the forms here post to.
const ENDPOINTS: [&str; 7] =
    ["save_now", "sample_now", "set_rate", "set_sampling", "pause", "go_on", "extend"];
const FIELDS: [&str; 3] = ["rate_factor", "sample_every", "num_steps"];

/// What the forms share: which run they are about, what is wrong, and what the run has heard.
#[derive(Clone, Copy)]
struct Helm {
    job: JobId,
    fault: FormFault,
    heard: RwSignal<String>,
}

impl Helm {
    fn new(job: JobId) -> Self {
        let refused = use_query_map().with_untracked(|query| {
            ENDPOINTS.into_iter().find_map(|endpoint| form_fault(query, endpoint))
        });
        Self { job, fault: FormFault::new(refused), heard: RwSignal::new(String::new()) }
    }

    /// Sends `wish`, and says `word` once the run has heard it.
    fn tell(self, wish: impl Future<Output = Result<(), ApiError>> + 'static, word: String) {
        self.heard.set(String::new());
        spawn_local(async move {
            match wish.await {
                Ok(()) => {
                    self.fault.clear();
                    self.heard.set(word);
                }
                Err(error) => self.fault.set(error),
            }
        });
    }

    fn set_rate(self, factor: String) {
        let word = format!("From the next step on the learning rate is {factor} times its own.");
        self.tell(set_rate(self.job, factor), word);
    }

    fn set_sampling(self, steps: String) {
        let word = match steps.trim() {
            "0" => "From now on there are samples with every checkpoint.".into(),
            steps => format!("From now on there are samples every {steps} steps."),
        };
        self.tell(set_sampling(self.job, steps), word);
    }
}

/// The forms that suit the state of the run on show.
#[component]
pub fn Steer() -> impl IntoView {
    let shown = expect_context::<Desk>().training.view;
    let running = Memo::new(move |_| {
        let job = |view: &TrainView| (view.job.state == JobState::Running).then_some(view.job.id);
        shown.with(|view| view.as_ref().and_then(job))
    });
    let extensible = Memo::new(move |_| shown.with(|view| view.as_ref().and_then(extensible)));
    view! {
        {move || running.get().map(|job| view! { <Wishes helm=Helm::new(job) /> })}
        {move || extensible.get().map(|(job, steps)| view! { <Extend helm=Helm::new(job) steps /> })}
    }
    .into_any()
}

/// A run that is over and left something to go on from, and to how many steps it might go on.
fn extensible(view: &TrainView) -> Option<(JobId, u64)> {
    let can = view.job.state.is_over() && !view.checkpoints.is_empty();
    can.then(|| (view.job.id, view.figures.total_steps.max(view.figures.step) * 2))
}

/// What a run that goes on can be told.
#[component]
fn Wishes(helm: Helm) -> impl IntoView {
    let messages = helm.fault.beside(FIELDS);
    view! {
        <section class="steer" aria-label="Steer the run">
            <div class="steer-row">
                <Now helm />
                <RateForm helm />
                <SamplingForm helm />
            </div>
            <Faults helm />
            <Halved />
            <p class="help" role="status">{helm.heard}</p>
            <Alert messages />
        </section>
    }
}

/// What is wrong with the fields, below their row.
#[component]
fn Faults(helm: Helm) -> impl IntoView {
    view! {
        <Fault id="rate-factor" fault=helm.fault.at("rate_factor") />
        <Fault id="sample-every" fault=helm.fault.at("sample_every") />
    }
}

/// That the run learns slower than the factor above says.
#[component]
fn Halved() -> impl IntoView {
    let shown = expect_context::<Desk>().training.view;
    let halved = Memo::new(move |_| {
        shown.with(|view| view.as_ref().is_some_and(|view| view.figures.rate_halved))
    });
    const WORDS: &str = "The run was taken back, so its learning rate is half of that.";
    move || halved.get().then(|| view! { <p class="note">{WORDS}</p> })
}

/// A checkpoint or samples of the step that the run is at.
#[component]
fn Now(helm: Helm) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let when = move || if untrack(|| desk.is_paused()) { "at once" } else { "the next step" };
    let save = move |event: SubmitEvent| {
        event.prevent_default();
        helm.tell(save_now(helm.job), format!("A checkpoint follows {}.", when()));
    };
    let sample = move |event: SubmitEvent| {
        event.prevent_default();
        helm.tell(sample_now(helm.job), format!("Samples follow {}.", when()));
    };
    view! {
        <form action="/fn/save_now" method="post" on:submit=save>
            <input type="hidden" name="job" value=helm.job />
            <button>"Save now"</button>
        </form>
        <form action="/fn/sample_now" method="post" on:submit=sample>
            <input type="hidden" name="job" value=helm.job />
            <button>"Sample now"</button>
        </form>
    }
}

#[component]
fn RateForm(helm: Helm) -> impl IntoView {
    let shown = expect_context::<Desk>().training.view;
    let now = shown.with_untracked(|view| view.as_ref().map_or(1.0, |view| view.rate_factor));
    let factor = RwSignal::new(now.to_string());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        helm.set_rate(factor.get_untracked());
    };
    let scale = move |by: f64| {
        factor.update(|factor| *factor = scaled(factor, by));
        helm.set_rate(factor.get_untracked());
    };
    view! {
        <form class="steer-field" action="/fn/set_rate" method="post" novalidate on:submit=submit>
            <input type="hidden" name="job" value=helm.job />
            <label for="rate-factor">"Learning rate ×"</label>
            <TextInput
                id="rate-factor"
                name="rate_factor"
                value=factor
                kind="number"
                min=Some("0.001".into())
                max=Some("1000".into())
                step="any"
                fault=helm.fault.at("rate_factor")
            />
            <button aria-label="Set the learning rate">"Set"</button>
            <span class="needs-script">
                <button type="button" aria-label="Halve the learning rate" on:click=move |_| scale(0.5)>
                    "×½"
                </button>
                <button type="button" aria-label="Double the learning rate" on:click=move |_| scale(2.0)>
                    "×2"
                </button>
            </span>
        </form>
    }
}

/// `factor` times `by` within what the server takes; what is no number stays as it was typed.
fn scaled(factor: &str, by: f64) -> String {
    match leptos::json::number(factor.trim()) {
        Some(number) if number.is_finite() => (number * by).clamp(0.001, 1000.0).to_string(),
        _ => factor.to_owned(),
    }
}

#[component]
fn SamplingForm(helm: Helm) -> impl IntoView {
    let shown = expect_context::<Desk>().training.view;
    let now = shown.with_untracked(|view| view.as_ref().map(|view| view.sample_every.to_string()));
    let steps = RwSignal::new(now.unwrap_or_default());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        helm.set_sampling(steps.get_untracked());
    };
    view! {
        <form class="steer-field" action="/fn/set_sampling" method="post" novalidate on:submit=submit>
            <input type="hidden" name="job" value=helm.job />
            <StepsInput
                id="sample-every"
                name="sample_every"
                label="Sample every"
                value=steps
                fault=helm.fault.at("sample_every")
            />
            <button aria-label="Set the interval of samples">"Set"</button>
        </form>
    }
}

/// A number of steps within a line of words.
#[component]
fn StepsInput(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    fault: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <label for=id>{label}</label>
        <TextInput id name value kind="number" min=Some("0".into()) step="1" fault />
        <span class="unit">"steps"</span>
    }
}

/// Lets a run that is over go on beyond its end.
#[component]
fn Extend(helm: Helm, steps: u64) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let steps = RwSignal::new(steps.to_string());
    let messages = helm.fault.beside(FIELDS);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let steps = steps.get_untracked();
        spawn_local(async move {
            match extend(helm.job, steps).await {
                Ok(job) => desk.show(Some(job)).await,
                Err(error) => helm.fault.set(error),
            }
        });
    };
    view! {
        <section class="steer" aria-label="Extend the run">
            <form class="steer-field" action="/fn/extend" method="post" novalidate on:submit=submit>
                <input type="hidden" name="job" value=helm.job />
                <StepsInput
                    id="extend-steps"
                    name="num_steps"
                    label="Extend to"
                    value=steps
                    fault=helm.fault.at("num_steps")
                />
                <button>"Extend"</button>
            </form>
            <Fault id="extend-steps" fault=helm.fault.at("num_steps") />
            <Alert messages />
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::scaled;

    #[test]
    fn a_factor_is_scaled_within_its_range() {
        for (factor, by, scale) in [
            ("1", 0.5, "0.5"),
            (" 0.25", 2.0, "0.5"),
            ("0.0015", 0.5, "0.001"),
            ("900", 2.0, "1000"),
            ("fast", 2.0, "fast"),
        ] {
            assert_eq!(scaled(factor, by), scale, "{factor}");
        }
    }
}
