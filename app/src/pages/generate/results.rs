//! The right side: what came out.

use leptos::prelude::*;

use super::desk::Desk;
use super::plot::pictures;
use super::rows::{columns, longest_row, row_starts};
use super::sheets::{GridNote, Sheets};
use crate::api::{GenerateView, ImageInfo, JobState, Preview};
use crate::components::later::Later;
use crate::components::lightbox::{Enlarged, Lightbox};
use crate::components::notice::{Alert, Empty};
use crate::components::progress::ProgressBar;
use crate::components::send_to::SendTo;
use crate::components::show::Show;
use crate::pages::part;
use crate::words;

#[component]
pub fn Results() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = desk.live.generation;
    let is_empty = move || shown.with(Option::is_none);
    view! {
        <section class="results" aria-label="Results">
            <Alert messages=desk.gone />
            <Show when=is_empty>
                <Empty title="Nothing developed yet">
                    <p>
                        "Choose a model and press Generate. The pictures come up here, out of the noise, step by step."
                    </p>
                </Empty>
            </Show>
            <JobProgress />
            <Later part=part::GENERATE_OUTCOME />
            <Preview />
            <Sheets />
            <Pictures />
            <Later part=part::GENERATE_UNDER />
        </section>
    }
    .into_any()
}

/// Bar, step and time while the job waits or runs; what it was afterwards.
#[component]
fn JobProgress() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = desk.live.generation;
    let state = Memo::new(move |_| shown.with(|v| v.as_ref().map(|v| v.job.state)));
    let running = Signal::derive(move || state.get() == Some(JobState::Running));
    let fraction =
        Signal::derive(move || shown.with(|v| v.as_ref().map_or(0.0, |v| v.job.progress)));
    let ahead = move || shown.with(|v| v.as_ref().map_or(0, |v| desk.live.ahead_of(v.job.id)));
    let words = move || shown.with(|v| v.as_ref().map(|v| progress_words(v, ahead())));
    view! {
        <Show when=move || state.get().is_some()>
            <div class="job-progress">
                <Show when=move || state.get().is_some_and(|state| !state.is_over())>
                    <ProgressBar label="Generation progress" fraction running />
                </Show>
                <p class="figures" role="status">
                    {words}
                </p>
                <Show when=move || state.get().is_some_and(|state| !state.is_over())>
                    <a class="without-script" href="">
                        "Reload to see how far it is"
                    </a>
                </Show>
            </div>
        </Show>
    }
}

fn progress_words(view: &GenerateView, ahead: usize) -> String {
    if view.job.state.is_over() {
        let images = view.images.len() as u64;
        let made = || format!("{} with {}", words::plural(images, "image"), view.settings.model);
        return if images > 0 { made() } else { String::new() };
    }
    if view.job.state == JobState::Queued {
        return match ahead {
            0 => "Waiting to begin".into(),
            1 => "Waiting: 1 job is before this one".into(),
            n => format!("Waiting: {n} jobs are before this one"),
        };
    }
    let mut words = match (&view.job.message, view.step) {
        (Some(message), _) => message.clone(),
        (None, 0) => "Beginning".into(),
        (None, step) => format!("Step {step} / {}", view.steps),
    };
    if view.settings.batch_count > 1 {
        words += &format!(
            " · batch {} / {}",
            (view.batch + 1).min(view.settings.batch_count),
            view.settings.batch_count
        );
    }
    if let Some(eta) = view.job.eta_seconds {
        words += &format!(" · {} left", words::duration(eta));
    }
    words
}

/// Why the job on show made fewer pictures than asked for.
#[component]
pub fn Outcome() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let outcome = Memo::new(move |_| {
        desk.live
            .generation
            .with(|v| v.as_ref().and_then(|v| outcome(v).map(|words| (v.job.state, words))))
    });
    (move || {
        outcome.get().map(|(state, words)| {
            let failed = state == JobState::Failed;
            view! {
                <p class=if failed { "alert" } else { "note" } role=if failed { "alert" } else { "status" }>
                    {words}
                </p>
            }
        })
    })
    .into_render()
}

fn outcome(view: &GenerateView) -> Option<String> {
    let made = words::plural(view.images.len() as u64, "image");
    // Cells are many where they are counted.
    let wanted = || pictures(&view.settings).unwrap_or_else(|| view.settings.images());
    let half_done = view.images.iter().filter(|image| is_half_done(image)).count();
    let half_done = match half_done {
        0 => String::new(),
        count => format!(", {count} of them half done"),
    };
    let reason = view.job.message.as_deref().unwrap_or("the reason is not known");
    match view.job.state {
        JobState::Stopped => Some(format!("Interrupted: {made} of {} kept{half_done}.", wanted())),
        JobState::Failed => Some(format!("Could not be drawn: {reason}")),
        JobState::Interrupted => {
            Some(format!("The program ended while this was drawn; {made} of {} kept.", wanted()))
        }
        _ => None,
    }
}

