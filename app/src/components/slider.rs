//! A number with a slider beside it.

use leptos::prelude::*;

use super::field::{Field, TextInput};

/// The number is the field; the slider is a second handle on it for the mouse and the thumb.
#[component]
pub fn SliderField(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    value: RwSignal<String>,
    min: i64,
    #[prop(into)] max: Signal<i64>,
    /// Where the slider ends; larger numbers can be typed.
    #[prop(into)]
    slide_to: Signal<i64>,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id label fault>
            <div class="slider">
                <input
                    type="range"
                    aria-hidden="true"
                    tabindex="-1"
                    min=min
                    max=move || slide_to.get()
                    value=value.get_untracked()
                    prop:value=move || {
                        slide_to.track();
                        value.get()
                    }
                    style:--filled=move || filled(&value.get(), min, slide_to.get())
                    on:input:target=move |event| value.set(event.target().value())
                />
                <TextInput
                    id
                    name
                    value
                    kind="number"
                    min=Some(min.to_string())
                    max=Some(max.get_untracked().to_string())
                    fault
                />
            </div>
        </Field>
    }
    .into_any()
}

/// How much of the slider lies behind its handle.
fn filled(value: &str, min: i64, max: i64) -> String {
    let value = value.parse::<i64>().unwrap_or(min).clamp(min, max.max(min));
    format!("{:.1}%", (value - min) as f64 / (max - min).max(1) as f64 * 100.0)
}
