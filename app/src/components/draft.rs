//! Keeps what is typed into a form on the server, so that a reload or another day finds it again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use leptos::leptos_dom::helpers::set_timeout_with_handle;
use leptos::prelude::*;
use web_sys::UrlSearchParams;

const PAUSE: Duration = Duration::from_millis(400);

/// Saves `content` as the draft of `form` after each pause in typing, and when the page is left.
pub fn keep_draft(form: &'static str, content: impl Fn() -> String + 'static) {
    let unsaved = Arc::new(Mutex::new(None::<String>));
    let save = {
        let unsaved = Arc::clone(&unsaved);
        move || {
            if let Some(text) = unsaved.lock().ok().and_then(|mut unsaved| unsaved.take()) {
                send(form, &text);
            }
        }
    };
    let leave = save.clone();
    on_cleanup(leave.clone());
    Effect::new(move || {
        let leave = leave.clone();
        let listener = window_event_listener_untyped("pagehide", move |_| leave());
        on_cleanup(move || listener.remove());
    });
    after_pause(
        move || {
            let text = content();
            if let Ok(mut unsaved) = unsaved.lock() {
                *unsaved = Some(text);
            }
        },
        move |()| save(),
    );
}

/// Calls `then` with the newest `value` when it has not changed for a moment; not for the first value,
/// and not when the page has been left by then.
pub fn after_pause<T: 'static>(
    value: impl Fn() -> T + 'static,
    then: impl Fn(T) + Clone + 'static,
) {
    Effect::new(move |before: Option<()>| {
        let value = value();
        if before.is_none() {
            return;
        }
        let then = then.clone();
        if let Ok(timer) = set_timeout_with_handle(move || then(value), PAUSE) {
            // Runs before the next value too.
            on_cleanup(move || timer.clear());
        }
    });
}

/// A beacon arrives even when the page is closed right after.
fn send(form: &str, text: &str) {
    let Ok(body) = UrlSearchParams::new() else { return };
    body.append("form", form);
    body.append("content", text);
    // Refused only when the browser holds too much unsent; the next pause sends it again.
    let _ =
        window().navigator().send_beacon_with_opt_url_search_params("/fn/save_draft", Some(&body));
}
