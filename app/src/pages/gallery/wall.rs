//! All pictures in one long wall, of which only what is near the screen is in the document.

use leptos::ev::{KeyboardEvent, resize, scroll};
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{HtmlElement, ScrollRestoration};

use super::desk::Desk;
use super::lattice::Lattice;
use super::tile::{Tile, focus_tile};

/// Least side of a picture in CSS pixels, on a phone and on a desk; gallery.css has the same.
const SIDES: [f64; 2] = [104.0, 144.0];

#[component]
pub fn Wall() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let wall = NodeRef::<html::Div>::new();
    hang(desk, wall);
    let near = Memo::new(move |_| desk.near());
    let stop = Memo::new(move |_| desk.tab_stop());
    let height =
        move || desk.lattice.get().map(|lattice| format!("{:.2}px", lattice.height(desk.total())));
    let top = move || {
        let first = near.with(|near| near.start);
        desk.lattice.get().map(|lattice| format!("translateY({:.2}px)", lattice.top(first)))
    };
    let columns = move || {
        desk.lattice.get().map(|lattice| format!("repeat({}, minmax(0, 1fr))", lattice.columns))
    };
    view! {
        <div class="wall" node_ref=wall style:height=height on:keydown=move |event| press(desk, wall, &event)>
            <ul class="tiles" style:transform=top style:grid-template-columns=columns>
                <For each=move || near.get() key=|place| *place let:place>
                    <Tile place stop />
                </For>
            </ul>
        </div>
    }
    .into_any()
}

/// Measures the wall whenever it may lie otherwise, and brings the pictures that come near.
fn hang(desk: Desk, wall: NodeRef<html::Div>) {
    Effect::new(move || {
        let Some(element) = wall.get() else { return };
        keep_place_by_hand();
        measure(desk, &element);
        let first = desk.cursor.get_untracked();
        if first > 0 {
            // By then the wall has its height.
            request_animation_frame(move || scroll_to(desk, &element, first));
        }
        let on_scroll = window_event_listener(scroll, move |_| measure_again(desk, wall));
        let on_resize = window_event_listener(resize, move |_| measure_again(desk, wall));
        on_cleanup(move || {
            on_scroll.remove();
            on_resize.remove();
        });
    });
    Effect::new(move || {
        desk.near();
        desk.enlarged.track();
        desk.shelf.track();
        if desk.lattice.with(Option::is_some) {
            desk.fetch_missing();
        }
    });
}

/// The browser would go back to where it was before the wall has its height.
fn keep_place_by_hand() {
    let restore = |how| {
        if let Ok(history) = window().history() {
            // A browser that cannot be told scrolls a little more.
            let _ = history.set_scroll_restoration(how);
        }
    };
    restore(ScrollRestoration::Manual);
    on_cleanup(move || restore(ScrollRestoration::Auto));
}

fn measure_again(desk: Desk, wall: NodeRef<html::Div>) {
    if let Some(element) = wall.get_untracked() {
        measure(desk, &element);
    }
}

fn measure(desk: Desk, wall: &HtmlElement) {
    let place = wall.get_bounding_client_rect();
    let narrow = window().match_media("(max-width: 760px)").ok().flatten();
    let side = SIDES[usize::from(!narrow.is_some_and(|media| media.matches()))];
    let screen = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(900.0);
    let lattice = Lattice::new(place.width(), side, -place.top(), screen);
    if desk.lattice.with_untracked(|known| *known != Some(lattice)) {
        desk.lattice.set(Some(lattice));
    }
}

/// Brings the row of the picture at `place` to the upper part of the screen.
fn scroll_to(desk: Desk, wall: &HtmlElement, place: u64) {
    let Some(lattice) = desk.lattice.get_untracked() else { return };
    let above = wall.get_bounding_client_rect().top() + page_offset();
    window().scroll_to_with_x_and_y(0.0, above + lattice.top(place) - HEAD);
    measure(desk, wall);
}

/// What the head of the page and the bar over the wall cover, in pixels.
const HEAD: f64 = 120.0;

fn page_offset() -> f64 {
    window().page_y_offset().unwrap_or(0.0)
}

/// Arrows and their like go from picture to picture.
fn press(desk: Desk, wall: NodeRef<html::Div>, event: &KeyboardEvent) {
    let on_picture = event.target().and_then(|target| target.dyn_into::<HtmlElement>().ok());
    let Some(lattice) = desk.lattice.get_untracked() else { return };
    if !on_picture.is_some_and(|element| element.class_list().contains("picture")) {
        return;
    }
    let (now, columns) = (desk.cursor.get_untracked(), lattice.columns);
    let last = untrack(|| desk.total()).saturating_sub(1);
    let screen = lattice.screen_rows() * columns;
    let next = match event.key().as_str() {
        "ArrowLeft" => now.saturating_sub(1),
        "ArrowRight" => now + 1,
        "ArrowUp" => now.checked_sub(columns).unwrap_or(now),
        "ArrowDown" => now + columns,
        "PageUp" => now.saturating_sub(screen),
        "PageDown" => now + screen,
        "Home" => 0,
        "End" => last,
        other => return act(desk, event, other),
    };
    event.prevent_default();
    if event.shift_key() {
        desk.select(now.min(next)..now.max(next.min(last)) + 1);
    }
    go(desk, wall, next.min(last));
}

/// What a key does with the picture that the keyboard stands at.
fn act(desk: Desk, event: &KeyboardEvent, key: &str) {
    let place = desk.cursor.get_untracked();
    let Some(picture) = untrack(|| desk.picture(place)) else { return };
    let id = picture.image.id;
    match key {
        "Enter" => desk.enlarged.set(Some(place as usize)),
        " " => desk.selection.toggle(id, place),
        "s" => desk.star(id, !picture.image.starred),
        "Delete" => desk.delete(untrack(|| desk.chosen_or(id))),
        "Escape" => desk.selection.clear(),
        _ => return,
    }
    event.prevent_default();
}

/// Stands the keyboard at `place`, which comes into view.
fn go(desk: Desk, wall: NodeRef<html::Div>, place: u64) {
    desk.cursor.set(place);
    let total = untrack(|| desk.total());
    let in_view = desk.lattice.get_untracked().is_some_and(|l| l.near(total).contains(&place));
    if let Some(wall) = wall.get_untracked().filter(|_| !in_view) {
        scroll_to(desk, &wall, place);
    }
    // By then the picture is in the document.
    request_animation_frame(move || {
        let _ = focus_tile(place);
    });
}
