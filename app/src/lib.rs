//! What a person sees of Darkroom. Compiles to wasm (feature `hydrate`) and to the server (`ssr`).

// The types of views nest as deep as the views do.
#![recursion_limit = "256"]

pub mod api;
mod app;
mod components;
#[cfg(feature = "hydrate")]
mod foresight;
mod json;
mod line;
mod live;
mod pages;
mod words;

#[cfg(not(erase_components))]
compile_error!(
    "server and browser agree on a page only with `--cfg erase_components`, as in .cargo/config.toml"
);

pub use app::{App, shell};

/// Takes over the page that the server rendered, once its part of the module is here. Should that not
/// come, the page stays as it is without a script.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub async fn hydrate() {
    console_error_panic_hook::set_once();
    let path = leptos::prelude::location().pathname().unwrap_or_default();
    if let Some(part) = pages::part::at(&path)
        && part.load().await.is_err()
    {
        return;
    }
    leptos::mount::hydrate_body(App);
    mark_hydrated();
}

/// Tells tests and style sheets that buttons have their handlers now.
#[cfg(feature = "hydrate")]
fn mark_hydrated() {
    if let Some(root) = leptos::prelude::document().document_element() {
        root.set_attribute("data-hydrated", "true").expect("the name is a valid attribute name");
    }
}
