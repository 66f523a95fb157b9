//! One module for each page.

mod compare;
mod datasets;
mod gallery;
mod generate;
mod models;
mod not_found;
pub mod part;
mod png_info;
mod process;
mod settings;
mod train;

pub use not_found::NotFound;
