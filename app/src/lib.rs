//! What a person sees of Darkroom. Compiles to wasm (feature `hydrate`) and to the server (`ssr`).

pub mod api;
