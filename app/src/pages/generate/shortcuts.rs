//! Keys that work anywhere on the page.

use leptos::ev::{KeyboardEvent, keydown};
use leptos::prelude::*;

use super::desk::Desk;

/// Ctrl or Cmd with Enter generates, Escape interrupts; an open dialog keeps its keys.
pub fn listen(desk: Desk) {
    Effect::new(move || {
        let listener = window_event_listener(keydown, move |event| press(desk, &event));
        on_cleanup(move || listener.remove());
    });
}

fn press(desk: Desk, event: &KeyboardEvent) {
    if event.default_prevented() || dialog_is_open() {
        return;
    }
    match event.key().as_str() {
        "Enter" if event.ctrl_key() || event.meta_key() => {
            event.prevent_default();
            desk.generate();
        }
        "Escape" => desk.interrupt(),
        _ => {}
    }
}

fn dialog_is_open() -> bool {
    document().query_selector("dialog[open]").is_ok_and(|dialog| dialog.is_some())
}
