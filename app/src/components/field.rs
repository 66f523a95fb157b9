//! A labelled control with its unit, its help and what is wrong with it.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

/// The frame around a control whose `id` is `id`.
#[component]
pub fn Field(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] unit: &'static str,
    #[prop(optional)] help: &'static str,
    #[prop(into)] fault: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    if !help.is_empty() {
        provide_context(Helped(id));
    }
    view! {
        <div class="field" class:faulty=move || fault.with(Option::is_some)>
            <span class="field-head">
                <label for=id>{label}</label>
                {(!unit.is_empty()).then(|| view! { <span class="unit">{unit}</span> })}
            </span>
            {children()}
            {(!help.is_empty()).then(|| view! { <p class="help" id=help_id(id)>{help}</p> })}
            <Fault id fault />
        </div>
    }
    .into_any()
}

/// The control that has help, which it asks for while the frame around it is made.
#[derive(Clone, Copy)]
struct Helped(&'static str);

/// Whether the frame around the control `id` has help.
fn is_helped(id: &str) -> bool {
    use_context::<Helped>().is_some_and(|helped| helped.0 == id)
}

/// The message under a control.
#[component]
pub fn Fault(id: &'static str, #[prop(into)] fault: Signal<Option<String>>) -> impl IntoView {
    let words = move |message: String| view! { <p class="fault" role="alert" id=fault_id(id)>{message}</p> };
    (move || fault.get().map(|message| words(message).into_any())).into_render()
}

/// A line of text or a number.
#[component]
pub fn TextInput(
    id: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    /// What it is called where no label stands beside it.
    #[prop(optional)]
    label: &'static str,
    #[prop(default = "text")] kind: &'static str,
    #[prop(default = None)] min: Option<String>,
    #[prop(default = None)] max: Option<String>,
    #[prop(optional)] step: &'static str,
    /// The id of a list of what may be meant.
    #[prop(optional)]
    list: &'static str,
    #[prop(into)] fault: Signal<Option<String>>,
) -> impl IntoView {
    let helped = is_helped(id);
    view! {
        <input
            id=id
            name=name
            type=kind
            min=min
            max=max
            step=(!step.is_empty()).then_some(step)
            list=(!list.is_empty()).then_some(list)
            aria-label=(!label.is_empty()).then_some(label)
            placeholder=(!label.is_empty()).then_some(label)
            autocomplete="off"
            spellcheck="false"
            value=value.get_untracked()
            prop:value=move || value.get()
            on:input=move |event| value.set(event_target_value(&event))
            aria-invalid=move || fault.with(Option::is_some).then_some("true")
            aria-describedby=move || described_by(id, helped, fault.with(Option::is_some))
        />
    }
}

/// Text of a few lines.
#[component]
pub fn TextArea(
    id: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    placeholder: &'static str,
    #[prop(into)] disabled: Signal<bool>,
    #[prop(into)] fault: Signal<Option<String>>,
    #[prop(optional, into)] on_key: Option<Callback<KeyboardEvent>>,
) -> impl IntoView {
    let helped = is_helped(id);
    view! {
        <textarea
            id=id
            name=name
            rows="2"
            placeholder=placeholder
            autocomplete="off"
            spellcheck="false"
            disabled=move || disabled.get()
            prop:value=move || value.get()
            on:keydown=move |event| {
                if let Some(on_key) = on_key {
                    on_key.run(event);
                }
            }
            on:input=move |event| value.set(event_target_value(&event))
            aria-invalid=move || fault.with(Option::is_some).then_some("true")
            aria-describedby=move || described_by(id, helped, fault.with(Option::is_some))
        ></textarea>
    }
}

/// Chooses one of `options`, each a value with its words.
#[component]
pub fn Choice(
    id: &'static str,
    name: &'static str,
    value: RwSignal<String>,
    #[prop(into)] options: Signal<Vec<(String, String)>>,
    #[prop(into)] fault: Signal<Option<String>>,
    #[prop(optional, into)] on_change: Option<Callback<String>>,
) -> impl IntoView {
    let helped = is_helped(id);
    let entry = move |(key, words): (String, String)| {
        let chosen = {
            let key = key.clone();
            move || value.with(|value| *value == key)
        };
        view! { <option value=key selected=chosen.clone() prop:selected=chosen>{words}</option> }
    };
    view! {
        <span class="select">
            <select
                id=id
                name=name
                on:change=move |event| {
                    let chosen = event_target_value(&event);
                    value.set(chosen.clone());
                    if let Some(on_change) = on_change {
                        on_change.run(chosen);
                    }
                }
                aria-invalid=move || fault.with(Option::is_some).then_some("true")
                aria-describedby=move || described_by(id, helped, fault.with(Option::is_some))
            >
                {move || options.get().into_iter().map(entry).collect_view()}
            </select>
        </span>
    }
}

/// Yes or no.
#[component]
pub fn Checkbox(
    id: &'static str,
    name: &'static str,
    label: &'static str,
    #[prop(into)] checked: Signal<bool>,
    #[prop(into)] on_change: Callback<bool>,
    #[prop(optional)] help: &'static str,
) -> impl IntoView {
    view! {
        <div class="field check">
            <label for=id>
                <input
                    id=id
                    name=name
                    type="checkbox"
                    value="true"
                    checked=checked.get_untracked()
                    prop:checked=move || checked.get()
                    on:change=move |event| on_change.run(event_target_checked(&event))
                    aria-describedby=(!help.is_empty()).then(|| help_id(id))
                />
                <span>{label}</span>
            </label>
            {(!help.is_empty()).then(|| view! { <p class="help" id=help_id(id)>{help}</p> })}
        </div>
    }
}

fn fault_id(id: &str) -> String {
    format!("{id}-fault")
}

fn help_id(id: &str) -> String {
    format!("{id}-help")
}

/// What tells more of the control `id`, if anything does.
fn described_by(id: &str, helped: bool, faulty: bool) -> Option<String> {
    let told: Vec<String> =
        faulty.then(|| fault_id(id)).into_iter().chain(helped.then(|| help_id(id))).collect();
    (!told.is_empty()).then(|| told.join(" "))
}
