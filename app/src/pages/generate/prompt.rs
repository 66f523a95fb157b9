//! What the pictures are to show, for a model that knows classes.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlTextAreaElement;

use super::completion::{completions, with_class};
use super::desk::Desk;
use super::entry::NumberField;
use crate::components::field::{Field, TextArea};
use crate::components::later::Later;
use crate::components::show::Show;
use crate::pages::part;

/// The most classes that are listed at once.
const LISTED: usize = 60;

#[component]
pub fn PromptFields() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let classes = Memo::new(move |_| desk.model().map(|model| model.classes).unwrap_or_default());
    let off = Signal::derive(move || classes.with(Vec::is_empty));
    let steers = Signal::derive(move || desk.model().is_some_and(|model| !model.needs_class));
    let prompt = desk.fields.at("prompt");
    let meant = Memo::new(move |_| {
        prompt.with(|prompt| classes.with(|classes| completions(prompt, classes)))
    });
    let complete = Callback::new(move |event: KeyboardEvent| {
        let first = meant.with_untracked(|meant| meant.first().cloned());
        if let Some(name) = first.filter(|_| is_tab_at_end(&event)) {
            event.prevent_default();
            prompt.update(|prompt| *prompt = with_class(prompt, &name, true));
        }
    });
    view! {
        <Field id="prompt" label="Prompt" fault=desk.fault.at("prompt")>
            <TextArea
                id="prompt"
                name="prompt"
                value=prompt
                placeholder="Classes, such as (name:1.3), one AND another, first..last"
                disabled=off
                fault=desk.fault.at("prompt")
                on_key=complete
            />
            <Classes classes meant />
        </Field>
        <Later part=part::GENERATE_CROWDED />
        <Show when=move || off.get()>
            <p class="help">
                "This model learned without classes, so there is nothing to ask it for in words, to stay away from, or to keep to by a CFG scale. Train one with the setting Classes, or choose one that has them."
            </p>
        </Show>
        <Show when=move || !off.get() && !steers.get()>
            <p class="help">
                "This model never learned to draw without a class, so it has no negative prompt and no CFG scale. The setting Class dropout of training gives them."
            </p>
        </Show>
        <Show when=move || off.get() || !steers.get()>
            <Later part=part::GENERATE_ALWAYS />
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

/// Whether Tab was pressed behind the last letter.
fn is_tab_at_end(event: &KeyboardEvent) -> bool {
    let plain = event.key() == "Tab" && !event.shift_key();
    let area =
        event.target().filter(|_| plain).map(|it| it.unchecked_into::<HtmlTextAreaElement>());
    area.is_some_and(|area| {
        area.selection_start().ok().flatten() == Some(area.value().encode_utf16().count() as u32)
    })
}

/// The classes that the word being typed may become, else those of the model. A click writes one into
/// the prompt.
#[component]
fn Classes(classes: Memo<Vec<String>>, meant: Memo<Vec<String>>) -> impl IntoView {
    let desk = expect_context::<Desk>();
    let prompt = desk.fields.at("prompt");
    let chip = move |words: String, choose: Callback<()>| {
        view! {
            <button type="button" class="chip" on:click=move |_| choose.run(())>
                {words}
            </button>
        }
    };
    let class = move |name: String, completes: bool| {
        let words = name.clone();
        let choose = move |()| {
            prompt.update(|prompt| *prompt = with_class(prompt, &name, completes));
            if completes {
                // Its chip goes, and more may be typed.
                focus_prompt();
            }
        };
        chip(words, Callback::new(choose))
    };
    let listed = move || {
        let meant = meant.get();
        let completes = !meant.is_empty();
        let names = if completes { meant } else { classes.get() };
        let first = match completes {
            true => view! { <kbd>"Tab"</kbd> }.into_any(),
            false => {
                chip("all".into(), Callback::new(move |()| prompt.set("..".into()))).into_any()
            }
        };
        let names = names.into_iter().take(LISTED);
        (first, names.map(|name| class(name, completes)).collect_view())
    };
    view! {
        <Show when=move || !classes.with(Vec::is_empty)>
            <div class="chips needs-script" role="group" aria-label="Classes of the model">
                {listed}
            </div>
        </Show>
    }
}

fn focus_prompt() {
    let area = document().get_element_by_id("prompt");
    if let Some(area) = area.and_then(|area| area.dyn_into::<HtmlTextAreaElement>().ok()) {
        let _ = area.focus();
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

/// Tells how many of the prompts have a picture, where there are not enough pictures.
#[component]
pub fn Crowded() -> impl IntoView {
    let desk = expect_context::<Desk>();
    let words = Memo::new(move |_| {
        let settings = desk.fields.typed().settings().ok()?;
        let prompts = settings.crowded_prompts(&desk.model()?.classes)?;
        Some(crowded_words(settings.images(), prompts))
    });
    (move || words.get().map(|words| view! { <p class="note" role="status">{words}</p> }))
        .into_render()
}

/// What becomes of `prompts` of which `images` alone are drawn.
fn crowded_words(images: usize, prompts: usize) -> String {
    let drawn = if images == 1 { "first".to_owned() } else { format!("first {images}") };
    format!(
        "Draws the {drawn} of the {prompts} that the prompt stands for. Ask for {prompts} images to have one of each."
    )
}

/// Tells of the words that go unused, and of those that Settings adds to every negative prompt.
#[component]
pub fn Always() -> impl IntoView {
    let desk = expect_context::<Desk>();
    // Those that a negative prompt may name: none without a negative prompt.
    let classes = Memo::new(move |_| {
        let model = desk.model().filter(|model| !model.needs_class);
        model.map(|model| model.classes).unwrap_or_default()
    });
    let typed = desk.fields.at("negative_prompt");
    let unused = move || typed.with(|words| classes.with(|classes| unused_words(words, classes)));
    let always = move || {
        let words = desk.live.preferences.with(|p| p.negative_prompt.clone());
        classes.with(|classes| always_words(&words, classes))
    };
    view! { <p class="help">{unused} " " {always}</p> }
}

/// What becomes of the words that were typed and name no class. Without classes there is no box to type
/// into.
fn unused_words(words: &str, classes: &[String]) -> Option<String> {
    if classes.is_empty() {
        return None;
    }
    let unused = engine::config::Negative::parse(words, classes).unused;
    let told = || format!("“{}” is not known to this model and goes unused.", unused.join(", "));
    (!unused.is_empty()).then(told)
}

/// What becomes of the words that Settings adds to every negative prompt.
fn always_words(words: &str, classes: &[String]) -> Option<String> {
    let read = engine::config::Negative::parse(words, classes);
    match (read.used.is_empty(), read.unused.is_empty()) {
        (true, true) => None,
        (true, false) if classes.is_empty() => Some(format!(
            "Settings adds “{words}” to all models; this one takes no negative prompt, so they go unused."
        )),
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
    fn prompts_without_a_picture_are_told() {
        assert!(crowded_words(1, 4).starts_with("Draws the first of the 4 that"));
        let told = crowded_words(2, 4);
        assert!(told.starts_with("Draws the first 2 of the 4 that"), "{told}");
        assert!(told.contains("Ask for 4 images"), "{told}");
    }

    #[test]
    fn typed_words_that_name_no_class_are_told() {
        let classes = ["cat", "dog"].map(str::to_owned);
        assert_eq!(unused_words("", &classes), None);
        assert_eq!(unused_words("blurry", &[]), None);
        assert_eq!(unused_words("dog, (cat:1.2)", &classes), None);
        let told = unused_words("blurry, dog, worst quality", &classes).unwrap();
        assert!(told.starts_with("“blurry, worst quality” is not known"), "{told}");
    }

    #[test]
    fn words_that_a_model_does_not_know_are_said_to_be_unused() {
        let classes = ["cat", "dog"].map(str::to_owned);
        assert_eq!(always_words("", &classes), None);
        assert!(always_words("nudity, racism", &classes).unwrap().contains("go unused"));
        assert_eq!(always_words("dog", &classes).unwrap(), "Settings adds “dog”.");
        let mixed = always_words("dog, racism", &classes).unwrap();
        assert!(mixed.starts_with("Settings adds “dog”; “racism” is not known"), "{mixed}");
        assert!(always_words("dog", &[]).unwrap().contains("takes no negative prompt"));
    }
}
