//! The title of the browser's tab.

use leptos::prelude::*;
use leptos_meta::Title;

/// Shows `now` as the title, for as long as the page is open.
///
/// The server writes the head last, when the signals of the page are gone, and those of a page that
/// somebody else asked for may stand in their place: so it takes the text that there is now.
pub fn tab_title(now: impl Fn() -> String + Send + Sync + 'static) -> AnyView {
    #[cfg(feature = "ssr")]
    let text = untrack(now);
    #[cfg(not(feature = "ssr"))]
    let text = now;
    view! { <Title text /> }.into_any()
}
