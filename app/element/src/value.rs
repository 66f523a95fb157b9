//! What an attribute, a class, a style or a property can be set to.

use std::borrow::Cow;

use leptos::prelude::{Get, Memo, ReadSignal, RwSignal, Signal};

/// A value as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Plain {
    /// The attribute is not there.
    Absent,
    /// The attribute is there without a value, or not there.
    Flag(bool),
    Text(Cow<'static, str>),
}

impl Plain {
    /// The text of an attribute that is there; any text for a class that is on.
    pub(crate) fn text(&self) -> Option<&str> {
        match self {
            Plain::Absent | Plain::Flag(false) => None,
            Plain::Flag(true) => Some(""),
            Plain::Text(text) => Some(text),
        }
    }
}

/// A value, or what gives it whenever a signal that it reads changes.
pub enum Value {
    Plain(Plain),
    Live(Box<dyn FnMut() -> Plain + Send>),
}

impl Value {
    /// As it is now.
    pub(crate) fn now(&mut self) -> Plain {
        match self {
            Value::Plain(plain) => plain.clone(),
            Value::Live(read) => read(),
        }
    }
}

/// What can be written as the value of an attribute.
pub trait IntoValue {
    fn into_value(self) -> Value;
}

/// What stands still: the values that a reactive one takes.
pub trait IntoPlain {
    fn into_plain(self) -> Plain;
}

impl<F, T> IntoValue for F
where
    F: FnMut() -> T + Send + 'static,
    T: IntoPlain,
{
    fn into_value(mut self) -> Value {
        Value::Live(Box::new(move || self().into_plain()))
    }
}

macro_rules! reactive {
    ($($signal:ident),*) => {$(
        impl<T> IntoValue for $signal<T>
        where
            T: IntoPlain + Send + Sync + 'static,
            $signal<T>: Get<Value = T>,
        {
            fn into_value(self) -> Value {
                Value::Live(Box::new(move || self.get().into_plain()))
            }
        }
    )*};
}

reactive!(Signal, Memo, RwSignal, ReadSignal);

macro_rules! plain {
    ($([$($bound:tt)*] $kind:ty: $value:ident => $plain:expr;)*) => {$(
        impl<$($bound)*> IntoPlain for $kind {
            fn into_plain(self) -> Plain {
                let $value = self;
                $plain
            }
        }

        impl<$($bound)*> IntoValue for $kind {
            fn into_value(self) -> Value {
                Value::Plain(self.into_plain())
            }
        }
    )*};
}

plain! {
    [] &'static str: text => Plain::Text(text.into());
    [] String: text => Plain::Text(text.into());
    [] Cow<'static, str>: text => Plain::Text(text);
    [] bool: on => Plain::Flag(on);
    [] i32: number => number.to_string().into_plain();
    [] i64: number => number.to_string().into_plain();
    [] u32: number => number.to_string().into_plain();
    [] u64: number => number.to_string().into_plain();
    [] usize: number => number.to_string().into_plain();
    [] f32: number => number.to_string().into_plain();
    [] f64: number => number.to_string().into_plain();
    [T: IntoPlain] Option<T>: value => value.map_or(Plain::Absent, T::into_plain);
}
