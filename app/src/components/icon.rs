//! Small drawings on a 20×20 board, in the colour of the text around them.

use leptos::prelude::*;

#[derive(Clone, Copy, PartialEq)]
pub enum Icon {
    Dice,
    Reuse,
    Previous,
    Next,
    Close,
    Check,
    Star,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Icon::Dice => {
                "M4.5 3h11A1.5 1.5 0 0 1 17 4.5v11a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15.5v-11A1.5 1.5 0 0 1 4.5 3ZM7 7h.01M13 7h.01M10 10h.01M7 13h.01M13 13h.01"
            }
            Icon::Reuse => {
                "M4 8.5A6.3 6.3 0 0 1 15.5 7M15.5 3v4h-4M16 11.5A6.3 6.3 0 0 1 4.5 13M4.5 17v-4h4"
            }
            Icon::Previous => "M12.5 4 6.5 10l6 6",
            Icon::Next => "M7.5 4l6 6-6 6",
            Icon::Close => "M5 5l10 10M15 5 5 15",
            Icon::Check => "M4.5 10.5l3.5 3.5 7.5-8",
            Icon::Star => {
                "M10 3l2.1 4.5 4.9.6-3.6 3.4.9 4.9-4.3-2.4-4.3 2.4.9-4.9L3 8.1l4.9-.6L10 3Z"
            }
        }
    }
}

#[component]
pub fn Glyph(icon: Icon) -> impl IntoView {
    view! {
        <svg class="glyph" viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
            <path
                d=icon.path()
                fill="none"
                stroke="currentColor"
                stroke-width="1.6"
                stroke-linecap="round"
                stroke-linejoin="round"
            />
        </svg>
    }
}
