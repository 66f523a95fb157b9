//! What was typed before the page had its code, or before it was loaded again.

use std::collections::BTreeMap;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::form::FORM;
use crate::api::GenerateForm;
use crate::components::draft::left_behind;
use crate::json;

/// What the form's draft is called.
pub const DRAFT: &str = "generate";

/// Names and values of what was typed: just before the page was left and came anew, or while it had no
/// code yet.
pub fn typed_earlier() -> Vec<(String, String)> {
    if cfg!(feature = "ssr") {
        return Vec::new();
    }
    let left = left_behind(DRAFT).and_then(|text| json::read::<GenerateForm>(&text).ok());
    let left = left.map(BTreeMap::from).unwrap_or_default();
    left.into_iter().chain(typed_without_code()).collect()
}

/// Of fields that are not as the server wrote them.
fn typed_without_code() -> Vec<(String, String)> {
    let fields = form_elements(":is(input, textarea)[name]").into_iter().filter_map(|field| {
        let is_box = field.type_() == "checkbox";
        let now = if is_box { field.checked().to_string() } else { field.value() };
        let is_typed = match is_box {
            true => field.checked() != field.default_checked(),
            // A number that the server wrote and the browser cannot read is empty, too.
            false => !now.is_empty() && now != field.default_value(),
        };
        is_typed.then(|| (field.name(), now))
    });
    let chosen = form_elements("select:has([selected]) option:checked:not([selected])");
    let lists = chosen.into_iter().filter_map(|option| {
        let list = option.closest("select").ok()??.unchecked_into::<HtmlInputElement>();
        Some((list.name(), list.value()))
    });
    fields.chain(lists).collect()
}

/// What `selector` finds in the form. All have the properties that are asked for here.
fn form_elements(selector: &str) -> Vec<HtmlInputElement> {
    let selector = format!("#{FORM} {selector}");
    let Ok(found) = document().query_selector_all(&selector) else { return Vec::new() };
    let elements = (0..found.length()).filter_map(|place| found.item(place));
    elements.map(JsCast::unchecked_into).collect()
}
