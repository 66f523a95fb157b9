//! What there is to train on and to draw with.

pub mod archives;
mod dataset_info;
pub mod datasets;
mod digests;
mod editing;
mod fingerprint;
mod import;
mod model_name;
pub mod models;
mod new_dataset;
mod overlay;
mod revision;
mod run_zip;
mod survey;

pub use datasets::Datasets;
pub use import::ModelSource;
pub use models::{LoadedModel, ModelFile, Models};
pub use new_dataset::NewDataset;
