//! A new model out of two or three.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_navigate;
use leptos_router::params::ParamsMap;

use super::evaluation::options;
use crate::api::{MergeForm, form_fault, merge_models};
use crate::components::field::{Choice, Field, TextInput};
use crate::components::form_fault::FormFault;
use crate::components::notice::Alert;
use crate::components::slider::ShareField;

const FIELDS: [&str; 5] = ["a", "b", "c", "multiplier", "name"];

/// What the form holds, whatever becomes of the lists in it.
#[derive(Clone, Copy)]
pub struct Typed {
    /// In the order of [`FIELDS`].
    values: [RwSignal<String>; 5],
    fault: FormFault,
    busy: RwSignal<bool>,
}

impl Typed {
    pub fn new(query: &ParamsMap) -> Self {
        let MergeForm { a, b, c, multiplier, name } = MergeForm::default();
        Self {
            values: [a, b, c, multiplier, name].map(RwSignal::new),
            fault: FormFault::new(form_fault(query, "merge_models")),
            busy: RwSignal::new(false),
        }
    }

    /// A model for each that was not chosen yet.
    fn begin(self, names: &[String]) {
        for (value, name) in self.values.iter().take(2).zip(names.iter().chain(names.first())) {
            if !names.contains(&value.get_untracked()) {
                value.set(name.clone());
            }
        }
    }
}

#[component]
pub fn MergeFields(typed: Typed, names: Vec<String>) -> impl IntoView {
    let navigate = use_navigate();
    typed.begin(&names);
    let Typed { values, fault, busy } = typed;
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        let [a, b, c, multiplier, name] = values.map(|value| value.get_untracked());
        let navigate = navigate.clone();
        busy.set(true);
        spawn_local(async move {
            match merge_models(MergeForm { a, b, c, multiplier, name }).await {
                Ok(model) => navigate(&format!("/models?name={}", model.name), Default::default()),
                Err(error) => fault.set(error),
            }
            busy.try_set(false);
        });
    };
    view! {
        <form class="controls" action="/fn/merge_models" method="post" aria-label="Merge" novalidate on:submit=submit>
            <h2>"Merge"</h2>
            <Fields values fault names />
            <Alert messages=fault.beside(FIELDS) />
            <div class="actions">
                <button class="primary" disabled=move || busy.get()>"Merge"</button>
            </div>
        </form>
    }
    .into_any()
}

#[component]
fn Fields(values: [RwSignal<String>; 5], fault: FormFault, names: Vec<String>) -> impl IntoView {
    let [a, b, c, multiplier, name] = values;
    let choose = move |id, name, label, value, options: Vec<(String, String)>| {
        view! {
            <Field id label fault=fault.at(name)>
                <Choice id name value options=Signal::stored(options) fault=fault.at(name) />
            </Field>
        }
    };
    view! {
        {choose("merge-a", "a", "A", a, options(None, names.clone()))}
        {choose("merge-b", "b", "B", b, options(None, names.clone()))}
        {choose("merge-c", "c", "C", c, options(Some("none"), names))}
        <ShareField
            id="merge-multiplier"
            name="multiplier"
            label="Multiplier"
            help="How much of B goes in."
            value=multiplier
            fault=fault.at("multiplier")
        />
        <p class="formula help" role="status">{move || formula(&c.get(), &multiplier.get())}</p>
        <Field id="merge-name" label="Name" fault=fault.at("name")>
            <TextInput id="merge-name" name="name" value=name fault=fault.at("name") />
        </Field>
    }
}

/// What each weight of the new model is.
fn formula(c: &str, multiplier: &str) -> String {
    match (c.is_empty(), leptos::json::number(multiplier.trim())) {
        (_, None) => String::new(),
        (true, Some(m)) => format!("{:.2} × A + {m:.2} × B", 1.0 - m),
        (false, Some(m)) => format!("A + {m:.2} × (B − C)"),
    }
}

#[cfg(test)]
mod tests {
    use super::formula;

    #[test]
    fn the_formula_follows_what_is_chosen() {
        assert_eq!(formula("", "0.25"), "0.75 × A + 0.25 × B");
        assert_eq!(formula("early", "0.25"), "A + 0.25 × (B − C)");
        assert_eq!(formula("", "half"), "");
    }
}
