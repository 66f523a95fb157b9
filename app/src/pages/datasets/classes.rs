//! The classes of a data set, and other names for them.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;

use super::Asked;
use super::editor::Editor;
use crate::api::{ClassInfo, DatasetInfo, rename_class};
use crate::components::field::{Field, TextInput};
use crate::words;

/// Chips that show one class or all.
#[component]
pub fn Classes(info: DatasetInfo, asked: Asked) -> impl IntoView {
    if info.classes.is_empty() {
        return None;
    }
    let chip = move |class: Option<String>, words: String, count: u64| {
        let chosen = (asked.class == class).then_some("true");
        let address = Asked { class, offset: 0, ..asked.clone() }.address();
        view! {
            <a class="chip" href=address aria-current=chosen>
                {words}
                <span class="chip-count">{words::count(count)}</span>
            </a>
        }
    };
    let all = chip(None, "All".into(), info.count);
    let classes: Vec<_> = info
        .classes
        .into_iter()
        .map(|class| chip(Some(class.name.clone()), class.name, class.count))
        .collect();
    Some(view! { <nav class="chips" aria-label="Classes">{all} {classes}</nav> })
}

/// Gives the class on show another name.
#[component]
pub fn Rename(editor: Editor, classes: Vec<ClassInfo>, class: Option<String>) -> impl IntoView {
    let class = class.filter(|_| editor.can_edit())?;
    let to = RwSignal::new(class.clone());
    let fault = editor.fault.at("to");
    let own = class.clone();
    let merges = move || {
        let to = to.get();
        let other = classes.iter().find(|other| other.name == to.trim() && other.name != own)?;
        Some(merging_words(other))
    };
    let old = class.clone();
    let rename = move |event: SubmitEvent| {
        event.prevent_default();
        let to = to.get_untracked();
        let class = Some(to.trim().to_owned());
        let address = Asked { name: Some(editor.name()), class, ..Asked::default() }.address();
        editor.change(rename_class(editor.name(), old.clone(), to), Some(address));
    };
    Some(view! {
        <details class="edit" open=fault.get_untracked().is_some()>
            <summary>{format!("Rename the class {class}…")}</summary>
            <form class="edit-row" action="/fn/rename_class" method="post" on:submit=rename>
                <input type="hidden" name="name" value=editor.name() />
                <input type="hidden" name="class" value=class />
                <Field id="rename-to" label="New name of the class" fault>
                    <TextInput id="rename-to" name="to" value=to fault />
                </Field>
                <button disabled=move || editor.busy.get()>"Rename"</button>
            </form>
            <p class="note" role="status">{merges}</p>
        </details>
    })
}

fn merging_words(other: &ClassInfo) -> String {
    let images = words::plural(other.count, "image");
    format!("There is a class {} of {images}: the two become one.", other.name)
}
