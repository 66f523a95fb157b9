//! The line on which the server tells what goes on. A browser keeps six connections to one server,
//! however many tabs it has, so a tab listens while it is seen and hangs up when it is not.

use std::cell::{Cell, OnceCell, RefCell};
use std::time::Duration;

use leptos::ev::visibilitychange;
use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use leptos::task::spawn_local;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{EventSource, MessageEvent};

use crate::live::Live;

/// Before a line that the browser gave up is tried again, and between two questions of a hidden tab.
const PAUSE: Duration = Duration::from_secs(5);

/// Listens to `/events` whenever the page is seen, until it is closed.
pub fn keep(live: Live) {
    let line: &'static Line = Box::leak(Box::new(Line {
        live,
        source: RefCell::new(None),
        ears: OnceCell::new(),
        timer: Cell::new(None),
    }));
    let listener = window_event_listener(visibilitychange, move |_| line.turn());
    on_cleanup(move || listener.remove());
    line.turn();
}

struct Line {
    live: Live,
    source: RefCell<Option<EventSource>>,
    ears: OnceCell<Ears>,
    timer: Cell<Option<TimeoutHandle>>,
}

/// What hears the events of every source that is opened.
struct Ears {
    message: Closure<dyn Fn(MessageEvent)>,
    open: Closure<dyn Fn()>,
    error: Closure<dyn Fn()>,
}

impl Line {
    /// Listens if the page is seen now, and hangs up if not.
    fn turn(&'static self) {
        if let Some(timer) = self.timer.take() {
            timer.clear();
        }
        if let Some(source) = self.source.take() {
            source.close();
        }
        match document().hidden() {
            true => self.later(Self::ask),
            false => self.listen(),
        }
    }

    fn listen(&'static self) {
        let Ok(source) = EventSource::new("/events") else { return };
        let ears = self.ears.get_or_init(|| self.ears());
        source.set_onmessage(Some(ears.message.as_ref().unchecked_ref()));
        source.set_onopen(Some(ears.open.as_ref().unchecked_ref()));
        source.set_onerror(Some(ears.error.as_ref().unchecked_ref()));
        self.source.replace(Some(source));
    }

    fn ears(&'static self) -> Ears {
        Ears {
            message: Closure::new(move |message: MessageEvent| {
                self.live.hear(message.data().as_string().unwrap_or_default());
            }),
            open: Closure::new(move || self.live.opened()),
            error: Closure::new(move || self.broken()),
        }
    }

    /// The browser connects again by itself, but not after an answer such as that the password is
    /// asked for, which a person may have given in another tab meanwhile.
    fn broken(&'static self) {
        self.live.connected.set(false);
        let gave_up = |source: &EventSource| source.ready_state() == EventSource::CLOSED;
        if self.source.borrow().as_ref().is_some_and(gave_up) {
            self.later(Self::turn);
        }
    }

    /// The title of a hidden tab says how far its job is: that is asked for while one goes on.
    fn ask(&'static self) {
        if self.live.is_busy() {
            spawn_local(self.live.ask_for_status());
        }
        self.later(Self::ask);
    }

    fn later(&'static self, then: fn(&'static Self)) {
        self.timer.set(set_timeout_with_handle(move || then(self), PAUSE).ok());
    }
}
