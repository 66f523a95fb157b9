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
    let high = Signal::derive(move || slide_to.get() as f64);
    view! {
        <Field id label fault>
            <div class="slider">
                <Handle value low=min as f64 high step="1" />
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

/// A number from 0 to `max`.
#[component]
pub fn ShareField(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    help: &'static str,
    value: RwSignal<String>,
    #[prop(default = 1.0)] max: f64,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    view! {
        <Field id label help fault>
            <div class="slider">
                <Handle value low=0.0 high=Signal::stored(max) step="0.05" />
                <TextInput
                    id
                    name
                    value
                    kind="number"
                    min=Some("0".into())
                    max=Some(max.to_string())
                    step="any"
                    fault
                />
            </div>
        </Field>
    }
    .into_any()
}

/// The slider; those who cannot use it have the number beside it.
#[component]
pub fn Handle(
    value: RwSignal<String>,
    low: f64,
    #[prop(into)] high: Signal<f64>,
    step: &'static str,
) -> impl IntoView {
    view! {
        <input
            type="range"
            aria-hidden="true"
            tabindex="-1"
            min=low
            max=move || high.get()
            step=step
            value=value.get_untracked()
            prop:value=move || {
                high.track();
                value.get()
            }
            style:--filled=move || filled(&value.get(), low, high.get())
            on:input=move |event| value.set(event_target_value(&event))
        />
    }
}

/// How much of the slider lies behind its handle.
fn filled(value: &str, low: f64, high: f64) -> String {
    let high = high.max(low);
    let value = leptos::json::number(value).filter(|value| value.is_finite()).unwrap_or(low);
    let share = (value.clamp(low, high) - low) / (high - low).max(f64::MIN_POSITIVE);
    format!("{:.1}%", share * 100.0)
}

#[cfg(test)]
mod tests {
    use super::filled;

    #[test]
    fn the_slider_is_filled_up_to_its_value() {
        for (value, wanted) in [("1", "0.0%"), ("6", "50.0%"), ("99", "100.0%"), ("x", "0.0%")] {
            assert_eq!(filled(value, 1.0, 11.0), wanted, "{value}");
        }
        assert_eq!(filled("0.25", 0.0, 1.0), "25.0%");
        assert_eq!(filled("3", 1.0, 1.0), "0.0%");
    }
}
