//! Keeps what is typed into a form on the server, so that a reload or another day finds it again.

use std::cell::Cell;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use leptos::leptos_dom::helpers::set_timeout_with_handle;
use leptos::prelude::*;
use web_sys::UrlSearchParams;

const PAUSE: Duration = Duration::from_millis(400);

/// Saves `content` as the draft of `form` after each pause in typing, and when the page is left. What was
/// typed just then the browser keeps, too: a page that is loaded again is asked for before the draft
/// comes.
pub fn keep_draft(form: &'static str, content: impl Fn() -> String + 'static) {
    // With whether it is other than the form came.
    let unsaved = Arc::new(Mutex::new(None::<(String, bool)>));
    let save = {
        let unsaved = Arc::clone(&unsaved);
        move |leaves: bool| {
            let taken = unsaved.lock().ok().and_then(|mut unsaved| unsaved.take());
            if let Some((text, is_typed)) = taken {
                if leaves && is_typed {
                    leave_behind(form, &text);
                }
                send(form, &text);
            }
        }
    };
    let leave = save.clone();
    on_cleanup({
        let save = save.clone();
        move || save(false)
    });
    Effect::new(move || {
        // The first comes before the next page is asked for, but not on every phone.
        let listeners = ["beforeunload", "pagehide"].map(|event| {
            let leave = leave.clone();
            window_event_listener_untyped(event, move |_| leave(true))
        });
        on_cleanup(move || listeners.into_iter().for_each(|listener| listener.remove()));
    });
    let began = Cell::new(false);
    after_pause(
        move || {
            let text = content();
            if let Ok(mut unsaved) = unsaved.lock() {
                *unsaved = Some((text, began.replace(true)));
            }
        },
        move |()| save(false),
    );
}

/// Keeps `text` of `form` for the page at this address, in this tab of the browser.
fn leave_behind(form: &str, text: &str) {
    if let (Ok(Some(storage)), Ok(address)) =
        (window().session_storage(), window().location().href())
    {
        // A browser that keeps nothing has the draft of the last pause.
        let _ = storage.set_item(form, &format!("{address}\n{text}"));
    }
}

/// What was typed into `form` and not saved when this page was left the last time in this tab.
pub fn left_behind(form: &str) -> Option<String> {
    let storage = window().session_storage().ok()??;
    let kept = storage.get_item(form).ok()??;
    let _ = storage.remove_item(form);
    let (address, text) = kept.split_once('\n')?;
    (window().location().href().ok()? == address).then(|| text.to_owned())
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
