//! The left side: on what, and how, to train.

use engine::config::{Group, Kind, PRESETS, SETTING_KEYS, SETTINGS, Setting};
use leptos::prelude::*;

use super::cost::Cost;
use super::desk::Desk;
use crate::api::{DatasetInfo, RunForm};
use crate::components::field::{Checkbox, Choice, Field, TextInput};
use crate::components::fold::Fold;
use crate::components::glimpses::Glimpses;
use crate::components::later::Later;
use crate::components::notice::Alert;
use crate::pages::part;
use crate::words;

/// Pictures of the data set under its picker.
const THUMBNAILS: u64 = 10;

#[component]
pub fn TrainForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let messages = desk.fault.beside(SETTING_KEYS);
    view! {
        <form
            class="controls"
            action="/fn/train"
            method="post"
            novalidate
            aria-label="Train"
            on:submit=move |event| {
                event.prevent_default();
                desk.start();
            }
            on:input=move |event| desk.hear(&event)
        >
            <DatasetField />
            <Field id=RunForm::NAME label="Run name" fault=desk.fault.at(RunForm::NAME)>
                <TextInput
                    id=RunForm::NAME
                    name=RunForm::NAME
                    value=desk.fields.at(RunForm::NAME)
                    fault=desk.fault.at(RunForm::NAME)
                />
            </Field>
            <Later part=part::TRAIN_PLAN />
            <Alert messages />
            <Actions />
        </form>
        <form
            id="stop-form"
            action="/fn/interrupt"
            method="post"
            hidden
            on:submit=move |event| {
                event.prevent_default();
                desk.stop();
            }
        >
            <input type="hidden" name="job" value=move || desk.stoppable().map(|job| job.to_string()) />
        </form>
        <PauseForm />
    }
    .into_any()
}

/// How to train, and what that costs.
#[component]
pub fn Plan() -> impl IntoView {
    expect_context::<Desk>().catch_up();
    view! {
        <PresetField />
        <Cost />
        <AllSettings />
    }
    .into_any()
}

/// Posts what the button beside Stop says.
#[component]
fn PauseForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let job = move || desk.pausable().map(|(job, _)| job.to_string());
    view! {
        <form
            id="pause-form"
            action=move || if desk.is_paused() { "/fn/go_on" } else { "/fn/pause" }
            method="post"
            hidden
            on:submit=move |event| {
                event.prevent_default();
                desk.pause_or_go_on();
            }
        >
            <input type="hidden" name="job" value=job />
        </form>
    }
}

#[component]
fn DatasetField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = desk.fields.at(RunForm::DATASET);
    let options = Signal::derive(move || {
        let mut options: Vec<(String, String)> =
            desk.datasets.get().into_iter().map(|info| (info.name.clone(), info.name)).collect();
        let typed = value.get();
        if !options.iter().any(|(name, _)| *name == typed) {
            options.push((typed.clone(), typed));
        }
        options
    });
    let fault = desk.fault.at(RunForm::DATASET);
    view! {
        <Field id=RunForm::DATASET label="Data set" fault>
            <Choice
                id=RunForm::DATASET
                name=RunForm::DATASET
                value
                options
                fault
                on_change=Callback::new(move |name: String| desk.pick_dataset(&name))
            />
        </Field>
        {move || desk.dataset().map(|info| view! { <DatasetGlimpse info /> })}
        <ByClass />
    }
}

/// The number of classes as a yes or no, where the data set has some.
#[component]
fn ByClass() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let offered = Memo::new(move |_| desk.classes().is_some());
    let checkbox = move || {
        view! {
            <div class="needs-script">
                <Checkbox
                    id="by-class"
                    name=""
                    label="Learn its classes"
                    help="A prompt can then ask for one of them."
                    checked=Signal::derive(move || desk.is_by_class())
                    on_change=Callback::new(move |by_class: bool| desk.learn_by_class(by_class))
                />
            </div>
        }
    };
    move || offered.get().then(checkbox)
}

