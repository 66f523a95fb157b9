//! Takes an image from the disk, by drop or from the clipboard, and gives it to the server.

use leptos::ev::{ClipboardEvent, paste};
use leptos::html;
use leptos::prelude::*;
use web_sys::{File, FileList, FormData};

use super::drop_zone::DropZone;
use super::field::Fault;
use super::form_fault::FormFault;
use super::progress::ProgressBar;
use super::sending::{Sent, send};
use super::show::Show;
use crate::api::InputImage;

/// The form that a picker posts without JavaScript. It stands beside other forms, because a form
/// cannot hold another.
#[component]
pub fn PickerForm(
    id: &'static str,
    /// The tab that the image is for, as `input_address` has it.
    to: &'static str,
) -> impl IntoView {
    view! {
        <form id=id action="/upload/image" method="post" enctype="multipart/form-data" hidden>
            <input type="hidden" name="to" value=to />
        </form>
    }
}

#[derive(Clone, Copy)]
struct Picker {
    sent: Sent,
    fault: FormFault,
    on_image: Callback<InputImage>,
}

impl Picker {
    fn take(self, file: &File) {
        self.fault.clear();
        let Ok(form) = FormData::new() else { return };
        // Fails only for what is no file.
        let _ = form.append_with_blob("file", file);
        send("/upload/image", &form, self.sent, move |answer| match answer {
            Ok(image) => self.on_image.run(image),
            Err(error) => self.fault.set(error),
        });
    }

    /// Takes a picture off the clipboard; text goes to the field it was meant for.
    fn paste(self, event: &ClipboardEvent) {
        let files = event.clipboard_data().and_then(|data| data.files());
        if let Some(file) = files.and_then(|files| files.get(0)) {
            event.prevent_default();
            self.take(&file);
        }
    }
}

/// A file input that sends what is chosen at once, and around it a place to drop an image on.
#[component]
pub fn ImagePicker(
    id: &'static str,
    label: &'static str,
    /// What posts it without JavaScript: a [`PickerForm`], or the form around it, whose fields then come
    /// along. If none is named, nothing does.
    #[prop(optional)]
    form: &'static str,
    /// Takes what is pasted anywhere on the page; one picker of a page may.
    #[prop(optional)]
    takes_pasted: bool,
    fault: FormFault,
    on_image: Callback<InputImage>,
) -> impl IntoView {
    let picker = Picker { sent: RwSignal::new(None), fault, on_image };
    if takes_pasted {
        Effect::new(move || {
            let listener = window_event_listener(paste, move |event| picker.paste(&event));
            on_cleanup(move || listener.remove());
        });
    }
    let on_files = move |files: FileList| {
        if let Some(file) = files.get(0) {
            picker.take(&file);
        }
    };
    view! {
        <DropZone on_files>
            <label for=id>{label}</label>
            <FileInput id form picker />
            <p class="help needs-script">
                {if takes_pasted { "Or drop it here, or paste it." } else { "Or drop it here." }}
            </p>
            {(!form.is_empty()).then(|| view! { <Upload form /> })}
            <Show when=move || picker.sent.get().is_some()>
                <ProgressBar
                    label="Upload progress"
                    fraction=Signal::derive(move || picker.sent.get().unwrap_or(0.0))
                    running=true
                />
            </Show>
            <Fault id fault=fault.at("image") />
        </DropZone>
    }
    .into_any()
}

#[component]
fn Upload(form: &'static str) -> impl IntoView {
    view! {
        <button class="without-script" form=form formaction="/upload/image" formenctype="multipart/form-data">
            "Upload"
        </button>
    }
}

#[component]
fn FileInput(id: &'static str, form: &'static str, picker: Picker) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let change = move |_| {
        let Some(input) = input.get_untracked() else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            picker.take(&file);
            // The same file can be chosen again.
            input.set_value("");
        }
    };
    view! { <input id=id node_ref=input type="file" name="file" accept="image/*" form=form on:change=change /> }
}
