//! One picture on the wall.

use std::time::Duration;

use leptos::ev::{MouseEvent, PointerEvent};
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use super::desk::Desk;
use crate::api::{GalleryImage, ImageId};
use crate::components::icon::{Glyph, Icon};
use crate::words;

/// How long a finger must rest on a picture to select it.
const LONG_PRESS: Duration = Duration::from_millis(450);

/// What the link of the picture at `place` is called.
fn tile_id(place: u64) -> String {
    format!("picture-{place}")
}

/// Moves the focus to the picture at `place`, if it is in the document.
pub fn focus_tile(place: u64) -> Option<()> {
    let tile = document().get_element_by_id(&tile_id(place))?;
    tile.dyn_into::<HtmlElement>().ok()?.focus().ok()
}

/// The picture at `place`; an empty sheet while it is on its way.
#[component]
pub fn Tile(
    place: u64,
    /// The place that the Tab key comes to.
    stop: Memo<u64>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let picture = Memo::new(move |_| desk.picture(place));
    let id = move || picture.with(|picture| picture.as_ref().map(|picture| picture.image.id));
    let selected = Memo::new(move |_| id().is_some_and(|id| desk.selection.holds(id)));
    let day = Memo::new(move |_| {
        let begins = desk.shelf.with(|shelf| shelf.begins_day(place));
        picture.with(|picture| picture.as_ref().filter(|_| begins).map(|p| words::day(&p.date)))
    });
    view! {
        <li
            class="tile"
            class:selected=move || selected.get()
            aria-setsize=move || desk.total()
            aria-posinset=place + 1
        >
            <PictureLink place picture stop />
            {move || day.get().map(|day| view! { <span class="day">{day}</span> })}
            {move || picture.get().map(|picture| view! { <Marks place picture selected /> })}
        </li>
    }
    .into_any()
}

#[component]
fn PictureLink(place: u64, picture: Memo<Option<GalleryImage>>, stop: Memo<u64>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let press = Press::new(desk, place);
    view! {
        <a
            class="picture"
            id=tile_id(place)
            href=move || picture.with(|picture| picture.as_ref().map(|p| p.image.url.clone()))
            rel="external"
            tabindex=move || if stop.get() == place { "0" } else { "-1" }
            on:focus=move |_| desk.cursor.set(place)
            on:click=move |event| click(desk, place, press, &event)
            on:pointerdown=move |event| press.begin(&event)
            on:pointerup=move |_| press.end()
            on:pointercancel=move |_| press.end()
            on:pointerleave=move |_| press.end()
            on:contextmenu=move |event| {
                if press.is_long() {
                    event.prevent_default();
                }
            }
        >
            {move || {
                picture
                    .get()
                    .map(|GalleryImage { image, .. }| {
                        view! {
                            <img
                                src=image.url
                                width=image.width
                                height=image.height
                                draggable="false"
                                alt=format!("Image with seed {}", image.seed)
                            />
                        }
                    })
            }}
        </a>
    }
}

/// A plain click enlarges; with Ctrl or Shift, or while any is selected, it selects.
fn click(desk: Desk, place: u64, press: Press, event: &MouseEvent) {
    event.prevent_default();
    let Some(picture) = untrack(|| desk.picture(place)) else { return };
    desk.cursor.set(place);
    if press.is_long() {
        // The press has selected it already.
        press.forget();
    } else if event.shift_key() {
        desk.select(desk.selection.range_to(place));
    } else if event.ctrl_key() || event.meta_key() || !untrack(|| desk.selection.is_empty()) {
        desk.selection.toggle(picture.image.id, place);
    } else {
        desk.enlarged.set(Some(place as usize));
    }
}

/// A finger that rests on a picture.
#[derive(Clone, Copy)]
struct Press {
    desk: Desk,
    place: u64,
    timer: StoredValue<Option<TimeoutHandle>>,
    long: StoredValue<bool>,
}

impl Press {
    fn new(desk: Desk, place: u64) -> Self {
        Self { desk, place, timer: StoredValue::new(None), long: StoredValue::new(false) }
    }

    fn begin(self, event: &PointerEvent) {
        self.forget();
        if event.pointer_type() != "touch" {
            return;
        }
        let rest = move || {
            if let Some(picture) = untrack(|| self.desk.picture(self.place)) {
                self.long.set_value(true);
                self.desk.selection.toggle(picture.image.id, self.place);
            }
        };
        self.timer.set_value(set_timeout_with_handle(rest, LONG_PRESS).ok());
    }

    fn end(self) {
        if let Some(timer) = self.timer.try_get_value().flatten() {
            timer.clear();
        }
    }

    fn is_long(self) -> bool {
        self.long.get_value()
    }

    fn forget(self) {
        self.long.set_value(false);
    }
}

/// What can be done with a picture without enlarging it.
#[component]
fn Marks(place: u64, picture: GalleryImage, selected: Memo<bool>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (id, seed) = (picture.image.id, picture.image.seed);
    view! {
        <button
            type="button"
            class="mark select-mark needs-script"
            tabindex="-1"
            aria-pressed=move || selected.get().to_string()
            aria-label=format!("Select image with seed {seed}")
            on:click=move |event| {
                if event.shift_key() {
                    desk.select(desk.selection.range_to(place));
                } else {
                    desk.selection.toggle(id, place);
                }
            }
        >
            <Glyph icon=Icon::Check />
        </button>
        <Star id seed starred=picture.image.starred />
    }
}

#[component]
fn Star(id: ImageId, seed: i64, starred: bool) -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <form
            action="/fn/star"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                desk.star(id, !starred);
            }
        >
            <input type="hidden" name="image" value=id />
            <input type="hidden" name="starred" value=(!starred).to_string() />
            <button
                class="mark star-mark"
                tabindex="-1"
                aria-pressed=starred.to_string()
                aria-label=format!("Star image with seed {seed}")
            >
                <Glyph icon=Icon::Star />
            </button>
        </form>
    }
}
