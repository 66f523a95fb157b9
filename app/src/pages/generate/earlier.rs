//! What was typed before the page had its code.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::form::FORM;

/// Names and values of what was typed while the page had no code yet: of fields that are not as the
/// server wrote them.
pub fn typed_earlier() -> Vec<(String, String)> {
    if cfg!(feature = "ssr") {
        return Vec::new();
    }
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
