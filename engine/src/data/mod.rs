//! Image data: where it comes from, what is in it, and its images in the shape training wants.
//!
//! [`detect`] says what a path holds, [`unpack`] opens an archive into a folder, [`Source::survey`]
//! opens every image and counts, [`Source::load`] gives them all at one size. Everything read here
//! comes from outside and is hostile until parsed: sizes are bounded, paths stay in their folder, and
//! a broken image is named and skipped.

mod album;
mod archive;
mod augment;
mod augmentation;
mod cifar;
mod colour_jitter;
mod crop;
mod cutout;
mod decode;
mod detect;
mod folder;
mod idx;
mod image_set;
mod labels;
mod natural;
mod numpy;
mod parquet;
mod resident;
mod revision;
mod source;
mod stamp;
mod statistics;
mod survey;
mod synthetic;
pub(crate) mod transform;
mod warp;

pub use album::Album;
pub use archive::{Limits, unpack};
pub use augment::Symmetry;
pub use augmentation::variants;
pub(crate) use augmentation::{Augmented, augmented};
pub use colour_jitter::ColourJitter;
pub use crop::Crop;
pub use cutout::CUTOUT_LABEL;
pub(crate) use cutout::CutoutLabel;
pub use decode::{MAX_PIXELS, decode_bytes, is_image_name};
pub use detect::{Found, detect};
pub use folder::Folder;
pub use image_set::{ImageSet, LoadOptions};
pub use revision::Revision;
pub use source::{Entry, Source, built_in};
pub use stamp::Stamp;
pub use statistics::Statistics;
pub use survey::{Skipped, Survey};
pub use warp::WARP_LABEL;
pub(crate) use warp::WarpLabel;

/// The class of files that lie beside class folders and therefore have none.
pub const NO_CLASS: &str = "(none)";

/// What was read, or the reason in words why not.
type Told<T> = std::result::Result<T, String>;
