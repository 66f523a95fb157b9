//! What is wrong with a form, where its fields and its foot can read it.

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
