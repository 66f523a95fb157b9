//! Styles: settings that a person keeps under a name and lays over the form again.

use leptos::ev::{KeyboardEvent, MouseEvent};
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::location::Url;

use super::desk::Desk;
use crate::api::{Style, delete_style, fetch_styles, save_style};
use crate::components::confirm::Confirm;
use crate::components::field::{Fault, TextInput};
use crate::components::show::Show;

#[component]
pub fn Styles() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let fault = desk.fault.at("style");
    view! {
        <fieldset class="styles">
            <legend>"Styles"</legend>
            <Kept />
            <div
                class="with-buttons"
                on:keydown=move |event: KeyboardEvent| {
                    if event.key() == "Enter" {
                        event.prevent_default();
                        keep(desk);
                    }
                }
            >
                <TextInput id="style" name="style" value=desk.style label="Name of a style" fault />
                <button
                    formaction="/fn/save_style"
                    on:click=move |event: MouseEvent| {
                        event.prevent_default();
                        keep(desk);
                    }
                >
                    "Keep as style"
                </button>
            </div>
            <Fault id="style" fault />
        </fieldset>
    }
    .into_any()
}

/// The styles there are: each a link that lays it over the form, and a way to be rid of them.
#[component]
fn Kept() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <Show when=move || desk.styles.with(|styles| !styles.is_empty())>
            <div class="chips" role="group" aria-label="Kept styles">
                <For each=move || desk.styles.get() key=|style| (style.name.clone(), style.settings.clone()) let:style>
                    <Apply style />
                </For>
            </div>
            <Confirm open="Delete a style…" question="Which one? It cannot be brought back.">
                <div class="chips">
                    <For each=move || desk.styles.get() key=|style| style.name.clone() let:style>
                        <Delete name=style.name />
                    </For>
                </div>
            </Confirm>
        </Show>
    }
}

#[component]
fn Apply(style: Style) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (href, name) = (address(&style), style.name.clone());
    let apply = move |event: MouseEvent| {
        event.prevent_default();
        desk.overlay(&around_what_is_typed(desk, &style.settings));
    };
    view! {
        <a class="chip" href=href on:click=apply>
            {name}
        </a>
    }
}

/// `settings` with what is typed in the place that they have for it.
fn around_what_is_typed(desk: Desk, settings: &[(String, String)]) -> Vec<(String, String)> {
    let mut settings = settings.to_vec();
    for (key, value) in &mut settings {
        if matches!(key.as_str(), "prompt" | "negative_prompt") {
            *value = value.replace(Style::PLACE, &desk.fields.at(key).get_untracked());
        }
    }
    settings
}

#[component]
fn Delete(name: String) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let doomed = name.clone();
    let delete = move |event: MouseEvent| {
        event.prevent_default();
        let name = doomed.clone();
        spawn_local(async move {
            match delete_style(name).await {
                Ok(()) => refresh(desk).await,
                Err(error) => desk.fault.set(error),
            }
        });
    };
    let words = format!("Delete {name}");
    view! {
        <button class="stop small" formaction="/fn/discard_style" name="kept" value=name on:click=delete>
            {words}
        </button>
    }
}

/// Keeps the form as it is typed as a style.
fn keep(desk: Desk) {
    let (style, form) = (desk.style.get_untracked(), untrack(|| desk.fields.typed()));
    spawn_local(async move {
        match save_style(style, form).await {
            Ok(()) => {
                desk.fault.clear();
                desk.style.set(String::new());
                refresh(desk).await;
            }
            Err(error) => desk.fault.set(error),
        }
    });
}

async fn refresh(desk: Desk) {
    match fetch_styles().await {
        Ok(styles) => desk.styles.set(styles),
        Err(error) => desk.fault.set(error),
    }
}

/// Where the form opens with `style` laid over it.
fn address(style: &Style) -> String {
    // What is typed goes where the place is; a link knows of nothing typed.
    let field = |(key, value): &(String, String)| {
        format!("{key}={}", Url::escape(&value.replace(Style::PLACE, "")))
    };
    format!("/?{}", style.settings.iter().map(field).collect::<Vec<_>>().join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_style_is_an_address_too() {
        let settings = [("prompt", "7 AND 1"), ("steps", "20")];
        let settings = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
        let style = Style { name: "sevens".into(), settings };
        assert_eq!(address(&style), "/?prompt=7%20AND%201&steps=20");
        let settings = vec![("prompt".into(), "{prompt}, 1".into())];
        assert_eq!(address(&Style { settings, ..style }), "/?prompt=%2C%201");
    }
}
