//! How exactly a network multiplies.

use serde::{Deserialize, Serialize};

use super::image_to_image::named;
use super::{ConfigError, unknown_name};

/// The numbers that convolutions and attention multiply on a processor; weights, sums and optimizer are
/// f32 in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum Precision {
    #[default]
    F32,
    /// Quicker on processors that multiply it themselves, slower on others.
    Bf16,
}

named!(Precision, "precision", F32 => "f32", Bf16 => "bf16");

impl Precision {
    pub const NAMES: &[&str] = &["f32", "bf16"];
}
