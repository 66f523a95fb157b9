//! What the pictures are to show, for a model that knows classes.

use leptos::prelude::*;

use super::desk::Desk;
use super::entry::NumberField;
use crate::components::field::{Field, TextArea};
use crate::components::later::Later;
use crate::components::show::Show;
use crate::pages::part;

/// More classes than these are not listed one by one.
const LISTED: usize = 60;

#[component]
pub fn PromptFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let classes = Memo::new(move |_| desk.model().map(|model| model.classes).unwrap_or_default());
    let off = Signal::derive(move || classes.with(Vec::is_empty));
    let steers = Signal::derive(move || desk.model().is_some_and(|model| !model.needs_class));
    view! {
        <Field id="prompt" label="Prompt" fault=desk.fault.at("prompt")>
            <TextArea
                id="prompt"
                name="prompt"
                value=desk.fields.at("prompt")
                placeholder="Classes, such as (name:1.3), one AND another, first..last"
                disabled=off
                fault=desk.fault.at("prompt")
            />
            <Classes classes />
        </Field>
        <Show when=move || off.get()>
            <p class="help">
                "This model learned without classes, so there is nothing to ask it for in words. Train one with the setting Classes, or choose one that has them."
            </p>
        </Show>
        <Show when=move || !off.get() && steers.get()>
            <Negative />
            <NumberField
                id="cfg-scale"
                key="cfg_scale"
                label="CFG scale"
                help="How strictly to keep to the prompt: 1 is what the model learned, 2 to 5 makes it plainer."
                min=0
                max=30
                broken=true
            />
        </Show>
    }
}

/// The classes of the model; a click writes one into the prompt.
#[component]
fn Classes(classes: Memo<Vec<String>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let prompt = desk.fields.at("prompt");
    let button = move |words: String, text: String| {
        view! {
            <button type="button" class="chip" on:click=move |_| prompt.set(text.clone())>
                {words}
            </button>
        }
    };
    let listed = move || {
        let all = button("all".into(), "..".into());
        let names = classes.get().into_iter().take(LISTED);
        (all, names.map(|name| button(name.clone(), name)).collect_view())
    };
    view! {
        <Show when=move || !classes.with(Vec::is_empty)>
            <div class="chips needs-script" role="group" aria-label="Classes of the model">
                {listed}
            </div>
        </Show>
    }
}

#[component]
fn Negative() -> impl IntoView {
    let desk = expect_context::<Desk>();
    view! {
        <Field id="negative-prompt" label="Negative prompt" fault=desk.fault.at("negative_prompt")>
            <TextArea
                id="negative-prompt"
                name="negative_prompt"
                value=desk.fields.at("negative_prompt")
                placeholder="Classes to stay away from"
                disabled=false
                fault=desk.fault.at("negative_prompt")
            />
        </Field>
        <Later part=part::GENERATE_ALWAYS />
    }
}

/// Tells of the words that Settings adds to every negative prompt.
#[component]
pub fn Always() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let always = move || {
        let words = desk.live.preferences.with(|p| p.negative_prompt.clone());
        let classes = desk.model().map(|model| model.classes).unwrap_or_default();
        always_words(&words, &classes)
    };
    view! { <p class="help">{always}</p> }
}

/// What becomes of the words that Settings adds to every negative prompt.
fn always_words(words: &str, classes: &[String]) -> Option<String> {
    let read = engine::config::Negative::parse(words, classes);
    match (read.used.is_empty(), read.unused.is_empty()) {
        (true, true) => None,
        (true, false) => Some(format!(
            "Settings adds “{words}” to all models; this one does not know these words, so they go unused."
        )),
        (false, true) => Some(format!("Settings adds “{words}”.")),
        (false, false) => Some(format!(
            "Settings adds “{}”; “{}” is not known to this model and goes unused.",
            read.used.join(", "),
            read.unused.join(", "),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_that_a_model_does_not_know_are_said_to_be_unused() {
        let classes = ["cat", "dog"].map(str::to_owned);
        assert_eq!(always_words("", &classes), None);
        assert!(always_words("nudity, racism", &classes).unwrap().contains("go unused"));
        assert_eq!(always_words("dog", &classes).unwrap(), "Settings adds “dog”.");
        let mixed = always_words("dog, racism", &classes).unwrap();
        assert!(mixed.starts_with("Settings adds “dog”; “racism” is not known"), "{mixed}");
    }
}
