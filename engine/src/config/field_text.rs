//! Settings as text, the way a form has them.

use super::{
    Axis, ClipSample, ConfigError, MaskedContent, Precision, ResizeMode, SamplerKind, ScheduleKind,
    StepVariance, TimestepSpacing, Upscaler, shown,
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
        known.ok_or_else(|| format!("`{}` will not do; give true or false", shown(text)))
    }
}

macro_rules! number {
    ($kind:ty, $read:expr, $wanted:literal) => {
        impl FieldText for $kind {
            fn show(&self) -> String {
                self.to_string()
            }

            fn read(text: &str) -> Result<Self, String> {
                $read(text.trim()).ok_or_else(|| format!("`{}` is not {}", shown(text), $wanted))
            }
        }
    };
}

number!(usize, |text| whole(text)?.try_into().ok(), "a whole number");
number!(i64, whole, "a whole number");
number!(f64, |text: &str| text.parse().ok(), "a number");

/// A number box takes `1e9` and `5.0` too.
fn whole(text: &str) -> Option<i64> {
    let otherwise = || {
        let number = text.parse::<f64>().ok()?;
        // Beyond these not every whole number is one.
        let is_whole = number.fract() == 0.0 && number.abs() < 9e15;
        is_whole.then_some(number as i64)
    };
    text.parse().ok().or_else(otherwise)
}

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
named!(Precision);

/// The field is named by whoever asked for it.
fn first_message(error: ConfigError) -> String {
    error.0.into_iter().next().map(|fault| fault.message).unwrap_or_default()
}
