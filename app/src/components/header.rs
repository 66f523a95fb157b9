//! The head of every page: name, tabs, device and queue.

use leptos::html;
use leptos::prelude::*;
use leptos_router::hooks::use_location;
use wasm_bindgen::JsCast;

use super::later::Later;
use crate::api::{JobState, JobSummary};
use crate::live::Live;
use crate::pages::part;
use crate::words;

const TABS: [(&str, &str); 8] = [
    ("/", "Generate"),
    ("/train", "Train"),
    ("/datasets", "Data sets"),
    ("/models", "Models"),
    ("/gallery", "Gallery"),
    ("/png-info", "PNG Info"),
    ("/process", "Process"),
    ("/settings", "Settings"),
];

#[component]
pub fn Header() -> impl IntoView {
    view! {
        <header class="head">
            <a class="brand" href="/">
                <span class="lamp" aria-hidden="true"></span>
                "Darkroom"
            </a>
            <Tabs />
            <Queue />
        </header>
    }
    .into_any()
}

#[component]
fn Tabs() -> impl IntoView {
    let path = use_location().pathname;
    let current = move |href: &str| path.with(|path| tab_of(path) == href).then_some("page");
    let tabs = NodeRef::<html::Nav>::new();
    Effect::new(move || {
        path.track();
        if let Some(tabs) = tabs.get() {
            request_animation_frame(move || show_current(&tabs));
        }
    });
    view! {
        <nav class="tabs" aria-label="Pages" node_ref=tabs>
            {TABS
                .map(|(href, title)| {
                    view! {
                        <a href=href aria-current=move || current(href)>
                            {title}
                        </a>
                    }
                })
                .collect_view()}
        </nav>
    }
}

/// The tab that the page at `path` belongs to.
fn tab_of(path: &str) -> &str {
    match path {
        "/generate" => "/",
        "/deleted" => "/gallery",
        path => path,
    }
}

/// On a phone not all tabs are in view at once.
fn show_current(tabs: &web_sys::HtmlElement) {
    let current = tabs.query_selector("[aria-current]").ok().flatten();
    if let Some(current) = current.and_then(|tab| tab.dyn_into::<web_sys::HtmlElement>().ok()) {
        let middle = current.offset_left() + current.offset_width() / 2;
        tabs.set_scroll_left(middle - tabs.offset_left() - tabs.client_width() / 2);
    }
}

/// Device and queue in one line; unfolds to the list of jobs.
#[component]
fn Queue() -> impl IntoView {
    let live = expect_context::<Live>();
    let device = move || live.status.with(|s| s.as_ref().map(|s| s.device.clone()));
    let note = move || live.status.with(|s| s.as_ref().and_then(|s| s.device_note.clone()));
    let busy = move || live.jobs().iter().any(|job| job.state == JobState::Running);
    let state = move || {
        if live.connected.get() { summary(&live.jobs()) } else { "no connection".into() }
    };
    view! {
        <details class="queue" class:busy=busy class:lost=move || !live.connected.get()>
            <summary title=note>
                <span class="dot" aria-hidden="true"></span>
                <span class="device">{device}</span>
                <span class="state">{state}</span>
            </summary>
            <div class="popover">
                <h2>"Jobs"</h2>
                <Later part=part::QUEUED />
                {move || note().map(|note| view! { <p class="help">{note}</p> })}
            </div>
        </details>
    }
}

/// What the queue does, in a few words.
fn summary(jobs: &[JobSummary]) -> String {
    let running = jobs.iter().find(|job| job.state == JobState::Running);
    let waiting = jobs.iter().filter(|job| job.state == JobState::Queued).count();
    let mut text = match running {
        Some(job) => format!("{} {:.0} %", job.title, job.progress * 100.0),
        None => "idle".into(),
    };
    if let Some(eta) = running.and_then(|job| job.eta_seconds) {
        text += &format!(" · {} left", words::duration(eta));
    }
    if running.is_some_and(|job| job.paused) {
        text += " · paused";
    }
    if waiting > 0 {
        text += &format!(" · {waiting} waiting");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::JobKind;

    fn job(id: i64, state: JobState) -> JobSummary {
        JobSummary {
            id,
            kind: JobKind::Generate,
            title: "digits, 16 images".into(),
            state,
            paused: false,
            progress: 0.42,
            eta_seconds: Some(8.0),
            message: None,
        }
    }

    #[test]
    fn the_queue_is_told_in_one_line() {
        assert_eq!(summary(&[]), "idle");
        assert_eq!(summary(&[job(1, JobState::Done)]), "idle");
        assert_eq!(
            summary(&[job(1, JobState::Running), job(2, JobState::Queued)]),
            "digits, 16 images 42 % · 8 s left · 1 waiting"
        );
        let held = JobSummary { paused: true, eta_seconds: None, ..job(1, JobState::Running) };
        assert_eq!(summary(&[held]), "digits, 16 images 42 % · paused");
    }
}