/// Whether Interrupt ended it on its way, which its text tells.
fn is_half_done(image: &ImageInfo) -> bool {
    let settings = image.parameters.lines().next_back();
    settings.is_some_and(|settings| settings.contains(", Interrupted: "))
}

/// The newest preview of the running batch.
#[component]
fn Preview() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let url = Memo::new(move |_| {
        let wanted = desk.live.preferences.with(|p| p.live_preview);
        desk.live.generation.with(|view| {
            view.as_ref()
                .filter(|v| wanted && v.job.state == JobState::Running)?
                .preview_url
                .clone()
        })
    });
    let words = move || match desk.live.preferences.with(|p| p.preview) {
        Preview::X0 => "What the model expects the picture to be",
        Preview::Xt => "The noisy picture as it is now",
    };
    view! {
        <Show when=move || url.with(Option::is_some)>
            <figure class="preview">
                <img src=move || url.get() alt="Live preview" />
                <figcaption>{words}</figcaption>
            </figure>
        </Show>
    }
}

#[component]
fn Pictures() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let images = Memo::new(move |_| desk.images());
    let rows = Memo::new(move |_| images.with(|all| row_starts(all)));
    let columns = move || {
        let rows = rows.with(|starts| images.with(|all| longest_row(all, starts)));
        rows.unwrap_or_else(|| columns(images.with(Vec::len))).to_string()
    };
    let open = Callback::new(move |id: i64| {
        let index =
            images.with_untracked(|all| all.iter().position(|image| image.id == id)).unwrap_or(0);
        desk.chosen.set(Some(index));
        desk.enlarged.set(Some(index));
    });
    let chosen = Memo::new(move |_| {
        let index = desk.chosen.get()?;
        images.with(|all| all.get(index).map(|image| image.id))
    });
    view! {
        <Show when=move || images.with(|all| !all.is_empty())>
            <div
                class="pictures"
                style:--columns=columns
                style:--rows=move || rows.with(|starts| starts.len().max(1)).to_string()
            >
                <For each=move || images.get() key=|image| image.id let:image>
                    <Thumbnail image rows chosen open />
                </For>
            </div>
        </Show>
    }
}

#[component]
fn Thumbnail(
    image: ImageInfo,
    rows: Memo<Vec<i64>>,
    chosen: Memo<Option<i64>>,
    open: Callback<i64>,
) -> impl IntoView {
    let (id, url) = (image.id, image.url);
    view! {
        <a
            class="picture"
            class:begins=move || rows.with(|starts| starts.binary_search(&id).is_ok())
            href=url
            rel="external"
            aria-current=move || (chosen.get() == Some(id)).then_some("true")
            on:click=move |event| {
                if !(event.ctrl_key() || event.meta_key() || event.shift_key()) {
                    event.prevent_default();
                    open.run(id);
                }
            }
        >
            <img
                src=url.clone()
                width=image.width
                height=image.height
                loading="lazy"
                alt=format!("Image with seed {}", image.seed)
            />
        </a>
    }
}

/// What can be done with the pictures.
#[component]
pub fn Under() -> impl IntoView {
    view! {
        <UnderPictures />
        <Enlargement />
    }
    .into_any()
}

/// Settings as text, and what can be taken away.
#[component]
fn UnderPictures() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let shown = desk.live.generation;
    let has_images =
        Memo::new(move |_| shown.with(|v| v.as_ref().is_some_and(|v| !v.images.is_empty())));
    let zip = move || shown.with(|v| v.as_ref().and_then(|v| v.zip_url.clone()));
    let grid = move || shown.with(|v| v.as_ref().and_then(|v| v.grid_url.clone()));
    let parameters = move || desk.chosen_image().map(|image| image.parameters);
    view! {
        <Show when=move || has_images.get()>
            <div class="under">
                <div class="actions">
                    {move || zip().map(|url| view! { <a class="button" href=url download>"Download all as zip"</a> })}
                    {move || grid().map(|url| view! { <a class="button" href=url rel="external" target="_blank">"Grid"</a> })}
                    <button type="button" class="needs-script" on:click=move |_| desk.reuse_settings()>
                        "Reuse settings"
                    </button>
                    <SendOn />
                </div>
                <GridNote />
                <Tiled />
                <p class="parameters" data-testid="parameters">{parameters}</p>
            </div>
        </Show>
    }
}

