//! The left side: what to draw.

use engine::config::{GenerateSettings, SAMPLERS, SCHEDULES};
use leptos::prelude::*;

use super::desk::Desk;
use super::prompt::PromptFields;
use crate::api::ModelInfo;
use crate::components::field::{Choice, Field, TextInput};
use crate::components::icon::{Glyph, Icon};
use crate::components::notice::Alert;
use crate::components::slider::SliderField;
use crate::words;

#[component]
pub fn GenerateFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let messages = desk.fault.beside(GenerateSettings::KEYS.iter().copied());
    view! {
        <form
            id="generate-form"
            class="controls"
            action="/fn/generate"
            method="post"
            novalidate
            aria-label="Generate"
            on:submit=move |event| {
                event.prevent_default();
                desk.generate();
            }
        >
            <ModelField />
            <PromptFields />
            <SamplingFields />
            <Amounts />
            <SeedField />
            <Alert messages />
            <Actions />
        </form>
        <InterruptForm />
    }
    .into_any()
}

#[component]
fn ModelField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let options = Signal::derive(move || {
        desk.models.get().into_iter().map(|m| (m.name.clone(), title(&m))).collect()
    });
    let fit_steps = Callback::new(move |name: String| {
        let timesteps = desk.models.with_untracked(|models| {
            models.iter().find(|model| model.name == name).map(|model| model.timesteps)
        });
        let steps = desk.fields.at("steps").get_untracked().parse::<usize>().ok();
        if let (Some(timesteps), Some(steps)) = (timesteps, steps)
            && steps > timesteps
        {
            desk.fields.at("steps").set(timesteps.to_string());
        }
    });
    view! {
        <Field id="model" label="Model" fault=desk.fault.at("model")>
            <Choice
                id="model"
                name="model"
                value=desk.fields.at("model")
                options
                fault=desk.fault.at("model")
                on_change=fit_steps
            />
        </Field>
        <p class="help">{move || desk.model().map(|model| about(&model))}</p>
        <Show when=move || desk.models.with(Vec::is_empty)>
            <p class="note">
                "There is no model yet. " <a href="/train">"Train one"</a>
                " on a data set; it appears here with its first checkpoint."
            </p>
        </Show>
    }
}

fn title(model: &ModelInfo) -> String {
    if model.built_in { format!("{} (built in)", model.name) } else { model.name.clone() }
}

fn about(model: &ModelInfo) -> String {
    format!(
        "{}×{} {}, learned from {} in {}; {} weights.",
        model.width,
        model.height,
        words::channels(model.channels),
        model.dataset,
        words::plural(model.step, "step"),
        words::large(model.weights),
    )
}

/// How noise becomes a picture.
#[component]
fn SamplingFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let option = |name: &str| (name.to_owned(), name.to_owned());
    let samplers: Vec<_> = SAMPLERS.iter().map(|info| option(info.name)).collect();
    let schedules: Vec<_> = SCHEDULES.iter().map(|(_, name, _)| option(name)).collect();
    view! {
        <div class="side-by-side">
            <Field id="sampler" label="Sampler" fault=desk.fault.at("sampler")>
                <Choice
                    id="sampler"
                    name="sampler"
                    value=desk.fields.at("sampler")
                    options=Signal::stored(samplers)
                    fault=desk.fault.at("sampler")
                />
            </Field>
            <Field id="schedule" label="Schedule type" fault=desk.fault.at("schedule")>
                <Choice
                    id="schedule"
                    name="schedule"
                    value=desk.fields.at("schedule")
                    options=Signal::stored(schedules)
                    fault=desk.fault.at("schedule")
                />
            </Field>
        </div>
        <EtaField />
    }
}

#[component]
fn EtaField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <Field
            id="eta"
            label="Eta"
            help="Noise that DDIM adds at each step: 0 adds none, 1 as much as DDPM."
            fault=desk.fault.at("eta")
        >
            <TextInput
                id="eta"
                name="eta"
                value=desk.fields.at("eta")
                kind="number"
                min=Some("0".into())
                max=Some("1".into())
                step="any"
                fault=desk.fault.at("eta")
            />
        </Field>
    }
}

#[component]
fn Amounts() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let timesteps =
        Signal::derive(move || desk.model().map_or(1000, |model| model.timesteps as i64));
    view! {
        <SliderField
            id="steps"
            name="steps"
            label="Sampling steps"
            value=desk.fields.at("steps")
            min=1
            max=timesteps
            slide_to=timesteps
            fault=desk.fault.at("steps")
        />
        <SliderField
            id="batch-count"
            name="batch_count"
            label="Batch count"
            value=desk.fields.at("batch_count")
            min=1
            max=Signal::stored(GenerateSettings::MAX_BATCH_COUNT as i64)
            slide_to=Signal::stored(16)
            fault=desk.fault.at("batch_count")
        />
        <SliderField
            id="batch-size"
            name="batch_size"
            label="Batch size"
            value=desk.fields.at("batch_size")
            min=1
            max=Signal::stored(GenerateSettings::MAX_BATCH_SIZE as i64)
            slide_to=Signal::stored(64)
            fault=desk.fault.at("batch_size")
        />
    }
}

#[component]
fn SeedField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let seed = desk.fields.at("seed");
    view! {
        <Field
            id="seed"
            label="Seed"
            help="Image n has seed + n. -1 draws one."
            fault=desk.fault.at("seed")
        >
            <div class="with-buttons">
                <TextInput
                    id="seed"
                    name="seed"
                    value=seed
                    kind="number"
                    min=Some("-1".into())
                    max=Some(GenerateSettings::MAX_SEED.to_string())
                    fault=desk.fault.at("seed")
                />
                <button
                    type="button"
                    class="icon needs-script"
                    aria-label="Random seed"
                    title="Random seed"
                    on:click=move |_| seed.set("-1".into())
                >
                    <Glyph icon=Icon::Dice />
                </button>
                <button
                    type="button"
                    class="icon needs-script"
                    aria-label="Reuse seed"
                    title="Reuse the seed of the picture on show"
                    disabled=move || desk.shown_seed().is_none()
                    on:click=move |_| desk.reuse_seed()
                >
                    <Glyph icon=Icon::Reuse />
                </button>
            </div>
        </Field>
    }
}

#[component]
fn Actions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let images = move || {
        let form = desk.fields.typed();
        form.settings()
            .ok()
            .map(|settings| format!("{} · ", words::plural(settings.images() as u64, "image")))
    };
    view! {
        <div class="actions sticky">
            <button
                type="submit"
                class="primary"
                aria-keyshortcuts="Control+Enter"
                disabled=move || desk.sending.get()
            >
                "Generate"
            </button>
            <button
                type="submit"
                form="interrupt-form"
                class="stop"
                aria-keyshortcuts="Escape"
                disabled=move || desk.interruptible().is_none()
            >
                "Interrupt"
            </button>
            <p class="help shortcut">
                {images}
                <span class="keys needs-script">
                    <kbd>"Ctrl Enter"</kbd> " starts, " <kbd>"Esc"</kbd> " ends"
                </span>
            </p>
        </div>
    }
}

/// Stands beside the form, because a form cannot hold another.
#[component]
fn InterruptForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <form
            id="interrupt-form"
            action="/fn/interrupt"
            method="post"
            hidden
            on:submit=move |event| {
                event.prevent_default();
                desk.interrupt();
            }
        >
            <input type="hidden" name="job" value=move || desk.interruptible().map(|job| job.to_string()) />
        </form>
    }
}
