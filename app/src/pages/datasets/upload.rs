//! Sends an archive of images to the server.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use web_sys::{FormData, HtmlFormElement};

use crate::api::DatasetInfo;
use crate::components::field::{Field, TextInput};
use crate::components::file_field::{FileField, SendingBar, name_from};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::components::sending::{Sent, send};

const ENDINGS: &str = ".zip,.tar,.tar.gz,.tgz,.gz,.npz,.npy,.parquet";

const WHAT: &str = "A zip or tar.gz of images, whose folders become classes, or of CIFAR, IDX or Parquet files; or one npz, npy or Parquet file.";

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
        post(&form, upload, move |info: DatasetInfo| {
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
                label="Archive"
                accept=ENDINGS
                required=true
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

/// Posts the form, and calls `done` with the new data set.
fn post(form: &HtmlFormElement, upload: Upload, done: impl Fn(DatasetInfo) + Clone + 'static) {
    upload.fault.clear();
    // Fails only for what is no form.
    let Ok(form) = FormData::new_with_form(form) else { return };
    send("/upload/dataset", &form, upload.sent, move |answer| match answer {
        Ok(info) => done(info),
        Err(error) => upload.fault.set(error),
    });
}
