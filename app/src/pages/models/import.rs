//! Brings a model from elsewhere.

use engine::config::ConfigError;
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos_router::hooks::{use_navigate, use_query_map};
use leptos_router::params::ParamsMap;
use web_sys::{FormData, HtmlFormElement};

use crate::api::ModelInfo;
use crate::components::field::{Field, TextInput};
use crate::components::file_field::{FileField, SendingBar, name_from};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::components::sending::{Sent, send};

const ENDINGS: &str = ".safetensors,.zip,.pth,.pt";

const FIELDS: [&str; 3] = ["name", "file", "config"];

/// What the parts of the form share.
#[derive(Clone, Copy)]
struct Import {
    name: RwSignal<String>,
    sent: Sent,
    fault: FormFault,
}

impl Import {
    /// A file was picked: its name will do for the model unless one was typed.
    fn picked(self, file: &str) {
        if self.name.with_untracked(String::is_empty) {
            self.name.set(name_from(file, ENDINGS));
        }
    }

    /// Posts the form, and calls `done` with the new model.
    fn post(self, form: &HtmlFormElement, done: impl Fn(ModelInfo) + Clone + 'static) {
        self.fault.clear();
        // Fails only for what is no form.
        let Ok(form) = FormData::new_with_form(form) else { return };
        send("/upload/model", &form, self.sent, move |answer| match answer {
            Ok(info) => done(info),
            Err(error) => self.fault.set(error),
        });
    }
}

#[component]
pub fn ImportForm() -> impl IntoView {
    let navigate = use_navigate();
    let (typed, refused) = use_query_map().with_untracked(|query| {
        (query.get_str("error").and(query.get("name")), refused_field(query))
    });
    let import = Import {
        name: RwSignal::new(typed.unwrap_or_default()),
        sent: RwSignal::new(None),
        fault: FormFault::new(
            refused.map(|(field, message)| ConfigError::one(field, message).into()),
        ),
    };
    let messages = import.fault.beside(FIELDS);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let navigate = navigate.clone();
        import.post(&event_target(&event), move |info| {
            navigate(&format!("/models?name={}", info.name), Default::default());
        });
    };
    view! {
        <form
            class="controls"
            action="/upload/model"
            method="post"
            enctype="multipart/form-data"
            aria-labelledby="import-title"
            on:submit=submit
        >
            <h2 id="import-title">"Import"</h2>
            <Field id="import-name" label="Name" fault=import.fault.at("name")>
                <TextInput id="import-name" name="name" value=import.name fault=import.fault.at("name") />
            </Field>
            <Files import />
            <SendingBar sent=import.sent after="Reading the weights…" />
            <Alert messages />
            <div class="actions">
                <button class="primary" disabled=move || import.sent.get().is_some()>
                    "Import"
                </button>
            </div>
        </form>
    }
    .into_any()
}

/// What is wrong with which field, where the form was posted without a script and refused.
pub fn refused_field(query: &ParamsMap) -> Option<(String, String)> {
    let field = query.get("field").filter(|field| FIELDS.contains(&field.as_str()))?;
    Some((field, query.get("error")?))
}

/// The weights, and for a .pth the configuration that they were trained with.
#[component]
fn Files(import: Import) -> impl IntoView {
    view! {
        <FileField
            id="import-file"
            name="file"
            label="Model"
            accept=ENDINGS
            required=true
            help="A .safetensors of Darkroom, a run of it as a zip, a diffusers pipeline as a zip, or the reference’s .pth with its YAML below."
            fault=import.fault.at("file")
            on_file=move |file: String| import.picked(&file)
        />
        <FileField
            id="import-config"
            name="config"
            label="Configuration (for a .pth)"
            accept=".yaml,.yml"
            help="The YAML that the .pth was trained with."
            fault=import.fault.at("config")
            on_file=|_| ()
        />
    }
}
