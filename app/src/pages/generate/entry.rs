//! Fields of the form that are a number, a choice or a yes and no more, by the key of their setting.

use leptos::prelude::*;

use super::desk::Desk;
use crate::components::field::{Checkbox, Choice, Field, TextInput};

#[component]
pub fn NumberField(
    id: &'static str,
    key: &'static str,
    label: &'static str,
    #[prop(optional)] unit: &'static str,
    #[prop(optional)] help: &'static str,
    min: i64,
    max: i64,
    /// Whether it may be broken.
    #[prop(optional)]
    broken: bool,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let fault = desk.fault.at(key);
    view! {
        <Field id label unit help fault>
            <TextInput
                id
                name=key
                value=desk.fields.at(key)
                kind="number"
                min=Some(min.to_string())
                max=Some(max.to_string())
                step=if broken { "any" } else { "1" }
                fault
            />
        </Field>
    }
    .into_any()
}

/// One of `names`.
#[component]
pub fn ChoiceField(
    id: &'static str,
    key: &'static str,
    label: &'static str,
    #[prop(optional)] help: &'static str,
    names: Vec<&'static str>,
) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let fault = desk.fault.at(key);
    let option = |name: &str| (name.to_owned(), name.to_owned());
    let options = Signal::stored(names.into_iter().map(option).collect::<Vec<_>>());
    view! {
        <Field id label help fault>
            <Choice id name=key value=desk.fields.at(key) options fault />
        </Field>
    }
    .into_any()
}

#[component]
pub fn YesField(
    id: &'static str,
    key: &'static str,
    label: &'static str,
    #[prop(optional)] help: &'static str,
) -> impl IntoView {
    let value = expect_context::<Desk>().fields.at(key);
    view! {
        <Checkbox
            id
            name=key
            label
            help
            checked=Signal::derive(move || value.with(|on| on == "true"))
            on_change=Callback::new(move |on: bool| value.set(on.to_string()))
        />
    }
    .into_any()
}

/// Settings that do nothing while there is a reason why; they are off then, and it is told.
#[component]
pub fn Unless(why: Signal<Option<&'static str>>, children: Children) -> impl IntoView {
    view! {
        <fieldset class="plain" disabled=move || why.get().is_some()>{children()}</fieldset>
        {move || why.get().map(|why| view! { <p class="help" role="status">{why}</p> })}
    }
    .into_any()
}
