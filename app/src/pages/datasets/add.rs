//! Names a folder, an archive or an IDX file that lies on the server's own disk.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::{add_dataset, form_fault};
use crate::components::field::{Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;

const FIELDS: [&str; 3] = ["name", "path", "background"];

#[component]
pub fn AddForm() -> impl IntoView {
    let navigate = use_navigate();
    let refused = use_query_map().with_untracked(|query| form_fault(query, "add_dataset"));
    let fault = FormFault::new(refused);
    let busy = RwSignal::new(false);
    let values @ [name, path, background] =
        ["", "", "#000000"].map(|text| RwSignal::new(text.to_string()));
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let navigate = navigate.clone();
        let [name, path, background] = values.map(|value| value.get_untracked());
        busy.set(true);
        spawn_local(async move {
            match add_dataset(name, path, background).await {
                Ok(info) => navigate(&format!("/datasets?name={}", info.name), Default::default()),
                Err(error) => fault.set(error),
            }
            busy.set(false);
        });
    };
    view! {
        <form
            class="controls"
            action="/fn/add_dataset"
            method="post"
            aria-labelledby="add-title"
            on:submit=submit
        >
            <h2 id="add-title">"Add a folder on this machine"</h2>
            <Field id="add-name" label="Name" fault=fault.at("name")>
                <TextInput id="add-name" name="name" value=name fault=fault.at("name") />
            </Field>
            <Field
                id="add-path"
                label="Path"
                help="A folder of images, whose sub-folders are classes; a zip or tar.gz of one; or IDX, CIFAR, numpy or Parquet files. It is read where it lies."
                fault=fault.at("path")
            >
                <TextInput id="add-path" name="path" value=path fault=fault.at("path") />
            </Field>
            <Field id="add-background" label="Background" help="Colour put behind transparent pixels." fault=fault.at("background")>
                <TextInput id="add-background" name="background" kind="color" value=background fault=fault.at("background") />
            </Field>
            <Alert messages=fault.beside(FIELDS) />
            <div class="actions">
                <button class="primary" disabled=move || busy.get()>
                    "Add"
                </button>
            </div>
        </form>
    }
    .into_any()
}
