//! One module for each page.

mod datasets;
mod gallery;
mod generate;
mod models;
mod not_found;
mod png_info;
mod process;
mod settings;
mod train;

pub use datasets::Datasets;
pub use gallery::Gallery;
pub use generate::Generate;
pub use models::Models;
pub use not_found::NotFound;
pub use png_info::PngInfo;
pub use process::Process;
pub use settings::Settings;
pub use train::Train;
