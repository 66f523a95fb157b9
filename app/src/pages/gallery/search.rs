//! What is looked for: a form whose fields all stand in the address.

use leptos::prelude::*;
use leptos_router::location::Url;
use leptos_router::params::ParamsMap;
use wasm_bindgen::JsCast;
use web_sys::{Event, HtmlInputElement};

use super::desk::Desk;
use crate::api::GalleryQuery;
use crate::components::field::{Checkbox, Choice, Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;

pub const FIELDS: [&str; 5] = ["text", "model", "seed", "from", "to"];

/// The fields as they are typed.
#[derive(Clone, Copy)]
pub struct Search {
    texts: [RwSignal<String>; 5],
    starred: RwSignal<bool>,
}

impl Search {
    pub fn new(query: &GalleryQuery) -> Self {
        let GalleryQuery { text, model, seed, from, to, .. } = query;
        Self {
            texts: [text, model, seed, from, to].map(|value| RwSignal::new(value.clone())),
            starred: RwSignal::new(query.starred),
        }
    }

    /// All that is typed; follows every field.
    pub fn typed(self) -> GalleryQuery {
        let [text, model, seed, from, to] = self.texts.map(|field| field.get());
        let starred = self.starred.get();
        GalleryQuery { text, model, seed, from, to, starred, ..Default::default() }
    }

    fn at(self, name: &str) -> RwSignal<String> {
        let index = FIELDS.iter().position(|field| *field == name);
        self.texts[index.expect("the name is a field's")]
    }

    pub fn clear(self) {
        for field in self.texts {
            field.set(String::new());
        }
        self.starred.set(false);
    }
}

/// The query that an address tells of.
pub fn read(address: &ParamsMap) -> GalleryQuery {
    let value = |name: &str| address.get(name).unwrap_or_default();
    GalleryQuery {
        text: value("text"),
        model: value("model"),
        seed: value("seed"),
        from: value("from"),
        to: value("to"),
        starred: value("starred") == "true",
        offset: value("offset").parse().unwrap_or(0),
        ..Default::default()
    }
}

/// Whether anything is looked for at all.
pub fn seeks(query: &GalleryQuery) -> bool {
    pairs(query).into_iter().any(|(name, _)| name != "offset")
}

/// The address that looks for `query`; what is empty is left out.
pub fn address(query: &GalleryQuery) -> String {
    let pairs = pairs(query).into_iter();
    let pairs: Vec<_> =
        pairs.map(|(name, value)| format!("{name}={}", Url::escape(&value))).collect();
    match pairs.is_empty() {
        true => "/gallery".into(),
        false => format!("/gallery?{}", pairs.join("&")),
    }
}

fn pairs(query: &GalleryQuery) -> Vec<(&'static str, String)> {
    let GalleryQuery { text, model, seed, from, to, .. } = query;
    let texts = FIELDS.into_iter().zip([text, model, seed, from, to].map(String::clone));
    let starred = query.starred.then(|| ("starred", "true".to_owned()));
    let offset = (query.offset > 0).then(|| ("offset", query.offset.to_string()));
    texts.filter(|(_, value)| !value.is_empty()).chain(starred).chain(offset).collect()
}

#[component]
pub fn SearchForm() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let (search, fault, half) = (desk.search, desk.fault, desk.half);
    let messages = fault.beside(FIELDS);
    let line = move |id, name, label, kind| {
        let (found, seen) = (fault.at(name), half.at(name));
        let fault = Signal::derive(move || found.get().or_else(|| seen.get()));
        view! {
            <Field id label fault>
                <TextInput id name kind value=search.at(name) fault />
            </Field>
        }
        .into_any()
    };
    view! {
        <form
            class="search"
            role="search"
            aria-label="Gallery"
            action="/gallery"
            method="get"
            on:submit=|event| event.prevent_default()
            on:input=move |event| look_at(half, &event, false)
            on:focusout=move |event| look_at(half, &event, true)
        >
            <div class="search-text">{line("search-text", "text", "Search", "search")}</div>
            <ModelField />
            {line("search-seed", "seed", "Seed", "number")}
            {line("search-from", "from", "From", "date")}
            {line("search-to", "to", "To", "date")}
            <Checkbox
                id="search-starred"
                name="starred"
                label="Starred"
                checked=search.starred
                on_change=Callback::new(move |on| search.starred.set(on))
            />
            <button class="without-script">"Search"</button>
        </form>
        <Alert messages />
    }
    .into_any()
}

/// Of what is not a whole number or date yet, the browser tells no more than that; it is looked for
/// without. Who has `left` the field is told.
fn look_at(half: FormFault, event: &Event, left: bool) {
    let Some(field) = event.target().and_then(|it| it.dyn_into::<HtmlInputElement>().ok()) else {
        return;
    };
    let name = field.name();
    match field.validity().bad_input() {
        false => half.mend(&name),
        true if left && field.type_() == "date" => {
            half.tell(&name, "this date is not whole; give year, month and day");
        }
        true if left => half.tell(&name, "this is not a whole number"),
        true => {}
    }
}

#[component]
fn ModelField() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let value = desk.search.at("model");
    let options = Signal::derive(move || {
        let mut names = desk.models.get();
        let chosen = value.get();
        if !chosen.is_empty() && !names.contains(&chosen) {
            names.push(chosen);
        }
        let every = (String::new(), "All models".to_owned());
        std::iter::once(every).chain(names.into_iter().map(|name| (name.clone(), name))).collect()
    });
    let fault = desk.fault.at("model");
    view! {
        <Field id="search-model" label="Model" fault>
            <Choice id="search-model" name="model" value options fault />
        </Field>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_brings_the_search_back() {
        let query = GalleryQuery {
            text: "steps: 50 & more".into(),
            model: "digits".into(),
            seed: "7".into(),
            from: "2026-11-01".into(),
            starred: true,
            offset: 120,
            ..Default::default()
        };
        let address = address(&query);
        let (path, pairs) = address.split_once('?').unwrap();
        assert_eq!(path, "/gallery");
        let pairs = pairs.split('&').map(|pair| pair.split_once('=').unwrap());
        let map = pairs.map(|(name, value)| (name.to_owned(), Url::unescape(value)));
        assert_eq!(read(&map.collect()), query);
    }

    #[test]
    fn an_empty_search_leaves_the_address_plain() {
        assert_eq!(address(&GalleryQuery::default()), "/gallery");
        assert!(!seeks(&GalleryQuery { offset: 60, ..Default::default() }));
        assert!(seeks(&GalleryQuery { starred: true, ..Default::default() }));
    }
}
