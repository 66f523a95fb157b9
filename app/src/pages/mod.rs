//! One module for each page.

mod datasets;
mod generate;
mod not_found;
mod process;
mod settings;
mod train;

pub use datasets::Datasets;
pub use generate::Generate;
pub use not_found::NotFound;
pub use process::Process;
pub use settings::Settings;
pub use train::Train;
