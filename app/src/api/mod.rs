//! The border between page and server: wire types, the trait the server implements, server functions.

mod studio;
mod wire;

pub use studio::Studio;
pub use wire::*;
