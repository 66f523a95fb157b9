//! Sends images to the server.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use serde::de::DeserializeOwned;
use web_sys::{FormData, HtmlFormElement};

use super::editor::Editor;
use crate::api::{ApiError, DatasetChange, DatasetInfo};
use crate::components::field::{Field, TextInput};
use crate::components::file_field::{FileField, SendingBar, name_from};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::components::sending::{Sent, send};

/// Of files that hold images.
const ENDINGS: &str = ".zip,.tar,.tar.gz,.tgz,.gz,.npz,.npy,.parquet";
/// What a browser offers to pick.
const ACCEPT: &str = "image/*,.zip,.tar,.tar.gz,.tgz,.gz,.npz,.npy,.parquet";

const WHAT: &str = "Any number of images; a zip or tar.gz of them, whose folders become classes, or of CIFAR, IDX or Parquet files; or one npz, npy or Parquet file.";

/// What the parts of the form share.
#[derive(Clone, Copy)]
struct Upload {
    name: RwSignal<String>,
    sent: Sent,
    fault: FormFault,
}

impl Upload {
    /// A file was picked: its name will do for the data set unless one was typed.
    fn picked(self, file: &str) {
        if self.name.with_untracked(String::is_empty) {
            self.name.set(name_from(file, ENDINGS));
        }
    }
}

#[component]
pub fn UploadForm() -> impl IntoView {
    let navigate = use_navigate();
    let typed =
        use_query_map().with_untracked(|query| query.get_str("error").and(query.get("name")));
    let upload = Upload {
        name: RwSignal::new(typed.unwrap_or_default()),
        sent: RwSignal::new(None),
        fault: FormFault::new(None),
    };
    let messages = upload.fault.beside(["name", "file", "background"]);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let form: HtmlFormElement = event_target(&event);
        let navigate = navigate.clone();
        post("/upload/dataset", &form, upload.sent, upload.fault, move |info: DatasetInfo| {
            navigate(&format!("/datasets?name={}", info.name), Default::default());
        });
    };
    view! {
        <form
            class="controls"
            action="/upload/dataset"
            method="post"
            enctype="multipart/form-data"
            aria-labelledby="upload-title"
            on:submit=submit
        >
            <h2 id="upload-title">"Upload"</h2>
            <Field id="upload-name" label="Name" fault=upload.fault.at("name")>
                <TextInput id="upload-name" name="name" value=upload.name fault=upload.fault.at("name") />
            </Field>
            <Background fault=upload.fault.at("background") />
            <FileField
                id="upload-file"
                name="file"
                label="Images or an archive"
                accept=ACCEPT
                required=true
                multiple=true
                help=WHAT
                fault=upload.fault.at("file")
                on_file=move |file: String| upload.picked(&file)
            />
            <SendingBar sent=upload.sent after="Unpacking and looking at every image…" />
            <Alert messages />
            <div class="actions">
                <button class="primary" disabled=move || upload.sent.get().is_some()>
                    "Upload"
                </button>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Background(fault: Signal<Option<String>>) -> impl IntoView {
    let value = RwSignal::new("#000000".to_string());
    view! {
        <Field
            id="upload-background"
            label="Background"
            help="Colour put behind transparent pixels."
            fault
        >
            <TextInput id="upload-background" name="background" kind="color" value fault />
        </Field>
    }
}

/// Posts the form to `path`, and calls `done` with what was made of it.
fn post<T: DeserializeOwned + 'static>(
    path: &str,
    form: &HtmlFormElement,
    sent: Sent,
    fault: FormFault,
    done: impl FnOnce(T) + Clone + 'static,
) {
    fault.clear();
    // Fails only for what is no form.
    let Ok(form) = FormData::new_with_form(form) else { return };
    send(path, &form, sent, move |answer| match answer {
        Ok(made) => done(made),
        Err(error) => fault.set(error),
    });
}

/// More images for the data set on show.
#[component]
pub fn AddImages(editor: Editor, takes_images: bool, class: Option<String>) -> impl IntoView {
    if !takes_images {
        return None;
    }
    let refused = use_query_map().with_untracked(|query| query.get("adding"));
    let open = refused.is_some();
    let fault = FormFault::new(refused.map(ApiError::Conflict));
    let sent = RwSignal::new(None);
    let class = RwSignal::new(class.unwrap_or_default());
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let form: HtmlFormElement = event_target(&event);
        let address = format!("/datasets?name={}", editor.name());
        let added = form.clone();
        post("/upload/images", &form, sent, fault, move |_: DatasetChange| {
            added.reset();
            editor.go_to(address);
        });
    };
    Some(view! {
        <details class="edit" open=open>
            <summary>"Add images…"</summary>
            <form
                class="controls"
                action="/upload/images"
                method="post"
                enctype="multipart/form-data"
                aria-label="Add images"
                on:submit=submit
            >
                <input type="hidden" name="name" value=editor.name() />
                <FileField
                    id="more-images"
                    name="file"
                    label="Images or an archive"
                    accept="image/*,.zip,.tar,.tar.gz,.tgz"
                    required=true
                    multiple=true
                    help="Any number of images, or a zip or tar.gz of them."
                    fault=fault.at("file")
                    on_file=|_: String| ()
                />
                <Field
                    id="more-class"
                    label="Class of the new images"
                    help="Empty for the folders that they lie in."
                    fault=fault.at("class")
                >
                    <TextInput id="more-class" name="class" list="class-names" value=class fault=fault.at("class") />
                </Field>
                <SendingBar sent after="Looking at every image…" />
                <Alert messages=fault.beside(["file", "class"]) />
                <div class="actions">
                    <button disabled=move || sent.get().is_some()>"Add"</button>
                </div>
            </form>
        </details>
    })
}