/// The chosen picture, for other tabs.
#[component]
fn SendOn() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let image = Signal::derive(move || desk.chosen_image().map(|image| image.id));
    let way = move || image.get().map(|id| format!("/process?picture={id}"));
    let compare = move || image.get().map(|id| format!("/compare?a={id}"));
    let sent = Callback::new(move |()| desk.show_begun());
    view! {
        <Star />
        <a class="button" href=compare>"Compare with…"</a>
        <a class="button" href=way>"Show its way"</a>
        <SendTo image to="img2img" words="Send to img2img" sent />
        <SendTo image to="png_info" words="Send to PNG Info" />
    }
    .into_any()
}

#[component]
fn Star() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let image = Memo::new(move |_| desk.chosen_image().map(|image| (image.id, image.starred)));
    let starred = move || image.get().is_some_and(|(_, starred)| starred);
    view! {
        <form
            action="/fn/star"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                if let Some((id, starred)) = image.get_untracked() {
                    desk.star(id, !starred);
                }
            }
        >
            <input type="hidden" name="image" value=move || image.get().map(|(id, _)| id.to_string()) />
            <input type="hidden" name="starred" value=move || (!starred()).to_string() />
            <button aria-pressed=move || starred().to_string()>
                {move || if starred() { "Starred" } else { "Star" }}
            </button>
        </form>
    }
}

/// Four copies of a picture whose edges meet.
#[component]
fn Tiled() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let tiles = move || {
        desk.live.generation.with(|view| view.as_ref().is_some_and(|view| view.settings.tiling))
    };
    (move || {
        desk.chosen_image().filter(|_| tiles()).map(|image| {
            view! {
                <figure class="tiled">
                    <div
                        role="img"
                        aria-label="The picture four times, laid side by side"
                        style:aspect-ratio=format!("{} / {}", image.width, image.height)
                        style:background-image=format!("url(\"{}\")", image.url)
                    ></div>
                    <figcaption>"Two by two"</figcaption>
                </figure>
            }
        })
    })
    .into_render()
}

/// The dialog over the page.
#[component]
fn Enlargement() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let picture = Signal::derive(move || {
        let index = desk.enlarged.get()?;
        let images = |view: &GenerateView| view.images.get(index).cloned();
        desk.live.generation.with(|view| view.as_ref().and_then(images)).map(Enlarged::from)
    });
    let count = Signal::derive(move || desk.images().len());
    Effect::new(move || {
        if let Some(index) = desk.enlarged.get() {
            desk.chosen.set(Some(index));
        }
    });
    view! {
        <Lightbox picture count index=desk.enlarged>
            <button type="button" on:click=move |_| desk.reuse_seed()>
                "Use this seed"
            </button>
            <SendOn />
            <p class="parameters">{move || desk.chosen_image().map(|image| image.parameters)}</p>
        </Lightbox>
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::api::{JobKind, JobSummary};
    use crate::pages::generate::rows::tests::image;

    pub fn view(state: JobState) -> GenerateView {
        GenerateView {
            job: JobSummary {
                id: 1,
                kind: JobKind::Generate,
                title: "digits, 16 images".into(),
                state,
                paused: false,
                progress: 0.5,
                eta_seconds: Some(75.0),
                message: None,
            },
            settings: engine::config::GenerateSettings {
                model: "digits".into(),
                batch_count: 2,
                ..Default::default()
            },
            step: 12,
            steps: 50,
            batch: 0,
            follow: 1,
            preview_url: None,
            images_before: 0,
            images: Vec::new(),
            grid_url: None,
            sheet_urls: Vec::new(),
            zip_url: None,
        }
    }

    #[test]
    fn progress_is_told_in_words() {
        assert_eq!(
            progress_words(&view(JobState::Running), 0),
            "Step 12 / 50 · batch 1 / 2 · 1 min 15 s left"
        );
        assert_eq!(
            progress_words(&view(JobState::Queued), 2),
            "Waiting: 2 jobs are before this one"
        );
        let mut ending = view(JobState::Running);
        ending.job.message = Some("Ending after this step…".into());
        ending.job.eta_seconds = None;
        assert_eq!(progress_words(&ending, 0), "Ending after this step… · batch 1 / 2");
    }

    #[test]
    fn an_end_before_time_says_what_was_kept() {
        assert_eq!(outcome(&view(JobState::Stopped)).unwrap(), "Interrupted: 0 images of 32 kept.");
        let text = "Steps: 50, Seed: 1, Interrupted: 12/50, Version: Darkroom 0.1.0";
        let images = vec![image(1, "Steps: 50, Seed: 1"), image(2, text)];
        let ended = GenerateView { images, ..view(JobState::Stopped) };
        let words = "Interrupted: 2 images of 32 kept, 1 of them half done.";
        assert_eq!(outcome(&ended).unwrap(), words);
        assert_eq!(outcome(&view(JobState::Done)), None);
        assert!(outcome(&view(JobState::Failed)).unwrap().contains("not known"));
    }
}
