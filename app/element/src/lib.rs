//! Leptos for the pages, with three differences: an HTML element is an [`Element`], whatever its tag,
//! its attributes and its handlers are; what stands in braces in a view is of few types, by
//! [`IntoRender`]; and answers of the server are read by [`json`].
//!
//! Leptos gives each tag, each attribute and each kind of value a type, and each of them brings its own
//! copy of all that renders and hydrates into the module that a browser loads: a third of a page was
//! such copies. `app` depends on this crate under the name `leptos`, so that `view!` finds these
//! elements. Tags that are not here are those of Leptos.

mod attribute;
mod element;
pub mod json;
mod render;
mod value;

pub use attribute::Place;
pub use element::{Element, IntoClasses, Standing};
pub use leptos::*;
#[doc(hidden)]
pub use render::__as_shared_reactive_fn;
pub use render::IntoRender;
pub use value::{IntoPlain, IntoValue, Plain, Value};

/// Functions that begin an element, by its tag.
macro_rules! tags {
    ($namespace:expr, $is_void:expr => $($tag:ident)*) => {$(
        pub fn $tag() -> $crate::Element {
            $crate::Element::new(stringify!($tag), $namespace, $is_void)
        }
    )*};
}

pub mod prelude {
    //! What pages are written with.

    pub use leptos::prelude::*;

    pub use crate::render::IntoRender;
}

pub mod server_fn {
    //! Server functions, whose answers are read by [`json`](crate::json).

    pub use leptos::server_fn::*;

    pub mod codec {
        //! Encodings of arguments and answers.

        pub use leptos::server_fn::codec::*;

        pub use crate::json::{Json, JsonEncoding};
    }
}

pub mod tachys {
    //! Where `view!` looks for elements.

    pub use leptos::tachys::*;

    pub mod html {
        //! Elements of HTML.

        pub use leptos::tachys::html::*;

        pub mod element {
            //! Elements of HTML by their tags.

            pub use leptos::tachys::html::element::*;

            tags! {
                None, false =>
                a article aside b blockquote body button canvas caption code datalist dd details dialog
                div dl dt em fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header i kbd label
                legend li main nav ol optgroup option output p pre progress section select small span
                strong sub summary sup table tbody td textarea tfoot th thead time tr ul
            }

            tags! { None, true => br col hr img input wbr }
        }
    }

    pub mod svg {
        //! Elements of SVG by their tags.

        pub use leptos::tachys::svg::*;

        tags! {
            Some("http://www.w3.org/2000/svg"), false =>
            circle defs ellipse g line path polygon polyline rect stop svg text
            tspan
        }
    }
}
