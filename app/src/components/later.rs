//! A piece of a page that needs no script at first: its code comes when somebody is about to use it.

use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::Element;

use crate::pages::part::Part;

/// The server writes `part` with the page, and until its code is here it is as it would be without
/// JavaScript. Then it is built anew in its place, out of what the page knows by then. Fields in it must
/// be heard by the form around them, so that nothing is lost that is typed before. A button that is
/// pressed before is pressed again when there is something behind it.
#[component]
pub fn Later(part: Part) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let hold = move |event: MouseEvent| hold(&event, place);
    let frame = view! { <div class="later" node_ref=place on:click=hold></div> };
    #[cfg(feature = "ssr")]
    let frame = frame.into_inner().child(part.written());
    #[cfg(feature = "hydrate")]
    browser::bring(part, place);
    frame.into_any()
}

/// Tells on a piece whether its code has come; not there while it may still come.
const HYDRATED: &str = "data-hydrated";

/// Stands on a button that was pressed before.
const PRESSED: &str = "data-pressed";

/// Remembers a button that is pressed before its code is here.
fn hold(event: &MouseEvent, place: NodeRef<html::Div>) {
    if place.get_untracked().is_none_or(|node| node.has_attribute(HYDRATED)) {
        return;
    }
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    if let Some(button) = target.and_then(|target| target.closest("button").ok().flatten()) {
        // What its form would do without a script waits, too.
        event.prevent_default();
        let _ = button.set_attribute(PRESSED, "");
    }
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::reactive::computed::ScopedFuture;
    use leptos::task::spawn_local;
    use leptos_router::ChooseView;
    use web_sys::{HtmlDetailsElement, HtmlDivElement, HtmlElement};

    use super::*;
    use crate::components::fold;
    use crate::live::Live;

    pub fn bring(part: Part, place: NodeRef<html::Div>) {
        let owner = Owner::current().unwrap_or_default();
        let live = expect_context::<Live>();
        Effect::new(move || {
            let Some(node) = place.get() else { return };
            if !node.has_child_nodes() || is_looked_into(&node) {
                live.want();
            }
            if live.wanted.get() {
                let owner = owner.clone();
                spawn_local(async move { replace(part, place, &node, owner).await });
            }
        });
    }

    /// Whether something in `node` is unfolded, or was left so.
    fn is_looked_into(node: &HtmlDivElement) -> bool {
        let folds = folds(node);
        !folds.is_empty()
            && (fold::is_any_left_open() || folds.iter().any(HtmlDetailsElement::open))
    }

    /// Loads the piece and puts it into its place, where a button that was pressed is pressed.
    async fn replace(part: Part, place: NodeRef<html::Div>, node: &HtmlDivElement, owner: Owner) {
        let has_come = part.load().await.is_ok();
        // What the server wrote is better than words about what did not come.
        let stays = !has_come && node.has_child_nodes();
        let view = match stays {
            true => None,
            false => Some(owner.with(|| ScopedFuture::new_untracked(part.choose())).await),
        };
        // The page may have been left by now.
        if place.try_get_untracked().flatten().is_none() {
            return;
        }
        let pressed = pressed(node);
        if let Some(view) = view {
            owner.with(|| put(node, view));
        }
        let _ = node.set_attribute(HYDRATED, if stays { "false" } else { "true" });
        if let Some((number, words)) = pressed {
            press(node, number, &words);
        }
    }

    /// The button that was pressed: which of them it is, and what stands on it.
    fn pressed(node: &HtmlDivElement) -> Option<(u32, Option<String>)> {
        let buttons = node.get_elements_by_tag_name("button");
        let mut all =
            (0..buttons.length()).filter_map(|number| Some((number, buttons.item(number)?)));
        let (number, button) = all.find(|(_, button)| button.has_attribute(PRESSED))?;
        Some((number, button.text_content()))
    }

    /// Only a button that says the same does the same.
    fn press(node: &HtmlDivElement, number: u32, words: &Option<String>) {
        let button = node.get_elements_by_tag_name("button").item(number);
        let button = button.filter(|button| button.text_content() == *words);
        if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
            button.click();
        }
    }

    /// Puts `view` into the place of what is in `node`; what was unfolded and where the focus is stays.
    fn put(node: &HtmlDivElement, view: AnyView) {
        let unfolded: Vec<bool> = folds(node).iter().map(HtmlDetailsElement::open).collect();
        let focus = focused(node);
        node.set_text_content(None);
        let mut state = view.build();
        state.mount(node, None);
        // Goes with the owner.
        StoredValue::new_local(state);
        for (fold, open) in folds(node).iter().zip(unfolded) {
            if open {
                fold.set_open(true);
            }
        }
        let element = focus.and_then(|id| document().get_element_by_id(&id));
        if let Some(element) = element.and_then(|element| element.dyn_into::<HtmlElement>().ok()) {
            let _ = element.focus();
        }
    }

    fn folds(node: &HtmlDivElement) -> Vec<HtmlDetailsElement> {
        let found = node.get_elements_by_tag_name("details");
        (0..found.length()).filter_map(|place| found.item(place)?.dyn_into().ok()).collect()
    }

    /// The id of the element in `node` that has the focus.
    fn focused(node: &HtmlDivElement) -> Option<String> {
        let element = document().active_element()?;
        node.contains(Some(&element)).then(|| element.id()).filter(|id| !id.is_empty())
    }
}
