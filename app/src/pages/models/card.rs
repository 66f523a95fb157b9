//! One model: what it is, and what can be done with it.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use crate::api::{JobId, ModelInfo, delete_model};
use crate::components::confirm::Confirm;
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::live::Live;
use crate::words;

/// `run` is the job that trained it, if that is remembered.
#[component]
pub fn Card(model: ModelInfo, run: Option<JobId>) -> impl IntoView {
    let query = use_query_map();
    let (name, built_in) = (model.name.clone(), model.built_in);
    let named = {
        let name = name.clone();
        move || query.with(|query| query.get_str("name") == Some(&name)).then_some("true")
    };
    let classes = model.classes.join(", ");
    let badge = match (built_in, model.is_autoencoder) {
        (true, _) => Some("built in"),
        (false, true) => Some("autoencoder"),
        (false, false) => None,
    };
    let (href, use_it) = match model.is_autoencoder {
        true => (
            format!("/train?preset=latent&model_params.autoencoder={name}"),
            "Train in its latents",
        ),
        false => (format!("/?model={name}"), "Generate with this"),
    };
    let for_diffusers = !model.is_autoencoder && model.latents.is_empty();
    let deletion = (!built_in).then(|| view! { <Delete name=name.clone() /> });
    view! {
        <li class="model" aria-current=named aria-label=name>
            <div class="run-head">
                <h2>{name.clone()}</h2>
                {badge.map(|badge| view! { <span class="badge">{badge}</span> })}
                <div class="actions">
                    <a class="button" href=href>{use_it}</a>
                </div>
            </div>
            <Facts model />
            {(!classes.is_empty()).then(|| view! { <p class="help model-classes">"Classes: " {classes}</p> })}
            <Ways name=name.clone() built_in for_diffusers run />
            {deletion}
        </li>
    }
    .into_any()
}

#[component]
fn Facts(model: ModelInfo) -> impl IntoView {
    let size = format!("{}×{} {}", model.width, model.height, words::channels(model.channels));
    let facts = [
        ("Step", words::count(model.step)),
        ("Weights", words::large(model.weights)),
        ("Size", size),
        ("Latents", model.latents),
        ("Data set", model.dataset),
    ];
    let facts = facts.into_iter().filter(|(_, value)| !value.is_empty());
    let fact = |(name, value): (&'static str, String)| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{value}</dd>
            </div>
        }
    };
    view! { <dl class="figures">{facts.map(fact).collect_view()}</dl> }
}

/// Where the model can be taken to, and where it came from.
#[component]
fn Ways(name: String, built_in: bool, for_diffusers: bool, run: Option<JobId>) -> impl IntoView {
    let weights = format!("/files/models/{name}.safetensors");
    let download = |href: String, words: &'static str| {
        view! {
            <a href=href rel="external" download="">
                {words}
            </a>
        }
    };
    view! {
        <p class="model-ways">
            {download(weights.clone(), "Download")} {download(format!("{weights}?half=true"), "Download in half precision")}
            {for_diffusers.then(|| download(format!("/files/diffusers/{name}.zip"), "Download for diffusers"))}
            {(!built_in).then(|| download(format!("/files/runs/{name}.zip"), "Download the whole run"))}
            {run.map(|job| view! { <a href=format!("/train?job={job}")>"How it learned"</a> })}
        </p>
    }
}

#[component]
fn Delete(name: String) -> impl IntoView {
    let live = expect_context::<Live>();
    let fault = FormFault::new(None);
    let messages = fault.beside([]);
    let question = format!(
        "Delete “{name}” with all its checkpoints and samples from the disk? Pictures drawn with it stay."
    );
    let doomed = name.clone();
    let delete = move |event: SubmitEvent| {
        event.prevent_default();
        let name = doomed.clone();
        spawn_local(async move {
            match delete_model(name).await {
                Ok(()) => live.library.update(|changes| *changes += 1),
                Err(error) => fault.set(error),
            }
        });
    };
    view! {
        <Confirm open="Delete…" question>
            <form action="/fn/delete_model" method="post" on:submit=delete>
                <input type="hidden" name="name" value=name />
                <button class="stop">"Delete"</button>
            </form>
            <Alert messages />
        </Confirm>
    }
}
