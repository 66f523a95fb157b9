//! What is wrong with a form, where its fields and its foot can read it.

use engine::config::{ConfigError, FieldError};
use leptos::prelude::*;

use crate::api::ApiError;

#[derive(Clone, Copy)]
pub struct FormFault(RwSignal<Option<ApiError>>);

impl FormFault {
    pub fn new(fault: Option<ApiError>) -> Self {
        Self(RwSignal::new(fault))
    }

    pub fn set(self, error: impl Into<ApiError>) {
        self.0.set(Some(error.into()));
    }

    pub fn clear(self) {
        self.0.set(None);
    }

    /// Lets go of what is said of `field`, and of nothing else.
    pub fn mend(self, field: &str) {
        let is_at = |fault: &ApiError| fault.for_field(field).is_some();
        if self.0.with_untracked(|fault| fault.as_ref().is_some_and(is_at)) {
            self.0.update(|fault| *fault = fault.take().and_then(|fault| fault.without(field)));
        }
    }

    /// Says `message` of `field`; what is said of other fields stays.
    pub fn tell(self, field: &str, message: &str) {
        self.0.update(|fault| {
            let others = fault.take().and_then(|fault| fault.without(field));
            let mut faults = match others {
                Some(ApiError::Fields(faults)) => faults.0,
                _ => Vec::new(),
            };
            faults.push(FieldError::new(field, message));
            *fault = Some(ConfigError(faults).into());
        });
    }

    /// The message for the field called `field`.
    pub fn at(self, field: &'static str) -> Signal<Option<String>> {
        Signal::derive(move || {
            self.0.with(|fault| fault.as_ref()?.for_field(field).map(String::from))
        })
    }

    /// Whether any of `fields` is at fault.
    pub fn is_at(self, fields: impl IntoIterator<Item = &'static str>) -> bool {
        self.0.with(|fault| {
            let at_fault = |field| fault.as_ref().is_some_and(|f| f.for_field(field).is_some());
            fields.into_iter().any(at_fault)
        })
    }

    /// The messages that none of `fields` shows.
    pub fn beside(self, fields: impl IntoIterator<Item = &'static str>) -> Signal<Vec<String>> {
        let fields: Vec<&str> = fields.into_iter().collect();
        Signal::derive(move || {
            self.0.with(|fault| fault.as_ref().map(|f| f.beside(&fields)).unwrap_or_default())
        })
    }
}
