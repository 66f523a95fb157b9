//! The document, the routes, and what every page shares.

use leptos::prelude::*;
use leptos_meta::{Html, MetaTags, Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{Route, Router, Routes},
    path,
};

use crate::api::{ApiError, Preferences, Status, fetch_preferences, fetch_status};
use crate::components::header::Header;
use crate::json::load;
use crate::line;
use crate::live::Live;
use crate::pages::NotFound;
use crate::pages::part;

/// The document around [`App`].
pub fn shell(options: LeptosOptions) -> impl IntoView {
    view! {
        <!DOCTYPE html>
        <html lang="en">
            <head>
                <meta charset="utf-8" />
                <meta name="viewport" content="width=device-width, initial-scale=1" />
                <meta name="color-scheme" content="dark light" />
                <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
                <link rel="stylesheet" href="/pkg/darkroom.css" />
                <HydrationScripts options />
                <MetaTags />
            </head>
            <body>
                <App />
            </body>
        </html>
    }
}

#[component]
pub fn App() -> impl IntoView {
    provide_meta_context();
    let live = Live::new();
    provide_context(live);
    Effect::new(move || line::keep(live));
    #[cfg(feature = "hydrate")]
    Effect::new(move || crate::foresight::watch(live));
    view! {
        <Title formatter=|title: String| {
            if title.is_empty() { "Darkroom".into() } else { format!("{title} · Darkroom") }
        } />
        <Router>
            <a class="skip" href="#main" rel="external">"Skip to the page"</a>
            <Frame />
            <main id="main">
                <Routes fallback=NotFound>
                    <Route path=path!("/") view=part::GENERATE ssr=SsrMode::Async />
                    <Route path=path!("/generate") view=part::GENERATE ssr=SsrMode::Async />
                    <Route path=path!("/train") view=part::TRAIN ssr=SsrMode::Async />
                    <Route path=path!("/datasets") view=part::DATASETS ssr=SsrMode::Async />
                    <Route path=path!("/models") view=part::MODELS ssr=SsrMode::Async />
                    <Route path=path!("/gallery") view=part::GALLERY ssr=SsrMode::Async />
                    <Route path=path!("/deleted") view=part::DELETED ssr=SsrMode::Async />
                    <Route path=path!("/compare") view=part::COMPARE ssr=SsrMode::Async />
                    <Route path=path!("/png-info") view=part::PNG_INFO ssr=SsrMode::Async />
                    <Route path=path!("/process") view=part::PROCESS ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=part::SETTINGS ssr=SsrMode::Async />
                </Routes>
            </main>
        </Router>
    }
}

/// The header, and what the whole document shows of the preferences.
#[component]
fn Frame() -> impl IntoView {
    let live = expect_context::<Live>();
    let boot = load(|| (), |()| boot());
    view! {
        <Suspense fallback=|| ()>
            {move || Suspend::new(async move {
                if let Ok((status, preferences)) = boot.await {
                    live.boot(status, preferences);
                }
                let theme = move || live.preferences.with(|p| p.theme.key());
                let pixels = move || live.preferences.with(|p| if p.crisp_pixels { "crisp" } else { "smooth" });
                view! {
                    <Html {..} data-theme=theme data-pixels=pixels />
                    <Header />
                }
            })}
        </Suspense>
    }
}

async fn boot() -> Result<(Status, Preferences), ApiError> {
    Ok((fetch_status().await?, fetch_preferences().await?))
}
