//! The left side: what to draw.

use engine::config::{GenerateSettings, SAMPLERS, SCHEDULES};
use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::desk::{Desk, model_of};
use super::earlier::typed_earlier;
use super::entry::{ChoiceField, NumberField};
use super::hires::SecondPass;
use super::image_to_image::ImageToImage;
use super::method::Method;
use super::plot::{PlotFields, pictures};
use super::prompt::PromptFields;
use super::seed::{Extra, SeedFields};
use super::size::SizeFields;
use crate::api::{GenerateForm, ModelInfo};
use crate::components::field::{Choice, Field};
use crate::components::later::Later;
use crate::components::notice::Alert;
use crate::components::show::Show;
use crate::components::slider::SliderField;
use crate::pages::part;
use crate::words;

/// Where samplers may be others than the one that is chosen.
const AXES: [&str; 3] = ["x_axis", "y_axis", "z_axis"];

/// The form's id.
pub const FORM: &str = "generate-form";

#[component]
pub fn GenerateFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let messages = desk.fault.beside(GenerateSettings::KEYS.iter().copied().chain(["style"]));
    desk.hear_earlier(typed_earlier());
    mend_what_changes(desk);
    view! {
        <form
            id=FORM
            class="controls"
            action="/fn/generate"
            method="post"
            novalidate
            aria-label="Generate"
            on:submit=move |event| {
                event.prevent_default();
                desk.generate();
            }
            on:input=move |event| desk.hear(&event)
        >
            <DefaultButton />
            <ModelField />
            <Later part=part::GENERATE_STYLES />
            <PromptFields />
            <SamplingFields />
            <Amounts />
            <SizeFields />
            <SeedFields />
            <Later part=part::GENERATE_FOLDS />
            <Alert messages />
            <Actions />
        </form>
    }
    .into_any()
}

/// What was said of a field is not true any more when there is something else in it.
fn mend_what_changes(desk: Desk) {
    Effect::new(move |before: Option<GenerateForm>| {
        let typed = desk.typed();
        if let Some(before) = before {
            let keys = GenerateSettings::KEYS.iter().chain([&GenerateForm::STYLE]);
            keys.filter(|key| before.get(key) != typed.get(key))
                .for_each(|key| desk.fault.mend(key));
        }
        typed
    });
}

/// What few need, folded away.
#[component]
pub fn Folds() -> impl IntoView {
    view! {
        <Extra />
        <Method />
        <SecondPass />
        <ImageToImage />
        <PlotFields />
    }
    .into_any()
}

/// What the Enter key presses, which is always the first of a form's buttons.
#[component]
fn DefaultButton() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! { <button type="submit" hidden disabled=move || desk.is_busy()></button> }
}

#[component]
fn ModelField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let options = Signal::derive(move || {
        let mut options: Vec<(String, String)> =
            desk.models.get().into_iter().map(|m| (m.name.clone(), title(&m))).collect();
        options.extend(checkpoint(desk));
        options
    });
    let fit_steps = Callback::new(move |name: String| {
        let timesteps = desk
            .models
            .with_untracked(|models| model_of(&name, models).map(|model| model.timesteps));
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
        {move || desk.missing_model().map(|name| view! { <p class="note" role="status">{not_there(&name)}</p> })}
        <Show when=move || desk.models.with(Vec::is_empty)>
            <p class="note">
                "There is no model yet. " <a href="/train">"Train one"</a>
                " on a data set; it appears here with its first checkpoint."
            </p>
        </Show>
    }
}

fn not_there(name: &str) -> String {
    format!("There is no model {name}; this one is chosen instead.")
}

/// The checkpoint that is chosen, if one is: not every one of every run stands in the list.
fn checkpoint(desk: Desk) -> Option<(String, String)> {
    let name = desk.fields.at("model").get();
    let (run, state) = name.split_once('@')?;
    let words = format!("{run}, checkpoint {state}");
    desk.model().map(|_| (name.clone(), words))
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
    let sampler = desk.fields.at("sampler");
    let unused_eta = move || {
        // Reading it as a number would load what reads numbers before the page is there.
        let asked = desk.fields.at("eta").with(|eta| eta.contains(|c| matches!(c, '1'..='9')));
        // Along an axis the samplers are others.
        let alone = AXES.iter().all(|axis| desk.fields.at(axis).with(|axis| axis != "Sampler"));
        let name = sampler.get();
        (asked && alone && name != "DDIM").then(|| format!("Not used by {name}; DDIM has it."))
    };
    view! {
        <div class="side-by-side">
            <ChoiceField
                id="sampler"
                key="sampler"
                label="Sampler"
                names=SAMPLERS.iter().map(|info| info.name).collect()
            />
            <ChoiceField
                id="schedule"
                key="schedule"
                label="Schedule type"
                names=SCHEDULES.iter().map(|(_, name, _)| *name).collect()
            />
        </div>
        <div class:unused=move || sampler.with(|sampler| sampler != "DDIM")>
            <NumberField
                id="eta"
                key="eta"
                label="Eta"
                help="For DDIM alone: how much noise it adds at each step, from 0, none, to 1, as much as DDPM."
                min=0
                max=1
                broken=true
            />
        </div>
        {move || unused_eta().map(|words| view! { <p class="note" role="status">{words}</p> })}
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
fn Actions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let job = move || desk.interruptible().map(|job| job.to_string());
    let instead = move |event: MouseEvent, act: fn(Desk)| {
        event.prevent_default();
        act(desk);
    };
    view! {
        <div class="actions sticky">
            <button
                type="submit"
                class="primary"
                aria-keyshortcuts="Control+Enter"
                // One that is disabled would lose the focus while the form is sent.
                aria-disabled=move || desk.is_busy().then_some("true")
            >
                "Generate"
            </button>
            <button
                type="submit"
                formaction="/fn/interrupt_generation"
                name="job"
                value=job
                class="stop"
                aria-keyshortcuts="Escape"
                disabled=move || desk.interruptible().is_none()
                on:click=move |event| instead(event, Desk::interrupt)
            >
                "Interrupt"
            </button>
            <button
                type="submit"
                formaction="/fn/skip_batch"
                name="job"
                value=job
                title="Leaves out what is drawn now; the next follows"
                hidden=move || !desk.can_skip()
                on:click=move |event| instead(event, Desk::skip)
            >
                "Skip"
            </button>
            <Later part=part::GENERATE_COUNT />
        </div>
    }
}

/// How many images there will be, and which keys begin and end them.
#[component]
pub fn Count() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let images = move || {
        let mut settings = desk.fields.typed().settings().ok()?;
        if let Some(model) = desk.model() {
            settings.spread_prompts(&model.classes).ok()?;
        }
        let count = pictures(&settings)?;
        Some(words::plural(count as u64, "image"))
    };
    view! {
        <p class="help shortcut">
            {images}
            <span class="keys needs-script">
                {move || images().map(|_| " · ")}
                <kbd>"Ctrl Enter"</kbd> " starts, " <kbd>"Esc"</kbd> " ends"
            </span>
        </p>
    }
}
