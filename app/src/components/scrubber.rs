//! The slider through the frames of a picture's way.

use leptos::prelude::*;

/// From noise to picture: frame 1 to the last of `frames`.
#[component]
pub fn Scrubber(
    #[prop(into)] frames: Signal<u32>,
    /// The frame that it stands at.
    #[prop(into)]
    at: Signal<u32>,
    /// Called with the frame that it is moved to.
    on_frame: impl Fn(u32) + Send + Sync + 'static,
) -> impl IntoView {
    let filled = move || {
        let steps = frames.get().saturating_sub(1).max(1);
        format!("{:.1}%", f64::from(at.get().saturating_sub(1)) / f64::from(steps) * 100.0)
    };
    view! {
        <label class="scrubber needs-script">
            <span aria-hidden="true">"noise"</span>
            <input
                type="range"
                aria-label="From noise to picture"
                min="1"
                max=frames
                prop:value=move || at.get().to_string()
                style:--filled=filled
                on:input=move |event| {
                    if let Ok(frame) = event_target_value(&event).parse() {
                        on_frame(frame);
                    }
                }
            />
            <span aria-hidden="true">"picture"</span>
        </label>
    }
    .into_any()
}
