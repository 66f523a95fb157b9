//! Jobs, one a line, with how far they are and a way to end them.

use leptos::prelude::*;
use leptos::task::spawn_local;

use super::progress::ProgressBar;
use crate::api::{JobId, JobState, JobSummary, interrupt};
use crate::live::Live;
use crate::words;

/// The queue.
#[component]
pub fn Queued() -> impl IntoView {
    let live = expect_context::<Live>();
    view! { <JobList jobs=Signal::derive(move || live.jobs()) /> }
}

#[component]
pub fn JobList(#[prop(into)] jobs: Signal<Vec<JobSummary>>) -> impl IntoView {
    (move || {
        let jobs = jobs.get();
        if jobs.is_empty() {
            return view! { <p class="help">"Nothing has run yet."</p> }.into_any();
        }
        view! {
            <ul class="jobs">
                {jobs.into_iter().map(|job| view! { <JobLine job /> }).collect_view()}
            </ul>
        }
        .into_any()
    })
    .into_render()
}

#[component]
fn JobLine(job: JobSummary) -> impl IntoView {
    let (progress, state) = (job.progress, words::state(&job));
    let ends = match job.state {
        JobState::Queued => Some("Cancel"),
        JobState::Running => Some("End"),
        _ => None,
    };
    view! {
        <li class="job" data-state=state>
            <a class="job-title" href=words::address(&job)>
                {job.title.clone()}
            </a>
            <span class="job-state">{state}</span>
            {ends.map(|words| view! { <EndJob job=job.id words title=job.title.clone() /> })}
            {(job.state == JobState::Running)
                .then(|| view! { <ProgressBar label="Job progress" fraction=progress running=!job.paused /> })}
            {job.message.map(|message| view! { <p class="help">{message}</p> })}
        </li>
    }
}

#[component]
fn EndJob(job: JobId, words: &'static str, title: String) -> impl IntoView {
    view! {
        <form
            action="/fn/interrupt"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                spawn_local(async move {
                    // The event stream tells what became of it.
                    let _ = interrupt(job).await;
                });
            }
        >
            <input type="hidden" name="job" value=job />
            <button class="quiet small" aria-label=format!("{words} {title}")>
                {words}
            </button>
        </form>
    }
}
