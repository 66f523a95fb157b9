//! The reverse process: how a picture that was drawn came out of its noise.

use leptos::prelude::*;

use super::desk::Desk;
use crate::api::ImageInfo;
use crate::components::lightbox::strip_position;
use crate::components::notice::Empty;
use crate::components::scrubber::Scrubber;
use crate::components::show::Show;

#[component]
pub fn WayBack(recent: Vec<ImageInfo>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let body = match recent.is_empty() && untrack(|| desk.picture.with(Option::is_none)) {
        true => view! {
            <Empty title="Nothing drawn yet">
                <p><a href="/">"Generate"</a> " a picture; its way out of the noise is shown here."</p>
            </Empty>
        }
        .into_any(),
        false => view! { <Recent recent /> <Frames /> }.into_any(),
    };
    view! {
        <section class="process way-back" aria-label="The way back">
            <h2>"The way back"</h2>
            <p class="about-page">
                "Drawing begins with noise alone. At each step the network tells the noise in the picture x_t from what it takes for the picture itself, which is x0. A little of that noise is taken away, and the next step looks again. So x0 has its outlines early and changes its mind, while x_t stays noisy until the end."
            </p>
            {body}
        </section>
    }
    .into_any()
}

/// The last pictures, to choose from.
#[component]
fn Recent(recent: Vec<ImageInfo>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let option = move |image: ImageInfo| {
        let id = image.id;
        let (url, alt) = (image.url.clone(), format!("Image with seed {}", image.seed));
        let chosen = move || desk.picture.with(|shown| shown.as_ref().is_some_and(|s| s.id == id));
        let choose = move |event: leptos::ev::MouseEvent| {
            event.prevent_default();
            desk.picture.set(Some(image.clone()));
        };
        view! {
            <a
                class="picture"
                href=format!("/process?picture={id}")
                aria-current=move || chosen().then_some("true")
                on:click=choose
            >
                <img src=url alt=alt loading="lazy" />
            </a>
        }
    };
    view! {
        <nav class="recent" aria-label="Last pictures">{recent.into_iter().map(option).collect_view()}</nav>
    }
}

/// x_t beside x0 at the frame that the slider stands at.
#[component]
fn Frames() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let frames = Memo::new(move |_| {
        desk.picture.with(|shown| shown.as_ref().map_or(0, |shown| shown.strip_frames))
    });
    let at = Memo::new(move |_| {
        let way = desk.way.get() * f64::from(frames.get().saturating_sub(1));
        way.round() as u32 + 1
    });
    let noisy = move |shown: &ImageInfo| shown.noisy_strip_url.clone();
    let words = move || {
        let has_noisy =
            desk.picture.with(|shown| shown.as_ref().is_some_and(|s| noisy(s).is_some()));
        let missing = if has_noisy { "" } else { " Its noisy pictures were not kept." };
        format!("Frame {} of {}.{missing}", at.get(), frames.get())
    };
    let scrub = move |frame: u32| {
        let last = f64::from(frames.get_untracked().saturating_sub(1)).max(1.0);
        desk.way.set((f64::from(frame) - 1.0) / last);
    };
    view! {
        <Show when=move || { frames.get() > 1 } fallback=|| view! { <p class="note">"The way of this picture was not kept."</p> }>
            <div class="way-frames">
                <Frame at frames name="x_t, the noisy picture" url=Signal::derive(move || desk.picture.with(|s| s.as_ref().and_then(noisy))) />
                <Frame at frames name="x0, the picture it expects" url=Signal::derive(move || desk.picture.with(|s| s.as_ref().map(|s| s.strip_url.clone()))) />
            </div>
            <Scrubber frames at on_frame=scrub />
            <p class="help" role="status">{words}</p>
        </Show>
    }
}

#[component]
fn Frame(
    at: Memo<u32>,
    frames: Memo<u32>,
    name: &'static str,
    url: Signal<Option<String>>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let ratio = move || {
        desk.picture.with(|shown| {
            let sides = shown.as_ref().map_or((1, 1), |s| (s.width, s.height.max(1)));
            (f64::from(sides.0) / f64::from(sides.1)).to_string()
        })
    };
    view! {
        <Show when=move || url.with(Option::is_some)>
            <figure>
                <div class="stage" role="img" aria-label=name style:--ratio=ratio>
                    <div
                        class="strip"
                        style:background-image=move || url.get().map(|url| format!("url(\"{url}\")"))
                        style:background-size=move || format!("{}% 100%", frames.get() * 100)
                        style:background-position=move || strip_position(at.get(), frames.get())
                    ></div>
                </div>
                <figcaption class="help">{name}</figcaption>
            </figure>
        </Show>
    }
}
