//! The right side: how the run on show is learning.

use leptos::prelude::*;
use leptos_router::hooks::use_query_map;

use super::checkpoints::Checkpoints;
use super::desk::{Desk, address, shown_quantity};
use super::overlay::{follow_beside, named_beside, others};
use super::runs::Runs;
use super::samples::Samples;
use super::steer::Steer;
use crate::api::{JobId, JobState, TrainFigures, TrainView};
use crate::components::later::Later;
use crate::components::loss_chart::LossChart;
use crate::components::notice::{Alert, Empty};
use crate::components::progress::ProgressBar;
use crate::components::show::Show;
use crate::pages::part;
use crate::words;

/// The place of what is told of the run.
#[component]
pub fn RunSection() -> impl IntoView {
    view! {
        <section class="run" aria-label="Run">
            <Later part=part::TRAIN_RUN />
        </section>
    }
    .into_any()
}

/// Listens to the run, and has all of it that is shown.
pub async fn open_run() {
    let desk = expect_context::<Desk>();
    if let Err(error) = desk.training.open().await {
        desk.fault.set(error);
    }
}

#[component]
pub fn RunView() -> impl IntoView {
    let desk = expect_context::<Desk>();
    follow_beside(desk);
    let shown = desk.training.view;
    let points = Signal::derive(move || {
        shown.with(|v| v.as_ref().map(|v| v.curve.clone()).unwrap_or_default())
    });
    let validation = Signal::derive(move || {
        shown.with(|v| v.as_ref().map(|v| v.validation.clone()).unwrap_or_default())
    });
    let query = use_query_map();
    let quantity = Memo::new(move |_| query.with(shown_quantity));
    let address = Callback::new(move |quantity| {
        let beside = query.with(named_beside);
        address(shown.with(|v| v.as_ref().map(|v| v.job.id)), quantity, &beside)
    });
    let others = Signal::derive(move || others(desk));
    let name = Signal::derive(move || {
        shown.with(|v| v.as_ref().map(|v| v.job.title.clone()).unwrap_or_default())
    });
    let total =
        Signal::derive(move || shown.with(|v| v.as_ref().map_or(0, |v| v.figures.total_steps)));
    view! {
            <Show
                when=move || shown.with(Option::is_some)
                fallback=|| {
                    view! {
                        <Empty title="No run yet">
                            <p>
                                "Pick a data set and press Start. The loss falls here as the model learns, with pictures it draws on the way."
                            </p>
                        </Empty>
                    }
                }
            >
                <RunHead />
                <Figures />
                <Steer />
                <RunNotice />
                <LossChart points validation others name total quantity address />
                <Samples />
                <Checkpoints />
            </Show>
            <Runs />
    }
    .into_any()
}

/// Name and state, and the way on from here.
#[component]
fn RunHead() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = desk.training.view;
    let title = move || shown.with(|v| v.as_ref().map(|v| v.job.title.clone()));
    let state = Memo::new(move |_| shown.with(|v| v.as_ref().map(|v| words::state(&v.job))));
    let message = move || {
        let words = shown.with(|v| v.as_ref().and_then(message));
        words.map(|(alarming, words)| {
            view! {
                <p class=if alarming { "alert" } else { "note" } role=if alarming { "alert" } else { "status" }>
                    {words}
                </p>
            }
        })
    };
    let resumable = Memo::new(move |_| shown.with(|v| v.as_ref().and_then(resumable)));
    let model = Memo::new(move |_| {
        shown.with(|v| {
            v.as_ref()
                .filter(|v| !v.checkpoints.is_empty())
                .map(|v| v.config.train_params.task_name.clone())
        })
    });
    view! {
        <div class="run-head">
            <h2>{title}</h2>
            <span class="badge" data-state=move || state.get()>
                {move || state.get()}
            </span>
            <div class="actions">
                {move || resumable.get().map(|job| view! { <ResumeForm job /> })}
                {move || {
                    model.get().map(|name| view! { <a class="button" href=format!("/?model={name}")>"Generate with this model"</a> })
                }}
            </div>
        </div>
        {message}
    }
}

/// What to say about the run besides its figures; true for what went wrong.
fn message(view: &TrainView) -> Option<(bool, String)> {
    let said = view.job.message.clone();
    match view.job.state {
        JobState::Queued => Some((false, "Waiting for the jobs before it.".into())),
        JobState::Running if view.job.paused => {
            Some((false, said.unwrap_or_else(|| "It pauses after the step it is at.".into())))
        }
        JobState::Running | JobState::Done => said.map(|words| (false, words)),
        JobState::Stopped => {
            Some((false, "Stopped. What it learned is kept; Resume goes on from there.".into()))
        }
        JobState::Failed => Some((true, said.unwrap_or_else(|| "The run failed.".into()))),
        JobState::Interrupted => Some((
            true,
            said.unwrap_or_else(|| {
                "The program ended while this ran. Resume goes on from the last checkpoint.".into()
            }),
        )),
    }
}

fn resumable(view: &TrainView) -> Option<JobId> {
    let ended_early =
        matches!(view.job.state, JobState::Stopped | JobState::Failed | JobState::Interrupted);
    ended_early.then_some(view.job.id)
}

#[component]
fn ResumeForm(job: JobId) -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <form
            action="/fn/resume"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                desk.resume(job);
            }
        >
            <input type="hidden" name="job" value=job />
            <button>"Resume"</button>
        </form>
    }
}

/// The numbers of the run.
#[component]
fn Figures() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = desk.training.view;
    let figures = Memo::new(move |_| {
        shown.with(|v| v.as_ref().map(|v| v.figures.clone()).unwrap_or_default())
    });
    let running = Signal::derive(move || {
        shown
            .with(|v| v.as_ref().is_some_and(|v| v.job.state == JobState::Running && !v.job.paused))
    });
    let fraction =
        Signal::derive(move || figures.with(|f| f.step as f32 / f.total_steps.max(1) as f32));
    let figure = move |name: &'static str, value: fn(&TrainFigures) -> String| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd>{move || figures.with(value)}</dd>
            </div>
        }
    };
    view! {
        <ProgressBar label="Training progress" fraction running />
        <dl class="figures run-figures">
            <div>
                <dt>"Step"</dt>
                <dd data-testid="train-step">{move || figures.with(step_words)}</dd>
            </div>
            {figure("Epoch", |f| words::count(f.epoch))}
            {figure("Loss", |f| f.loss.map_or("–".into(), |loss| words::figure(loss.into())))}
            {figure("Images/s", |f| f.images_per_second.map_or("–".into(), words::rate))}
            {figure("Time left", time_left)}
            {figure("Learning rate", |f| words::figure(f.learning_rate))}
        </dl>
    }
}

/// What befell the run, such as that it ran away and was taken back.
#[component]
fn RunNotice() -> impl IntoView {
    let shown = expect_context::<Desk>().training.view;
    let notice =
        Memo::new(move |_| shown.with(|view| view.as_ref().and_then(|v| v.figures.notice.clone())));
    let messages = Signal::derive(move || notice.get().into_iter().collect::<Vec<_>>());
    view! { <Alert messages /> }
}

fn time_left(figures: &TrainFigures) -> String {
    let eta = figures.eta_seconds.filter(|_| figures.step < figures.total_steps);
    eta.map_or("–".into(), words::duration)
}

fn step_words(figures: &TrainFigures) -> String {
    format!("{} / {}", words::count(figures.step), words::count(figures.total_steps))
}
