//! JSON in a browser.
//!
//! serde_json reads each type by much code of its own, and brings a table of powers of ten for the
//! numbers in its messages alone. Pages read by a [`Reader`] instead, and the server writes by serde_json.

mod reader;
#[cfg(test)]
mod tests;

use leptos::server_fn::codec::Post;
use leptos::server_fn::{ContentType, Decodes, Encodes, Format, FormatType};
use serde::Serialize;
use serde::de::DeserializeOwned;

pub use reader::{Fault, Reader};

/// The number that `text` is, if it is one. A browser reads it itself, which saves a large table.
pub fn number(text: &str) -> Option<f64> {
    #[cfg(target_family = "wasm")]
    let number = wasm_bindgen::JsValue::from_str(text).unchecked_into_f64();
    #[cfg(not(target_family = "wasm"))]
    let number = text.parse().unwrap_or(f64::NAN);
    (!text.is_empty() && !number.is_nan()).then_some(number)
}

/// Reads the whole of `text`.
///
/// # Errors
/// What is not JSON or not a `T`.
pub fn read<T: DeserializeOwned>(text: &str) -> Result<T, Fault> {
    let mut reader = Reader::new(text);
    let value = T::deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// How server functions answer: takes the place of the encoding of this name in Leptos.
pub struct JsonEncoding;

/// The answer of a server function that names no other.
pub type Json = Post<JsonEncoding>;

impl ContentType for JsonEncoding {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for JsonEncoding {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for JsonEncoding {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<bytes::Bytes, Self::Error> {
        serde_json::to_vec(value).map(Into::into)
    }
}

impl<T: DeserializeOwned> Decodes<T> for JsonEncoding {
    type Error = Fault;

    fn decode(bytes: bytes::Bytes) -> Result<T, Fault> {
        read(std::str::from_utf8(&bytes).map_err(|_| Fault::new("text that is not UTF-8"))?)
    }
}
