//! Names a folder, an archive or an IDX file that lies on the server's own disk.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::{ApiError, add_dataset, form_fault};
use crate::components::field::{Field, TextInput};
use crate::components::notice::Alert;

#[component]
pub fn AddForm() -> impl IntoView {
    let query = use_query_map();
    let navigate = use_navigate();
    let fault = RwSignal::new(query.with_untracked(|query| form_fault(query, "add_dataset")));
    let busy = RwSignal::new(false);
    let (name, path) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let background = RwSignal::new("#000000".to_string());
    let at = move |field: &'static str| {
        Signal::derive(move || {
            fault.with(|f: &Option<ApiError>| {
                f.as_ref().and_then(|f| f.for_field(field)).map(String::from)
            })
        })
    };
    let messages = Signal::derive(move || {
        fault.with(|f| {
            f.as_ref().map(|f| f.beside(&["name", "path", "background"])).unwrap_or_default()
        })
    });
    let submit = move |event: leptos::ev::SubmitEvent| {
        event.prevent_default();
        let navigate = navigate.clone();
        busy.set(true);
        spawn_local(async move {
            let added =
                add_dataset(name.get_untracked(), path.get_untracked(), background.get_untracked())
                    .await;
            busy.set(false);
            match added {
                Ok(info) => navigate(&format!("/datasets?name={}", info.name), Default::default()),
                Err(error) => fault.set(Some(error)),
            }
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
            <Field id="add-name" label="Name" fault=at("name")>
                <TextInput id="add-name" name="name" value=name fault=at("name") />
            </Field>
            <Field
                id="add-path"
                label="Path"
                help="A folder of images, whose sub-folders are classes; a zip or tar.gz of one; or an IDX file or a folder of them. It is read where it lies."
                fault=at("path")
            >
                <TextInput id="add-path" name="path" value=path fault=at("path") />
            </Field>
            <Field id="add-background" label="Background" help="Colour put behind transparent pixels." fault=at("background")>
                <TextInput id="add-background" name="background" kind="color" value=background fault=at("background") />
            </Field>
            <Alert messages />
            <div class="actions">
                <button class="primary" disabled=move || busy.get()>
                    "Add"
                </button>
            </div>
        </form>
    }
    .into_any()
}
