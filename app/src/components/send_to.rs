//! Sends a picture of the gallery on to another tab.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use leptos_router::location::Url;

use crate::api::{GenerateForm, ImageId, InputImage, input_address, send_image};

/// Sends the picture on to the tab `to`, as [`input_address`] has it.
#[component]
pub fn SendTo(
    #[prop(into)] image: Signal<Option<ImageId>>,
    to: &'static str,
    words: &'static str,
    /// Called when the picture is there.
    #[prop(optional)]
    sent: Option<Callback<()>>,
) -> impl IntoView {
    let navigate = use_navigate();
    view! {
        <form
            action="/fn/send"
            method="post"
            on:submit=move |event| {
                event.prevent_default();
                let navigate = navigate.clone();
                let arrive = move |address: &str, how| {
                    navigate(address, how);
                    if let Some(sent) = sent {
                        sent.run(());
                    }
                };
                go(image, arrive, move |input| input_address(to, &input.name));
            }
        >
            <input type="hidden" name="image" value=move || image.get().map(|id| id.to_string()) />
            <input type="hidden" name="to" value=to />
            <button disabled=move || image.get().is_none()>{words}</button>
        </form>
    }
    .into_any()
}

/// Opens Generate with the settings of the picture.
#[component]
pub fn ReuseSettings(#[prop(into)] image: Signal<Option<ImageId>>) -> impl IntoView {
    let navigate = use_navigate();
    view! {
        <button
            type="button"
            class="needs-script"
            disabled=move || image.get().is_none()
            on:click=move |_| go(image, navigate.clone(), |input| form_address(&input.form))
        >
            "Reuse settings"
        </button>
    }
    .into_any()
}

/// The address of a Generate form that is filled with `form` alone, the settings of one picture.
pub fn form_address(form: &[(String, String)]) -> String {
    let pairs = form.iter().map(|(key, value)| format!("{key}={}", Url::escape(value)));
    let whole = [GenerateForm::WHOLE, "batch_size=1"].map(str::to_owned);
    format!("/?{}", whole.into_iter().chain(pairs).collect::<Vec<_>>().join("&"))
}

fn go(
    image: Signal<Option<ImageId>>,
    navigate: impl Fn(&str, leptos_router::NavigateOptions) + 'static,
    address: impl Fn(&InputImage) -> String + 'static,
) {
    let Some(image) = image.get_untracked() else { return };
    spawn_local(async move {
        match send_image(image, String::new()).await {
            Ok(input) => navigate(&address(&input), Default::default()),
            Err(error) => leptos::logging::warn!("the picture cannot be sent: {error}"),
        }
    });
}

#[cfg(test)]
mod tests {
    use super::form_address;

    #[test]
    fn settings_stand_in_the_address_whatever_they_hold() {
        let form = [("prompt", "a & b"), ("seed", "7")].map(|(k, v)| (k.into(), v.into()));
        assert_eq!(form_address(&form), "/?rest=default&batch_size=1&prompt=a%20%26%20b&seed=7");
    }
}
