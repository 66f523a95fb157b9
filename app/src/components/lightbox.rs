//! A picture enlarged over the page, with its neighbours one key away.

use leptos::ev::KeyboardEvent;
use leptos::html::Dialog;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlDialogElement;

use super::icon::{Glyph, Icon};
use super::scrubber::Scrubber;
use super::show::Show;
use crate::api::ImageInfo;

/// One picture that can be enlarged.
#[derive(Clone, Debug, PartialEq)]
pub struct Enlarged {
    pub url: String,
    pub alt: String,
    pub caption: String,
    /// File name for the download.
    pub file: String,
    pub width: u32,
    pub height: u32,
    /// How it came up out of noise, if that was kept.
    pub strip: Option<Strip>,
}

impl From<ImageInfo> for Enlarged {
    fn from(image: ImageInfo) -> Self {
        Self {
            alt: format!("Image with seed {}, enlarged", image.seed),
            caption: format!("Seed {}", image.seed),
            file: format!("{}-{}.png", image.id, image.seed),
            width: image.width,
            height: image.height,
            strip: (image.strip_frames > 0)
                .then_some(Strip { url: image.strip_url, frames: image.strip_frames }),
            url: image.url,
        }
    }
}

/// Frames of equal size side by side, noise first.
#[derive(Clone, Debug, PartialEq)]
pub struct Strip {
    pub url: String,
    pub frames: u32,
}

/// Shows `picture`, the one at `index` of `count`, while `index` is some.
#[component]
pub fn Lightbox(
    /// None while it is on its way.
    #[prop(into)]
    picture: Signal<Option<Enlarged>>,
    #[prop(into)] count: Signal<usize>,
    index: RwSignal<Option<usize>>,
    /// More that can be done with the picture on show.
    #[prop(optional)]
    children: Option<ChildrenFn>,
) -> impl IntoView {
    let desk = Desk {
        dialog: NodeRef::new(),
        current: Memo::new(move |_| picture.get()),
        count: Memo::new(move |_| count.get()),
        index,
        frame: RwSignal::new(None),
    };
    let is_open = Memo::new(move |_| index.get().is_some());
    Effect::new(move || open_or_close(desk.dialog.get(), is_open.get()));
    view! {
        <dialog
            class="lightbox"
            aria-label="Enlarged image"
            tabindex="-1"
            node_ref=desk.dialog
            on:keydown=move |event| desk.press(&event)
            on:cancel=move |_: web_sys::Event| index.set(None)
            on:close=move |_| desk.closed()
            on:click=move |event| {
                let outside = event.target().is_some_and(|target| target.has_type::<HtmlDialogElement>());
                if outside {
                    index.set(None);
                }
            }
        >
            <Show when=move || is_open.get()>
                <Inside desk children=children.clone() />
            </Show>
        </dialog>
    }
    .into_any()
}

/// What the parts of the dialog share.
#[derive(Clone, Copy)]
struct Desk {
    dialog: NodeRef<Dialog>,
    current: Memo<Option<Enlarged>>,
    count: Memo<usize>,
    index: RwSignal<Option<usize>>,
    /// The frame of the strip that is on show, from 1; none is the picture itself.
    frame: RwSignal<Option<u32>>,
}

impl Desk {
    /// Turns to a neighbour; behind the last comes the first.
    fn go(self, forward: bool) {
        let count = self.count.get_untracked().max(1);
        self.frame.set(None);
        self.index.update(|index| {
            *index = index.map(|i| (i + if forward { 1 } else { count - 1 }) % count);
        });
    }

    fn press(self, event: &KeyboardEvent) {
        match event.key().as_str() {
            "ArrowLeft" if !on_slider(event) => self.go(false),
            "ArrowRight" if !on_slider(event) => self.go(true),
            _ => {}
        }
    }

    /// The browser tells of the end when it finds the time: by then another picture may be on show.
    fn closed(self) {
        if self.dialog.get_untracked().is_none_or(|dialog| !dialog.open()) {
            self.frame.set(None);
            self.index.set(None);
        }
    }
}

#[component]
fn Inside(desk: Desk, children: Option<ChildrenFn>) -> impl IntoView {
    let Desk { current, count, index, frame, .. } = desk;
    view! {
        <Head current index count />
        <div class="lightbox-stage">
            <Turn name="Previous image" icon=Icon::Previous count on_press=move || desk.go(false) />
            <Stage current frame />
            <Turn name="Next image" icon=Icon::Next count on_press=move || desk.go(true) />
        </div>
        <Way current frame />
        <div class="actions">
            <a
                class="button"
                href=move || current.with(|c| c.as_ref().map(|c| c.url.clone()))
                download=move || current.with(|c| c.as_ref().map(|c| c.file.clone()))
            >
                "Download"
            </a>
            {children.map(|children| children())}
        </div>
    }
}

