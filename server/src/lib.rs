//! The program around the engine: command line, job queue, gallery, data sets, web server.
//!
//! [`studio`] is what the program remembers and does and knows no web; [`web`] lets a browser at it;
//! [`cli`] reads the command line. The binary only calls [`cli::main`].

pub mod cli;
mod error;
mod query;
pub mod studio;
pub mod web;

pub use error::{Error, Result};