/// A few pictures from all over the data set, and what it is.
#[component]
fn DatasetGlimpse(info: DatasetInfo) -> impl IntoView {
    let classes = info.classes.len() as u64;
    view! {
        <div class="glimpse">
            <Glimpses name=info.name.clone() count=info.count wanted=THUMBNAILS class="thumbnails" />
            <p class="help">
                {words::plural(info.count, "image")} ", " {words::sizes(info.min_size, info.max_size)} " "
                {words::channels(info.channels)}
                {(classes > 1).then(|| format!(", {} classes", words::count(classes)))} ". "
                <a href=format!("/datasets?name={}", info.name)>"Look at it"</a>
            </p>
            {info.note.map(|note| view! { <p class="help">{note}</p> })}
        </div>
    }
}

#[component]
fn PresetField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let options: Vec<_> =
        PRESETS.iter().map(|preset| (preset.name.to_string(), preset.name.to_string())).collect();
    let about = move || {
        let name = desk.fields.preset.get();
        PRESETS.iter().find(|preset| preset.name == name).map(|preset| preset.about)
    };
    let fault = Signal::stored(None::<String>);
    view! {
        <Field id="preset" label="Preset" fault>
            <div class="with-buttons">
                <Choice
                    id="preset"
                    name="preset"
                    value=desk.fields.preset
                    options=Signal::stored(options)
                    fault
                    on_change=Callback::new(move |name: String| desk.pick_preset(&name))
                />
                <button class="without-script" formmethod="get" formaction="/train">"Fill in"</button>
            </div>
        </Field>
        <p class="help">{about}</p>
    }
}

/// One field for each setting, by group.
#[component]
fn AllSettings() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let in_fold = |setting: &&Setting| ![RunForm::DATASET, RunForm::NAME].contains(&setting.key);
    let faulty = Memo::new(move |_| {
        desk.fault.is_at(SETTINGS.iter().filter(in_fold).map(|setting| setting.key))
    });
    let group = move |group: Group| {
        let settings =
            SETTINGS.iter().filter(in_fold).filter(move |setting| setting.group == group);
        view! {
            <fieldset>
                <legend>{group.title()}</legend>
                {settings.map(|setting| view! { <SettingField setting /> }).collect_view()}
            </fieldset>
        }
    };
    view! {
        <Fold id="train-settings" title="All settings" told=Signal::stored(None::<String>) faulty>
            {Group::ALL.map(group).collect_view()}
        </Fold>
    }
}

#[component]
fn SettingField(setting: &'static Setting) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (key, value) = (setting.key, desk.fields.at(setting.key));
    let fault = desk.fault.at(key);
    if setting.kind == Kind::Bool {
        return view! {
            <Checkbox
                id=key
                name=key
                label=setting.label
                help=setting.help
                checked=Signal::derive(move || value.with(|value| value == "true"))
                on_change=Callback::new(move |checked: bool| value.set(checked.to_string()))
            />
        }
        .into_any();
    }
    if let Kind::Choice(names) = setting.kind {
        let option = |name: &&str| (name.to_string(), name.replace('_', " "));
        let options: Vec<_> = names.iter().map(option).collect();
        return view! {
            <Field id=key label=setting.label help=setting.help fault>
                <Choice id=key name=key value options=Signal::stored(options) fault />
            </Field>
        }
        .into_any();
    }
    let (kind, step, min, max) = match setting.kind {
        Kind::Int { min, max } => ("number", "1", Some(min.to_string()), Some(max.to_string())),
        Kind::Float { min, max } => ("number", "any", Some(min.to_string()), Some(max.to_string())),
        _ if key == "dataset_params.background" => ("color", "", None, None),
        _ => ("text", "", None, None),
    };
    view! {
        <Field id=key label=setting.label unit=setting.unit help=setting.help fault>
            <TextInput id=key name=key value kind step min max fault />
        </Field>
    }
    .into_any()
}

#[component]
fn Actions() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <div class="actions sticky">
            <button type="submit" class="primary" disabled=move || desk.sending.get()>
                "Start"
            </button>
            <button type="submit" form="pause-form" disabled=move || desk.pausable().is_none()>
                {move || if desk.is_paused() { "Continue" } else { "Pause" }}
            </button>
            <button
                type="submit"
                form="stop-form"
                class="stop"
                disabled=move || desk.stoppable().is_none()
            >
                "Stop"
            </button>
        </div>
    }
}
