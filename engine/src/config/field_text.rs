//! Settings as text, the way a form has them.

use super::{
    Axis, ClipSample, ConfigError, MaskedContent, ResizeMode, SamplerKind, ScheduleKind,
    StepVariance, TimestepSpacing, Upscaler,
};

/// A value that a text field can show and give back.
pub(super) trait FieldText: Sized {
    fn show(&self) -> String;

    /// The value, or what is wrong with `text`.
    fn read(text: &str) -> Result<Self, String>;
}

impl FieldText for String {
    fn show(&self) -> String {
        self.clone()
    }

    fn read(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl FieldText for bool {
    fn show(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Result<Self, String> {
        let known = super::boolean(text.trim());
        known.ok_or_else(|| format!("`{text}` will not do; give true or false"))
    }
}

macro_rules! number {
    ($kind:ty, $wanted:literal) => {
        impl FieldText for $kind {
            fn show(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Result<Self, String> {
                text.trim().parse().map_err(|_| format!("`{text}` is not {}", $wanted))
            }
        }
    };
}

number!(usize, "a whole number");
number!(i64, "a whole number");
number!(f64, "a number");

macro_rules! named {
    ($kind:ty) => {
        impl FieldText for $kind {
            fn show(&self) -> String {
                self.name().into()
            }

            fn read(text: &str) -> Result<Self, String> {
                Self::from_name(text).map_err(first_message)
            }
        }
    };
}

named!(SamplerKind);
named!(ScheduleKind);
named!(ResizeMode);
named!(MaskedContent);
named!(Axis);
named!(Upscaler);
named!(ClipSample);
named!(StepVariance);
named!(TimestepSpacing);

/// The field is named by whoever asked for it.
fn first_message(error: ConfigError) -> String {
    error.0.into_iter().next().map(|fault| fault.message).unwrap_or_default()
}
