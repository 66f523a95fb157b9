//! A piece of a page that needs no script at first: its code comes when the page has been taken over.

use leptos::html;
use leptos::prelude::*;

use crate::pages::part::Part;

/// The server writes `part` with the page, and until its code is here it is as it would be without
/// JavaScript. Then it is built anew in its place, out of what the page knows by then. Fields in it must
/// be heard by the form around them, so that nothing is lost that is typed before.
#[component]
pub fn Later(part: Part) -> impl IntoView {
    let place = NodeRef::<html::Div>::new();
    let frame = view! { <div class="later" node_ref=place></div> };
    #[cfg(feature = "ssr")]
    let frame = frame.into_inner().child(part.written());
    #[cfg(feature = "hydrate")]
    browser::bring(part, place);
    frame.into_any()
}

#[cfg(feature = "hydrate")]
mod browser {
    use leptos::reactive::computed::ScopedFuture;
    use leptos::task::spawn_local;
    use leptos_router::ChooseView;
    use wasm_bindgen::JsCast;
    use web_sys::{HtmlDetailsElement, HtmlDivElement, HtmlElement};

    use super::*;

    pub fn bring(part: Part, place: NodeRef<html::Div>) {
        let owner = Owner::current().unwrap_or_default();
        Effect::new(move || {
            let Some(node) = place.get() else { return };
            let owner = owner.clone();
            spawn_local(async move {
                // What the server wrote is better than words about what did not come.
                if part.load().await.is_err() && node.has_child_nodes() {
                    return;
                }
                let view = owner.with(|| ScopedFuture::new_untracked(part.choose())).await;
                // The page may have been left by now.
                if place.try_get_untracked().flatten().is_some() {
                    owner.with(|| put(&node, view));
                }
            });
        });
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
        let _ = node.set_attribute("data-hydrated", "true");
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
