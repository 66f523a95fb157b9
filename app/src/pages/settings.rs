//! How the page looks and behaves, and what the program is.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::{
    ApiError, Preferences, Preview, Status, Theme, change_preference, fetch_preferences,
    fetch_status, form_fault,
};
use crate::components::field::{Checkbox, Choice, Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::notice::{Alert, PageFault};
use crate::json::load;
use crate::live::Live;

#[component]
pub fn Settings() -> impl IntoView {
    let opening = load(|| (), |()| open());
    view! {
        <Title text="Settings" />
        <h1 class="unseen">"Settings"</h1>
        <Suspense fallback=|| view! { <p class="loading">"Opening…"</p> }>
            {move || Suspend::new(async move {
                match opening.await {
                    Ok((preferences, status)) => view! { <Panels preferences status /> }.into_any(),
                    Err(error) => view! { <PageFault message=error.to_string() /> }.into_any(),
                }
            })}
        </Suspense>
    }
}

async fn open() -> Result<(Preferences, Status), ApiError> {
    Ok((fetch_preferences().await?, fetch_status().await?))
}

#[component]
fn Panels(preferences: Preferences, status: Status) -> impl IntoView {
    expect_context::<Live>().preferences.set(preferences);
    view! {
        <div class="settings">
            <PreferencesPanel />
            <About status />
        </div>
    }
}

/// The preferences as the page shows them, and the way to change them.
#[derive(Clone, Copy)]
struct Choices {
    shown: RwSignal<Preferences>,
    /// As typed; it may be anything.
    preview_every: RwSignal<String>,
    preview: RwSignal<String>,
    negative_prompt: RwSignal<String>,
    fault: FormFault,
}

impl Choices {
    fn get<T>(self, of: fn(&Preferences) -> T) -> Signal<T>
    where
        T: Send + Sync + 'static,
    {
        Signal::derive(move || self.shown.with(of))
    }

    /// Every choice takes effect at once, and the server keeps it. Nothing else is sent: another page
    /// may have changed that since.
    fn change(self, key: &'static str, value: String) {
        let mut chosen = self.shown.get_untracked();
        match chosen.set(key, &value) {
            Ok(()) => self.shown.set(chosen),
            Err(error) => return self.fault.set(error),
        }
        spawn_local(async move {
            match change_preference(key.into(), value).await {
                Ok(()) => self.fault.clear(),
                Err(error) => self.fault.set(error),
            }
        });
    }

    /// The same with what is typed.
    fn change_typed(self, key: &'static str, typed: RwSignal<String>) {
        self.change(key, typed.get_untracked());
    }
}

#[component]
fn PreferencesPanel() -> impl IntoView {
    let shown = expect_context::<Live>().preferences;
    let refused = use_query_map().with_untracked(|query| form_fault(query, "set_preferences"));
    let choices = Choices {
        shown,
        preview_every: RwSignal::new(shown.with_untracked(|p| p.preview_every.to_string())),
        preview: RwSignal::new(shown.with_untracked(|p| p.preview.key().into())),
        negative_prompt: RwSignal::new(shown.with_untracked(|p| p.negative_prompt.clone())),
        fault: FormFault::new(refused),
    };
    view! {
        <form
            class="controls"
            action="/fn/set_preferences"
            method="post"
            aria-label="Preferences"
            on:submit=move |event| event.prevent_default()
        >
            <h2>"Preferences"</h2>
            <ThemeChoice choices />
            <Checkbox
                id="crisp"
                name="crisp_pixels"
                label="Crisp pixels"
                help="Enlarge pictures with sharp pixels instead of a blur."
                checked=choices.get(|p| p.crisp_pixels)
                on_change=move |on: bool| choices.change("crisp_pixels", on.to_string())
            />
            <Checkbox
                id="preview"
                name="live_preview"
                label="Live preview"
                help="Show the picture while it is drawn."
                checked=choices.get(|p| p.live_preview)
                on_change=move |on: bool| choices.change("live_preview", on.to_string())
            />
            <PreviewKind choices />
            <PreviewRate choices />
            <Checkbox
                id="half-done"
                name="keep_half_done"
                label="Keep pictures that Interrupt ends half done"
                help="As they were foreseen at that step, which their text tells."
                checked=choices.get(|p| p.keep_half_done)
                on_change=move |on: bool| choices.change("keep_half_done", on.to_string())
            />
            <NegativePrompt choices />
            <Alert messages=choices.fault.beside(["preview", "preview_every"]) />
            <button class="primary without-script">"Save"</button>
        </form>
    }
}

#[component]
fn PreviewKind(choices: Choices) -> impl IntoView {
    let fault = choices.fault.at("preview");
    let option = |preview: Preview| (preview.key().to_owned(), preview.title().to_owned());
    view! {
        <Field id="preview-kind" label="A preview shows" fault>
            <Choice
                id="preview-kind"
                name="preview"
                value=choices.preview
                options=Signal::stored(Preview::ALL.map(option).to_vec())
                fault
                on_change=Callback::new(move |kind: String| choices.change("preview", kind))
            />
        </Field>
    }
}

#[component]
fn PreviewRate(choices: Choices) -> impl IntoView {
    let fault = choices.fault.at("preview_every");
    view! {
        <Field
            id="preview-every"
            label="Steps between previews"
            help="1 shows every step. More is lighter on a slow network."
            fault
        >
            <div on:change=move |_| choices.change_typed("preview_every", choices.preview_every)>
                <TextInput
                    id="preview-every"
                    name="preview_every"
                    kind="number"
                    min=Some("1".into())
                    max=Some("1000".into())
                    value=choices.preview_every
                    fault
                />
            </div>
        </Field>
    }
}

#[component]
fn NegativePrompt(choices: Choices) -> impl IntoView {
    let fault = Signal::stored(None::<String>);
    view! {
        <Field
            id="negative-prompt"
            label="Negative prompt of all models"
            help="Words that every picture is steered away from, by models that know them."
            fault
        >
            <div on:change=move |_| choices.change_typed("negative_prompt", choices.negative_prompt)>
                <TextInput
                    id="negative-prompt"
                    name="negative_prompt"
                    value=choices.negative_prompt
                    fault
                />
            </div>
        </Field>
    }
}

#[component]
fn ThemeChoice(choices: Choices) -> impl IntoView {
    let option = move |theme: Theme| {
        let chosen = move || choices.shown.with(|p| p.theme == theme);
        view! {
            <label class="segment">
                <input
                    type="radio"
                    name="theme"
                    value=theme.key()
                    checked=chosen()
                    prop:checked=chosen
                    on:change=move |_| choices.change("theme", theme.key().into())
                />
                <span>{theme.title()}</span>
            </label>
        }
    };
    view! {
        <fieldset class="segments">
            <legend>"Theme"</legend>
            <div class="segment-row">{Theme::ALL.map(option).collect_view()}</div>
        </fieldset>
    }
}

#[component]
fn About(status: Status) -> impl IntoView {
    let shared =
        status.shared_at.unwrap_or_else(|| "not shared; only this machine can open it".into());
    view! {
        <section class="about" aria-label="About">
            <h2>"About"</h2>
            <dl>
                <dt>"Version"</dt>
                <dd>"Darkroom " {status.version}</dd>
                <dt>"Device"</dt>
                <dd>
                    {status.device} {status.device_note.map(|note| view! { <p class="help">{with_code(&note)}</p> })}
                </dd>
                <dt>"Data folder"</dt>
                <dd>
                    <code>{status.data_dir}</code>
                </dd>
                <dt>"On the network"</dt>
                <dd>{shared}</dd>
            </dl>
        </section>
    }
}

/// `words`, in which what stands between backquotes is to be typed as it is.
fn with_code(words: &str) -> AnyView {
    let piece = |(place, piece): (usize, &str)| {
        let piece = piece.to_owned();
        match place % 2 {
            0 => piece.into_any(),
            _ => view! { <code>{piece}</code> }.into_any(),
        }
    };
    words.split('`').enumerate().map(piece).collect_view().into_any()
}
