//! The picture under the noise of one timestep, and the slider through all of them.

use leptos::prelude::*;

use super::desk::Desk;
use crate::api::{Noising, ProcessView};
use crate::words;

#[component]
pub fn Stage(view: ProcessView, now: Signal<Noising>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let ProcessView { width, height, strip_url, frames, .. } = view;
    let frames = frames.len();
    let last = frames.saturating_sub(1);
    let share = move || desk.frame(frames) as f64 / last.max(1) as f64 * 100.0;
    let scrub = move |value: String| {
        if let Ok(at) = value.parse() {
            desk.show(at, frames);
        }
    };
    view! {
        <figure class="noising">
            <div
                class="stage"
                role="img"
                aria-label=move || format!("The picture at timestep {}", now.get().timestep)
                style:--ratio=format!("{}", f64::from(width) / f64::from(height.max(1)))
            >
                <div
                    class="strip"
                    style:background-image=format!("url(\"{}\")", strip_url)
                    style:background-size=format!("{}% 100%", frames * 100)
                    style:background-position=move || format!("{:.4}% 0", share())
                ></div>
            </div>
            <label class="scrubber needs-script">
                <span aria-hidden="true">"picture"</span>
                <input
                    type="range"
                    aria-label="Timestep"
                    aria-valuetext=move || format!("timestep {}", now.get().timestep)
                    min="0"
                    max=last
                    value=desk.frame(frames)
                    prop:value=move || desk.frame(frames).to_string()
                    style:--filled=move || format!("{:.1}%", share())
                    on:input=move |event| scrub(event_target_value(&event))
                />
                <span aria-hidden="true">"noise"</span>
            </label>
            <figcaption role="status">
                <p class="formula">{move || mixture(now.get())}</p>
                <p class="help">{move || ratio(now.get())}</p>
            </figcaption>
        </figure>
    }
    .into_any()
}

/// What x is made of at a timestep.
fn mixture(now: Noising) -> String {
    let alpha = f64::from(now.alpha_cumprod);
    format!(
        "x at t = {} is {:.3} × picture + {:.3} × noise",
        now.timestep,
        alpha.sqrt(),
        (1.0 - alpha).sqrt()
    )
}

fn ratio(now: Noising) -> String {
    match now.alpha_cumprod {
        0.0 => "Nothing of the picture is left: a network can only guess.".into(),
        alpha => format!(
            "{:.1} % of the variance is the picture’s; signal-to-noise ratio {}.",
            f64::from(alpha) * 100.0,
            words::figure(now.snr().into())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_told_in_numbers() {
        let now = Noising { timestep: 7, beta: 0.1, alpha_cumprod: 0.64 };
        assert_eq!(mixture(now), "x at t = 7 is 0.800 × picture + 0.600 × noise");
        assert!(ratio(now).starts_with("64.0 % of the variance"));
        assert!(ratio(Noising { alpha_cumprod: 0.0, ..now }).starts_with("Nothing"));
    }
}
