//! What a person sees of Darkroom. Compiles to wasm (feature `hydrate`) and to the server (`ssr`).

// The types of views nest as deep as the views do.
#![recursion_limit = "256"]

pub mod api;
mod app;
mod components;
mod live;
mod pages;
mod words;

pub use app::{App, shell};

/// Takes over the page that the server rendered.
#[cfg(feature = "hydrate")]
#[wasm_bindgen::prelude::wasm_bindgen]
pub fn hydrate() {
    console_error_panic_hook::set_once();
    leptos::mount::hydrate_body(App);
}
