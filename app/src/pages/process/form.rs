//! Which picture, and which schedule. All of it stands in the address.

use engine::config::BetaSchedule;
use leptos::prelude::*;

use super::desk::Desk;
use super::own_image::{FORM, OwnImage};
use crate::api::ProcessForm;
use crate::components::field::{Checkbox, Choice, Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::image_picker::PickerForm;
use crate::components::notice::Alert;

#[component]
pub fn ProcessFields(datasets: Vec<String>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let fault = desk.fault;
    let timestep = RwSignal::new(untrack(|| desk.timestep()).to_string());
    view! {
        <form
            class="controls"
            action="/process"
            method="get"
            novalidate
            aria-label="Process"
            on:submit=|event| event.prevent_default()
        >
            <p class="about-page">
                "Training takes a picture, mixes it with noise, and asks the network what was mixed in. Move through the timesteps and see how much is left to find."
            </p>
            <Picture datasets />
            <OwnImage />
            <Schedule />
            <Alert messages=fault.beside(ProcessForm::FIELDS) />
            <div class="without-script">
                <Number id="t" name="t" label="Show timestep" value=timestep fault />
                <button class="primary">"Show"</button>
            </div>
            <p class="help needs-script">
                "The way back, from noise to picture, is shown below for the pictures that you drew."
            </p>
        </form>
        <PickerForm id=FORM to="process" />
    }
    .into_any()
}

/// Which image of which data set.
#[component]
fn Picture(datasets: Vec<String>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let Desk { fields, fault, .. } = desk;
    let names = datasets.into_iter().map(|name| (name.clone(), name)).collect::<Vec<_>>();
    view! {
        <Field id="dataset" label="Data set" fault=fault.at("dataset")>
            <Choice
                id="dataset"
                name="dataset"
                value=fields.dataset
                options=Signal::stored(names)
                fault=fault.at("dataset")
                on_change=Callback::new(move |_| {
                    fields.image.set("0".into());
                    fields.input.set(String::new());
                })
            />
        </Field>
        <Field id="image" label="Image" fault=fault.at("image")>
            <div class="with-buttons">
                <TextInput
                    id="image"
                    name="image"
                    value=fields.image
                    kind="number"
                    min=Some("0".into())
                    fault=fault.at("image")
                />
                <button type="button" class="needs-script" on:click=move |_| desk.turn(-1)>"Previous"</button>
                <button type="button" class="needs-script" on:click=move |_| desk.turn(1)>"Next"</button>
            </div>
        </Field>
    }
}

/// How fast the noise comes.
#[component]
fn Schedule() -> impl IntoView {
    let Desk { fields, fault, .. } = expect_context::<Desk>();
    let schedules: Vec<(String, String)> =
        BetaSchedule::NAMES.iter().map(|name| (name.to_string(), name.replace('_', " "))).collect();
    view! {
        <Field id="beta-schedule" label="Beta schedule" fault=fault.at("beta_schedule")>
            <Choice
                id="beta-schedule"
                name="beta_schedule"
                value=fields.beta_schedule
                options=Signal::stored(schedules)
                fault=fault.at("beta_schedule")
            />
        </Field>
        <Number id="num-timesteps" name="num_timesteps" label="Timesteps" value=fields.num_timesteps fault />
        <div class="side-by-side">
            <Number id="beta-start" name="beta_start" label="First beta" value=fields.beta_start fault />
            <Number id="beta-end" name="beta_end" label="Last beta" value=fields.beta_end fault />
        </div>
        <Checkbox
            id="rescale-zero-snr"
            name="rescale_zero_snr"
            label="Zero terminal SNR"
            help="Stretch the schedule until nothing of the picture is left at its end."
            checked=Signal::derive(move || fields.rescale_zero_snr.with(|on| on == "true"))
            on_change=Callback::new(move |on: bool| fields.rescale_zero_snr.set(on.to_string()))
        />
    }
}

#[component]
fn Number(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    fault: FormFault,
) -> impl IntoView {
    view! {
        <Field id label fault=fault.at(name)>
            <TextInput id name value kind="number" step="any" fault=fault.at(name) />
        </Field>
    }
}
