//! The address of the page, held to what is on show.

use std::rc::Rc;

use leptos::prelude::*;
use leptos_router::NavigateOptions;
use leptos_router::hooks::{use_location, use_navigate};

use super::draft::after_pause;

/// Writes `address` into the browser's address bar after each pause in its changes.
pub fn hold_address(address: impl Fn() -> String + 'static) {
    let navigate = use_navigate();
    let path = use_location().pathname;
    let own = path.get_untracked();
    let address = Rc::new(address);
    let changes = Rc::clone(&address);
    after_pause(
        move || drop(changes()),
        move |()| {
            // While another page is on its way here, the address is that page's.
            if path.with_untracked(|path| *path == own) {
                navigate(&untrack(|| address()), quietly());
            }
        },
    );
}

fn quietly() -> NavigateOptions {
    NavigateOptions { replace: true, scroll: false, ..NavigateOptions::default() }
}
