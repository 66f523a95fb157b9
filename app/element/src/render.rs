//! What stands in braces in `view!`, as views of few types.
//!
//! Leptos renders each kind of value by code of its own, and what follows a signal by one copy of it for
//! each kind that comes out. Here a closure always gives an [`AnyView`], an `Option` is what is in it or
//! nothing, and numbers are texts: what is left is a handful of types for all pages.

use std::any::Any;
use std::borrow::Cow;
use std::sync::{Arc, Mutex};

use leptos::prelude::{
    AnyView, Get, IntoAny, Memo, ReadSignal, RenderHtml, RwSignal, Signal, Suspend, View,
};
use leptos::tachys::reactive_graph::SharedReactiveFunction;

use crate::Element;

/// What can stand in braces; takes the place of the trait of this name in Leptos.
pub trait IntoRender {
    fn into_render(self) -> AnyView;
}

/// `view` as an [`AnyView`], but no [`AnyView`] of an [`AnyView`].
pub(crate) fn any<T: RenderHtml + Send + 'static>(view: T) -> AnyView {
    let mut view = Some(view);
    match (&mut view as &mut dyn Any).downcast_mut::<Option<AnyView>>().and_then(Option::take) {
        Some(view) => view,
        None => view.expect("it was no such view").into_any(),
    }
}

impl<F, T> IntoRender for F
where
    F: FnMut() -> T + Send + 'static,
    T: IntoRender,
{
    fn into_render(mut self) -> AnyView {
        let view: SharedReactiveFunction<AnyView> =
            Arc::new(Mutex::new(move || self().into_render()));
        view.into_any()
    }
}

/// As `view!` wraps closures; here [`IntoRender`] and [`IntoValue`](crate::IntoValue) do.
#[doc(hidden)]
pub fn __as_shared_reactive_fn<T, F: FnMut() -> T + Send + 'static>(closure: F) -> F {
    closure
}

macro_rules! signals {
    ($($signal:ident)*) => {$(
        impl<T> IntoRender for $signal<T>
        where
            T: IntoRender + Send + Sync + 'static,
            $signal<T>: Get<Value = T>,
        {
            fn into_render(self) -> AnyView {
                (move || self.get()).into_render()
            }
        }
    )*};
}

signals!(Signal Memo RwSignal ReadSignal);

macro_rules! views {
    ($([$($bound:tt)*] $kind:ty: $value:ident => $view:expr;)*) => {$(
        impl<$($bound)*> IntoRender for $kind {
            fn into_render(self) -> AnyView {
                let $value = self;
                $view
            }
        }
    )*};
}

views! {
    [] AnyView: view => view;
    [] Element: element => element.into_any();
    [T: RenderHtml<Owned: RenderHtml> + Send] View<T>: view => any(view.into_inner().into_owned());
    [T: RenderHtml + Send + 'static] Suspend<T>: view => view.into_any();
    [] (): nothing => nothing.into_any();
    [] String: text => text.into_any();
    [] &str: text => text.to_owned().into_any();
    [] Cow<'_, str>: text => text.into_owned().into_any();
    [] i64: number => number.to_string().into_any();
    [] u32: number => number.to_string().into_any();
    [] u64: number => number.to_string().into_any();
    [] usize: number => number.to_string().into_any();
    [T: IntoRender] Option<T>: view => view.map_or_else(|| ().into_any(), T::into_render);
    [T: IntoRender] Vec<T>: views => list(views.into_iter().map(T::into_render).collect());
    [T: IntoRender, const N: usize] [T; N]: views => Vec::from(views).into_render();
    [A: IntoRender, B: IntoRender] (A, B): pair => list(vec![pair.0.into_render(), pair.1.into_render()]);
}

fn list(views: Vec<AnyView>) -> AnyView {
    views.into_any()
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use leptos::prelude::{Owner, Set};

    use super::*;
    use crate::tachys::html::element::{b, p};

    fn html(view: impl IntoRender) -> String {
        p().child(view.into_render()).to_html()
    }

    #[test]
    fn what_stands_in_braces_is_written_as_it_is_now() {
        let owner = Owner::new();
        owner.set();
        let count = RwSignal::new(1_u64);
        let view =
            (move || (count.get() > 1).then(|| b().child(count.into_render()))).into_render();
        count.set(2);
        assert_eq!(html(view), "<p><b>2</b></p>");
        assert_eq!(
            html(Signal::derive(move || format!("{} & 3", count.get()))),
            "<p>2 &amp; 3</p>"
        );
    }

    #[test]
    fn a_list_has_a_mark_behind_it_where_more_can_come() {
        assert_eq!(html(vec![b(), b()]), "<p><b></b><b></b><!></p>");
        assert_eq!(html(("all", vec!["a", "b"])), "<p>all<!>a<!>b<!><!></p>");
    }
}
