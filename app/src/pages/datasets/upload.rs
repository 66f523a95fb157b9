//! Sends an archive of images to the server.

use engine::config::name_fault;
use leptos::ev::SubmitEvent;
use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use web_sys::{FileList, FormData, HtmlFormElement};

use crate::api::DatasetInfo;
use crate::components::drop_zone::DropZone;
use crate::components::field::{Fault, Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::components::progress::ProgressBar;
use crate::components::sending::{Sent, send};

const ENDINGS: &str = ".zip,.tar,.tar.gz,.tgz,.gz";

/// What the parts of the form share.
#[derive(Clone, Copy)]
struct Upload {
    name: RwSignal<String>,
    sent: Sent,
    fault: FormFault,
    file_name: RwSignal<Option<String>>,
}

impl Upload {
    /// A file was picked: its name will do for the data set unless one was typed.
    fn picked(self, file: &str) {
        self.file_name.set(Some(file.into()));
        if self.name.with_untracked(String::is_empty) {
            self.name.set(name_from(file));
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
        file_name: RwSignal::new(None),
    };
    let background = RwSignal::new("#000000".to_string());
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
            <Field id="upload-background" label="Background" help="Colour put behind transparent pixels." fault=upload.fault.at("background")>
                <TextInput
                    id="upload-background"
                    name="background"
                    kind="color"
                    value=background
                    fault=upload.fault.at("background")
                />
            </Field>
            <FilePicker upload />
            <Sending upload />
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

/// The file input, and around it a place to drop a file on.
#[component]
fn FilePicker(upload: Upload) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let drop = move |files: FileList| {
        if let (Some(input), Some(file)) = (input.get_untracked(), files.get(0)) {
            input.set_files(Some(&files));
            upload.picked(&file.name());
        }
    };
    view! {
        <DropZone on_files=drop>
            <label for="upload-file">"Archive"</label>
            <input
                id="upload-file"
                node_ref=input
                type="file"
                name="file"
                accept=ENDINGS
                required
                aria-describedby="upload-file-help"
                on:change=move |_| {
                    let file = input.get().and_then(|input| input.files()).and_then(|files| files.get(0));
                    if let Some(file) = file {
                        upload.picked(&file.name());
                    }
                }
            />
            <p class="help" id="upload-file-help">
                "A zip or tar.gz of images; its folders become classes. "
                <span class="needs-script">"Or drop it here."</span>
            </p>
            <Fault id="upload-file" fault=upload.fault.at("file") />
        </DropZone>
    }
}

#[component]
fn Sending(upload: Upload) -> impl IntoView {
    let fraction = Signal::derive(move || upload.sent.get().unwrap_or(0.0));
    let words = move || match upload.sent.get() {
        Some(sent) if sent < 1.0 => format!("{:.0} % sent", sent * 100.0),
        _ => "Unpacking and looking at every image…".into(),
    };
    view! {
        <Show when=move || upload.sent.get().is_some()>
            <ProgressBar label="Upload progress" fraction running=true />
            <p class="figures" role="status">{words}</p>
        </Show>
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

/// `My leaves.tar.gz` as `My-leaves`.
fn name_from(file: &str) -> String {
    let stem = ENDINGS.split(',').find_map(|ending| file.strip_suffix(ending)).unwrap_or(file);
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let name: String = stem.chars().map(|c| if fits(c) { c } else { '-' }).take(64).collect();
    let name = name.trim_matches(['-', '.']).to_string();
    if name_fault(&name).is_none() { name } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::name_from;

    #[test]
    fn a_file_name_gives_a_name_that_will_do() {
        for (file, name) in [
            ("leaves.zip", "leaves"),
            ("My leaves.tar.gz", "My-leaves"),
            (".hidden.zip", "hidden"),
            ("é.zip", ""),
            ("a.b.tgz", "a.b"),
        ] {
            assert_eq!(name_from(file), name, "{file}");
        }
    }
}
