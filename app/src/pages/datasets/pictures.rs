//! The images of a data set, and what can be done with those that are chosen.

use leptos::ev::MouseEvent;
use leptos::prelude::*;

use super::editor::Editor;
use super::escape;
use crate::api::{
    ClassInfo, DatasetImage, DatasetInfo, delete_dataset_images, move_dataset_images,
};
use crate::components::field::{Field, TextInput};
use crate::components::notice::{Alert, Empty};
use crate::words;

#[component]
pub fn Pictures(editor: Editor, info: DatasetInfo, images: Vec<DatasetImage>) -> impl IntoView {
    let DatasetInfo { editable, built_in, classes, .. } = info;
    let pictures = match images.is_empty() {
        true => view! {
            <Empty title="No images here">
                <p>"None of its files could be read as an image."</p>
            </Empty>
        }
        .into_any(),
        false if editable => view! { <Choosing editor images classes /> }.into_any(),
        false => {
            let pictures = images.into_iter().map(|image| picture(&image)).collect_view();
            view! { <div class="images">{pictures}</div> }.into_any()
        }
    };
    view! {
        <section class="set-images" aria-label="Images">
            {pictures}
            {fixed(editable, built_in).map(|why| view! { <p class="help">{why}</p> })}
        </section>
    }
}

/// Why its images cannot be changed here.
fn fixed(editable: bool, built_in: bool) -> Option<&'static str> {
    match (editable, built_in) {
        (true, _) => None,
        (_, true) => Some("Built in: Darkroom draws its images, and they stay as they are."),
        _ => Some(
            "Its images stand outside Darkroom’s folder. Change them there, or upload them to change them here.",
        ),
    }
}

/// The name in the address stands for the image: another one may come to the same place.
fn picture(image: &DatasetImage) -> AnyView {
    let title = image.class.as_ref().map(|class| format!("{class}: {}", image.name));
    let url = format!("{}?{}", image.url, escape(&image.name));
    view! { <img src=url title=title alt=image.name.clone() loading="lazy" /> }.into_any()
}

#[component]
fn Choosing(editor: Editor, images: Vec<DatasetImage>, classes: Vec<ClassInfo>) -> impl IntoView {
    let tile = move |(place, image): (usize, DatasetImage)| view! { <Tile editor place image /> };
    let move_them = move |class: String| {
        editor.change(move_dataset_images(editor.name(), editor.chosen(), class), None);
    };
    let class = RwSignal::new(String::new());
    let option = |class: ClassInfo| view! { <option value=class.name></option> };
    let faults = editor.fault;
    view! {
        <form
            action="/fn/move_dataset_images"
            method="post"
            aria-label="Chosen images"
            on:submit=move |event| {
                event.prevent_default();
                move_them(class.get_untracked());
            }
        >
            <input type="hidden" name="name" value=editor.name() />
            <div class="choosing-bar">
                <Chosen editor />
                <div class="edit-row">
                    <Field id="move-class" label="Class" fault=faults.at("class")>
                        <TextInput id="move-class" name="class" list="class-names" value=class fault=faults.at("class") />
                    </Field>
                    <datalist id="class-names">{classes.into_iter().map(option).collect_view()}</datalist>
                    <button disabled=move || editor.busy.get()>"Move to class"</button>
                    <TakeOut editor />
                </div>
                <Alert messages=faults.beside(["class", "to"]) />
            </div>
            <div class="images">{images.into_iter().enumerate().map(tile).collect_view()}</div>
        </form>
    }
}

/// How many are chosen, and all or none of them.
#[component]
fn Chosen(editor: Editor) -> impl IntoView {
    let selection = editor.selection;
    let words = move || match selection.all().len() {
        0 => "Choose images by a click; with Shift, all up to there.".into(),
        chosen => format!("{} chosen", words::plural(chosen as u64, "image")),
    };
    view! {
        <div class="actions needs-script">
            <p role="status">{words}</p>
            <button type="button" class="small" on:click=move |_| selection.add(editor.places())>
                "All of this page"
            </button>
            <button
                type="button"
                class="small"
                disabled=move || selection.is_empty()
                on:click=move |_| selection.clear()
            >
                "None"
            </button>
        </div>
    }
}

#[component]
fn TakeOut(editor: Editor) -> impl IntoView {
    let take_out = move |event: MouseEvent| {
        event.prevent_default();
        editor.change(delete_dataset_images(editor.name(), editor.chosen()), None);
    };
    view! {
        <button formaction="/fn/delete_dataset_images" disabled=move || editor.busy.get() on:click=take_out>
            "Take out"
        </button>
    }
}

#[component]
fn Tile(editor: Editor, place: usize, image: DatasetImage) -> impl IntoView {
    let (selection, id) = (editor.selection, place as i64);
    let choose = move |event: MouseEvent| {
        let range = selection.range_to(place as u64);
        let places = range.start as i64..range.end as i64;
        match (event.shift_key(), event_target_checked(&event)) {
            (false, _) => selection.toggle(id, place as u64),
            (true, true) => selection.add(places),
            (true, false) => selection.remove(places),
        }
    };
    view! {
        <label class="choosable">
            <input
                type="checkbox"
                name="images[]"
                value=image.name.clone()
                prop:checked=move || selection.holds(id)
                on:click=choose
            />
            {picture(&image)}
        </label>
    }
}
