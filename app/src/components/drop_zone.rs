//! A place to drop files on.

use leptos::ev::DragEvent;
use leptos::prelude::*;
use web_sys::FileList;

/// Hands over what is dropped, at least one file.
#[component]
pub fn DropZone(on_files: impl Fn(FileList) + 'static, children: Children) -> impl IntoView {
    let hovering = RwSignal::new(false);
    let drop = move |event: DragEvent| {
        event.prevent_default();
        hovering.set(false);
        let files = event.data_transfer().and_then(|data| data.files());
        if let Some(files) = files.filter(|files| files.length() > 0) {
            on_files(files);
        }
    };
    view! {
        <div
            class="drop"
            class:hovering=move || hovering.get()
            on:dragover=move |event| {
                event.prevent_default();
                hovering.set(true);
            }
            on:dragleave=move |_| hovering.set(false)
            on:drop=drop
        >
            {children()}
        </div>
    }
}
