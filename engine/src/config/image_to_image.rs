//! What can be chosen where a picture begins from another.

use serde::{Deserialize, Serialize};

use super::{ConfigError, unknown_name};

/// How a picture is brought to the size that is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum ResizeMode {
    /// Stretched to the size.
    Resize,
    /// Scaled to cover the size, and cut.
    #[default]
    Crop,
    /// Scaled to fit within the size; what is left over is drawn anew, out of the picture's edge.
    Fill,
    /// As large as it is, in the middle of the size; what is around it is drawn anew, and what lies
    /// beyond the size is cut.
    Grow,
}

/// What stands under the mask before it is drawn anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "&'static str")]
pub enum MaskedContent {
    /// The colours around, smeared over it.
    Fill,
    #[default]
    Original,
    /// Noise alone.
    Noise,
}

/// Names as A1111 shows them, and how an enum goes by them.
macro_rules! named {
    ($kind:ident, $field:literal, $($variant:ident => $name:literal),*) => {
        impl $kind {
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }

            /// The one called `name`, in any letter case.
            pub fn from_name(name: &str) -> Result<Self, ConfigError> {
                let called = |kind: &&Self| kind.name().eq_ignore_ascii_case(name.trim());
                let known = Self::ALL.iter().map(|kind| kind.name());
                Self::ALL.iter().find(called).copied().ok_or_else(|| unknown_name($field, name, known))
            }
        }

        impl From<$kind> for &'static str {
            fn from(kind: $kind) -> Self {
                kind.name()
            }
        }

        impl TryFrom<String> for $kind {
            type Error = ConfigError;

            fn try_from(name: String) -> Result<Self, ConfigError> {
                Self::from_name(&name)
            }
        }
    };
}

pub(super) use named;

named!(ResizeMode, "resize_mode",
    Resize => "Just resize", Crop => "Crop and resize", Fill => "Resize and fill",
    Grow => "Grow the canvas");
named!(MaskedContent, "inpainting_fill",
    Fill => "fill", Original => "original", Noise => "noise");
