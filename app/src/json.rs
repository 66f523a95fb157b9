//! What a page loads from the server.

use leptos::json::Fault;
pub use leptos::json::read;
use leptos::prelude::*;
use leptos::server::codee::{Decoder, Encoder};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What a page loads from the server before it is shown.
pub type Loaded<T> = Resource<T, Json>;

/// Loads by `fetch`, again whenever `source` changes. A page is not sent before it has this.
pub fn load<S, T, F>(
    source: impl Fn() -> S + Send + Sync + 'static,
    fetch: impl Fn(S) -> F + Send + Sync + 'static,
) -> Loaded<T>
where
    S: PartialEq + Clone + Send + Sync + 'static,
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
    F: Future<Output = T> + Send + 'static,
{
    Resource::new_with_options(source, fetch, true)
}

/// How a page carries what was loaded from the server to the browser.
pub struct Json;

impl<T: Serialize> Encoder<T> for Json {
    type Error = serde_json::Error;
    type Encoded = String;

    fn encode(value: &T) -> Result<String, Self::Error> {
        serde_json::to_string(value)
    }
}

impl<T: DeserializeOwned> Decoder<T> for Json {
    type Error = Fault;
    type Encoded = str;

    fn decode(text: &str) -> Result<T, Fault> {
        read(text)
    }
}
