//! Fetches parts of the module at the first sign that somebody wants them. A page that is only looked at
//! loads no more than it needs to be looked at.

use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event};

use crate::live::Live;
use crate::pages::part;

/// What tells that somebody is there and about to do something.
const SIGNS: [&str; 6] =
    ["pointermove", "pointerdown", "touchstart", "keydown", "focusin", "click"];

/// What tells that a link is about to be followed.
const NEAR_A_LINK: [&str; 2] = ["pointerover", "focusin"];

/// Watches for as long as the page is open.
pub fn watch(live: Live) {
    for sign in SIGNS {
        window_event_listener_untyped(sign, move |_| live.want());
    }
    for sign in NEAR_A_LINK {
        window_event_listener_untyped(sign, |event| foresee(&event));
    }
}

/// Loads the page behind the link that `event` comes from. One that does not come now is asked for
/// again when the link is followed.
fn foresee(event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let link = target.and_then(|target| target.closest("a[href^='/']").ok().flatten());
    let address = link.and_then(|link| link.get_attribute("href")).unwrap_or_default();
    let path = address.split(['?', '#']).next().unwrap_or_default();
    if let Some(part) = part::at(path) {
        spawn_local(async move {
            let _ = part.load().await;
        });
    }
}
