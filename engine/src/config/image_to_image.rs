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
    /// The same, with all that is drawn anew to the right of it.
    GrowRight,
    GrowLeft,
    GrowDown,
    GrowUp,
}

impl ResizeMode {
    /// How many halves of the canvas that is drawn anew lie left of the picture and above it; none
    /// where no canvas grows.
    pub fn growth_before(self) -> Option<(u32, u32)> {
        match self {
            Self::Resize | Self::Crop | Self::Fill => None,
            Self::Grow => Some((1, 1)),
            Self::GrowRight => Some((0, 1)),
            Self::GrowLeft => Some((2, 1)),
            Self::GrowDown => Some((1, 0)),
            Self::GrowUp => Some((1, 2)),
        }
    }
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
    /// What the network calls 0, under noise as a picture would be: middle gray, or latents of nothing.
    Nothing,
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
    Grow => "Grow the canvas", GrowRight => "Grow to the right", GrowLeft => "Grow to the left",
    GrowDown => "Grow downward", GrowUp => "Grow upward");
named!(MaskedContent, "inpainting_fill",
    Fill => "fill", Original => "original", Noise => "noise", Nothing => "nothing");
