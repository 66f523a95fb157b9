//! The border between page and server: wire types, the trait the server implements, server functions.
//!
//! What the server must put into the context, both where pages are rendered and where server
//! functions are handled:
//! - `Arc<dyn Studio>`: the program itself.
//! - [`Redirect`]: sends the browser on after a form that was posted without JavaScript. It must do
//!   nothing for a request whose `Accept` header lacks `text/html`, because the page's own client
//!   stays where it is and reads the answer.
//! - [`Browser`]: tells the key of the browser that asks, for which forms are kept.
//!
//! A form that fails without JavaScript is sent back to its `Referer` with the error in the query
//! (`__path`, `__err`), which [`form_fault`] reads. So the server's `Referrer-Policy` must let the
//! address through within the site (`same-origin`).

mod evaluation;
mod fault;
mod functions;
mod gallery;
mod generate_form;
mod library;
mod preferences_form;
mod process_form;
mod run_form;
mod studio;
mod wire;

pub use evaluation::*;
pub use fault::{field_at_fault, form_fault};
pub use functions::*;
pub use gallery::*;
pub use generate_form::GenerateForm;
pub use library::*;
pub use preferences_form::PreferencesForm;
pub use process_form::ProcessForm;
pub use run_form::RunForm;
pub use studio::Studio;
pub use wire::*;

use std::sync::Arc;

/// Sends a browser without JavaScript to another page after its form was accepted.
#[derive(Clone)]
pub struct Redirect(pub Arc<dyn Fn(&str) + Send + Sync>);

/// Tells the key of the browser that asks; empty for one that has none.
#[derive(Clone)]
pub struct Browser(pub Arc<dyn Fn() -> String + Send + Sync>);
