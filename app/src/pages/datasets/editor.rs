//! What the parts of a data set's page share that change its images.

use std::sync::Arc;

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::{use_navigate, use_query_map};

use crate::api::{
    ApiError, DatasetChange, DatasetImage, DatasetInfo, form_fault, reset_dataset,
    undo_dataset_edit,
};
use crate::components::form_fault::FormFault;
use crate::components::selection::Selection;

const FORMS: [&str; 6] = [
    "delete_dataset_images",
    "move_dataset_images",
    "rename_class",
    "delete_duplicates",
    "undo_dataset_edit",
    "reset_dataset",
];

/// The data set on show, what is chosen of its images, and what is wrong with a change.
#[derive(Clone, Copy)]
pub struct Editor {
    set: StoredValue<(String, bool)>,
    /// The images of this page, by their names.
    names: StoredValue<Vec<String>>,
    /// Their places on the page.
    pub selection: Selection,
    pub fault: FormFault,
    pub busy: RwSignal<bool>,
    /// Where the page goes after a change.
    go: StoredValue<Arc<dyn Fn(String) + Send + Sync>>,
}

impl Editor {
    pub fn new(info: &DatasetInfo, images: &[DatasetImage]) -> Self {
        let navigate = use_navigate();
        let refused = use_query_map()
            .with_untracked(|query| FORMS.into_iter().find_map(|form| form_fault(query, form)));
        Self {
            set: StoredValue::new((info.name.clone(), info.editable)),
            names: StoredValue::new(images.iter().map(|image| image.name.clone()).collect()),
            selection: Selection::default(),
            fault: FormFault::new(refused),
            busy: RwSignal::new(false),
            go: StoredValue::new(Arc::new(move |address: String| {
                navigate(&address, Default::default());
            })),
        }
    }

    pub fn name(self) -> String {
        self.set.with_value(|(name, _)| name.clone())
    }

    pub fn can_edit(self) -> bool {
        self.set.with_value(|(_, editable)| *editable)
    }

    /// Shows `address`.
    pub fn go_to(self, address: String) {
        if let Some(go) = self.go.try_get_value() {
            go(address);
        }
    }

    /// Names of the images that are chosen.
    pub fn chosen(self) -> Vec<String> {
        let places = untrack(|| self.selection.all());
        self.names.with_value(|names| {
            let name = |place: &i64| names.get(*place as usize).cloned();
            places.iter().rev().filter_map(name).collect()
        })
    }

    /// Places on this page.
    pub fn places(self) -> std::ops::Range<i64> {
        0..self.names.with_value(Vec::len) as i64
    }

    /// Waits for `change`, of which the server tells all pages, and goes to `address`, if there is one.
    pub fn change(
        self,
        change: impl Future<Output = Result<DatasetChange, ApiError>> + 'static,
        address: Option<String>,
    ) {
        self.busy.set(true);
        let go = self.go.get_value();
        spawn_local(async move {
            let done = change.await;
            // The news of a change may come before its answer, and with it another page.
            let stays = self.busy.try_set(false).is_none();
            match (done, address) {
                (Ok(_), Some(address)) => go(address),
                (Ok(_), None) if stays => self.selection.clear(),
                (Err(error), _) if stays => self.fault.set(error),
                _ => {}
            }
        });
    }
}

/// Says what the last change was, and takes it back.
#[component]
pub fn Undo(editor: Editor, undo: Option<String>) -> impl IntoView {
    let words = undo.filter(|_| editor.can_edit())?;
    let take_back = move |event: SubmitEvent| {
        event.prevent_default();
        editor.change(undo_dataset_edit(editor.name()), None);
    };
    Some(view! {
        <form class="last-edit" action="/fn/undo_dataset_edit" method="post" on:submit=take_back>
            <input type="hidden" name="name" value=editor.name() />
            <p role="status">"Last change: " {words} "."</p>
            <button class="small" disabled=move || editor.busy.get()>"Undo"</button>
        </form>
    })
}

/// Takes back all that is laid over the files of a data set.
#[component]
pub fn Reset(editor: Editor, revised: bool) -> impl IntoView {
    if !revised {
        return None;
    }
    let reset = move |event: SubmitEvent| {
        event.prevent_default();
        editor.change(reset_dataset(editor.name()), None);
    };
    Some(view! {
        <form class="last-edit" action="/fn/reset_dataset" method="post" on:submit=reset>
            <input type="hidden" name="name" value=editor.name() />
            <p>"Your changes are kept beside its files, which are as they came."</p>
            <button class="small" disabled=move || editor.busy.get()>"Take all changes back"</button>
        </form>
    })
}