/// What is on show, and the way out.
#[component]
fn Head(
    current: Memo<Option<Enlarged>>,
    index: RwSignal<Option<usize>>,
    count: Memo<usize>,
) -> impl IntoView {
    view! {
        <div class="lightbox-head">
            <p class="caption">{move || current.with(|c| c.as_ref().map(|c| c.caption.clone()))}</p>
            <p class="place">{move || format!("{} of {}", index.get().map_or(0, |i| i + 1), count.get())}</p>
            <button type="button" class="icon" aria-label="Close" on:click=move |_| index.set(None)>
                <Glyph icon=Icon::Close />
            </button>
        </div>
    }
}

/// Turns to a neighbour.
#[component]
fn Turn(
    name: &'static str,
    icon: Icon,
    count: Memo<usize>,
    on_press: impl Fn() + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="icon"
            aria-label=name
            disabled=move || count.get() < 2
            on:click=move |_| on_press()
        >
            <Glyph icon />
        </button>
    }
}

/// The picture, or the frame of its strip that the slider stands at.
#[component]
fn Stage(current: Memo<Option<Enlarged>>, frame: RwSignal<Option<u32>>) -> impl IntoView {
    let ratio = move || {
        current.with(|c| {
            c.as_ref().map(|c| format!("{}", f64::from(c.width) / f64::from(c.height.max(1))))
        })
    };
    let strip = move || current.with(|c| c.as_ref().and_then(|c| c.strip.clone()));
    view! {
        <div class="stage" style:--ratio=ratio>
            <div
                class="strip"
                aria-hidden="true"
                style:background-image=move || strip().map(|strip| format!("url({})", strip.url))
                style:background-size=move || strip().map(|strip| format!("{}% 100%", strip.frames * 100))
                style:background-position=move || {
                    strip().map(|strip| strip_position(frame.get().unwrap_or(strip.frames), strip.frames))
                }
            ></div>
            <img
                class:away=move || frame.get().is_some()
                src=move || current.with(|c| c.as_ref().map(|c| c.url.clone()))
                alt=move || current.with(|c| c.as_ref().map(|c| c.alt.clone()))
            />
        </div>
    }
}

/// The way of the picture; not there for a picture whose way was not kept.
#[component]
fn Way(current: Memo<Option<Enlarged>>, frame: RwSignal<Option<u32>>) -> impl IntoView {
    let frames = Memo::new(move |_| {
        current.with(|c| c.as_ref().and_then(|c| c.strip.as_ref()).map_or(0, |strip| strip.frames))
    });
    let at = Signal::derive(move || frame.get().unwrap_or_else(|| frames.get()));
    let scrub = move |chosen: u32| {
        frame.set((chosen < frames.get_untracked()).then_some(chosen));
    };
    view! {
        <Show when=move || { frames.get() > 1 }>
            <Scrubber frames at on_frame=scrub />
        </Show>
    }
}

/// Where the background must stand for frame `frame` (from 1) of `frames` to fill the stage.
pub fn strip_position(frame: u32, frames: u32) -> String {
    let place = f64::from(frame.saturating_sub(1)) / f64::from(frames.saturating_sub(1).max(1));
    format!("{:.4}% 0", place * 100.0)
}

fn on_slider(event: &KeyboardEvent) -> bool {
    event.target().is_some_and(|target| target.has_type::<web_sys::HtmlInputElement>())
}

fn open_or_close(dialog: Option<HtmlDialogElement>, open: bool) {
    let Some(dialog) = dialog else { return };
    match (open, dialog.open()) {
        (true, false) => {
            // Fails only for a dialog that is out of the document.
            let _ = dialog.show_modal();
            let _ = dialog.focus();
        }
        (false, true) => dialog.close(),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::strip_position;

    #[test]
    fn frames_line_up_with_the_stage() {
        assert_eq!(strip_position(1, 5), "0.0000% 0");
        assert_eq!(strip_position(3, 5), "50.0000% 0");
        assert_eq!(strip_position(5, 5), "100.0000% 0");
        assert_eq!(strip_position(1, 1), "0.0000% 0");
    }
}
