//! How the page looks and behaves, and what the program is.

use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::api::{
    ApiError, Preferences, PreferencesForm, Status, Theme, fetch_preferences, fetch_status,
    form_fault, set_preferences,
};
use crate::components::field::{Checkbox, Field, TextInput};
use crate::components::notice::{Alert, PageFault};
use crate::live::Live;

#[component]
pub fn Settings() -> impl IntoView {
    let opening = Resource::new_blocking(|| (), |()| open());
    view! {
        <Title text="Settings" />
        <h1 class="unseen">"Settings"</h1>
        <Suspense fallback=|| view! { <p class="loading">"Opening…"</p> }>
            {move || Suspend::new(async move {
                match opening.await {
                    Ok((preferences, status)) => view! { <Panels preferences status /> }.into_any(),
                    Err(error) => view! { <PageFault error /> }.into_any(),
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

#[component]
fn PreferencesPanel() -> impl IntoView {
    let live = expect_context::<Live>();
    let query = use_query_map();
    let fault = RwSignal::new(query.with_untracked(|query| form_fault(query, "set_preferences")));
    let every = RwSignal::new(live.preferences.with_untracked(|p| p.preview_every.to_string()));
    // Every choice takes effect at once; the server keeps it.
    let change = move |change: &dyn Fn(&mut PreferencesForm)| {
        let mut form = live.preferences.with_untracked(|p| PreferencesForm::from(p));
        form.preview_every = every.get_untracked();
        change(&mut form);
        match form.preferences() {
            Ok(preferences) => live.preferences.set(preferences),
            Err(error) => return fault.set(Some(error.into())),
        }
        spawn_local(async move { fault.set(set_preferences(form).await.err()) });
    };
    let every_fault = Signal::derive(move || {
        fault.with(|f: &Option<ApiError>| {
            f.as_ref().and_then(|f| f.for_field("preview_every")).map(String::from)
        })
    });
    let messages = Signal::derive(move || {
        fault.with(|f| f.as_ref().map(|f| f.beside(&["preview_every"])).unwrap_or_default())
    });
    view! {
        <form
            class="controls wide"
            action="/fn/set_preferences"
            method="post"
            aria-label="Preferences"
            on:submit=move |event| {
                event.prevent_default();
                change(&|_| ());
            }
        >
            <h2>"Preferences"</h2>
            <ThemeChoice on_choose=Callback::new(move |theme: Theme| change(&|form| form.theme = theme.key().into())) />
            <Checkbox
                id="crisp"
                name="crisp_pixels"
                label="Crisp pixels"
                help="Enlarge pictures with sharp pixels instead of a blur."
                checked=Signal::derive(move || live.preferences.with(|p| p.crisp_pixels))
                on_change=Callback::new(move |on: bool| change(&|form| form.crisp_pixels = on.to_string()))
            />
            <Checkbox
                id="preview"
                name="live_preview"
                label="Live preview"
                help="Show what the model expects while a picture is drawn."
                checked=Signal::derive(move || live.preferences.with(|p| p.live_preview))
                on_change=Callback::new(move |on: bool| change(&|form| form.live_preview = on.to_string()))
            />
            <Field
                id="preview-every"
                label="Steps between previews"
                help="1 shows every step. More is lighter on a slow network."
                fault=every_fault
            >
                <div on:change=move |_| change(&|_| ())>
                    <TextInput
                        id="preview-every"
                        name="preview_every"
                        kind="number"
                        min=Some("1".into())
                        max=Some("1000".into())
                        value=every
                        fault=every_fault
                    />
                </div>
            </Field>
            <Alert messages />
            <button class="primary without-script">"Save"</button>
        </form>
    }
}

#[component]
fn ThemeChoice(on_choose: Callback<Theme>) -> impl IntoView {
    let live = expect_context::<Live>();
    let option = move |theme: Theme| {
        let chosen = move || live.preferences.with(|p| p.theme == theme);
        view! {
            <label class="segment">
                <input
                    type="radio"
                    name="theme"
                    value=theme.key()
                    checked=chosen()
                    prop:checked=chosen
                    on:change=move |_| on_choose.run(theme)
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
                    {status.device} {status.device_note.map(|note| view! { <p class="help">{note}</p> })}
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
