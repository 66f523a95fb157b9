//! An element of HTML or SVG of any tag.

use leptos::prelude::*;
use leptos::tachys::html::attribute::Attribute as AnAttribute;
use leptos::tachys::html::attribute::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::tachys::html::element::ElementType;
use leptos::tachys::html::event::EventDescriptor;
use leptos::tachys::html::node_ref::NodeRefContainer;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::renderer::types::{Element as Node, Event, Node as AnyNode};
use leptos::tachys::renderer::{CastFrom, Rndr};
use leptos::tachys::ssr::StreamBuilder;
use leptos::tachys::view::any_view::{AnyView, AnyViewState};
use leptos::tachys::view::{Mountable, Position, PositionState};

use crate::attribute::{Attribute, Held, Listener, Place, write_attribute, write_escaped};
use crate::render::any;
use crate::value::{IntoValue, Value};

/// An element with what is said of it and what is in it.
pub struct Element {
    tag: &'static str,
    namespace: Option<&'static str>,
    /// Has no children and no closing tag, like `<img>`.
    is_void: bool,
    attributes: Vec<Attribute>,
    children: Vec<AnyView>,
}

impl Element {
    /// An empty one; of HTML unless `namespace` says otherwise.
    pub fn new(tag: &'static str, namespace: Option<&'static str>, is_void: bool) -> Self {
        Self { tag, namespace, is_void, attributes: Vec::new(), children: Vec::new() }
    }

    fn set(mut self, place: Place, value: Value) -> Self {
        self.attributes.push(Attribute::Set(place, value));
        self
    }

    pub fn child<C: RenderHtml<Owned: RenderHtml> + Send>(mut self, child: C) -> Self {
        self.children.push(any(child.into_owned()));
        self
    }

    pub fn attr(self, name: &'static str, value: impl IntoValue) -> Self {
        self.set(Place::Attribute(name), value.into_value())
    }

    pub fn class(self, class: impl IntoClasses) -> Self {
        let (place, value) = class.into_classes();
        self.set(place, value)
    }

    pub fn style(self, (name, value): (&'static str, impl IntoValue)) -> Self {
        self.set(Place::Style(name), value.into_value())
    }

    pub fn prop(self, name: &'static str, value: impl IntoValue) -> Self {
        self.set(Place::Property(name), value.into_value())
    }

    #[expect(clippy::needless_pass_by_value, reason = "`view!` hands the event over")]
    pub fn on<E>(mut self, event: E, mut call: impl FnMut(E::EventType) + 'static) -> Self
    where
        E: EventDescriptor,
        E::EventType: From<Event>,
    {
        let std::borrow::Cow::Borrowed(name) = event.name() else {
            panic!("an event of a page has a name that is known when it is compiled")
        };
        let call = move |event: Event| call(event.into());
        self.attributes.push(Attribute::On(Listener::new(name, call)));
        self
    }

    pub fn node_ref<E: ElementType>(mut self, place: impl NodeRefContainer<E>) -> Self {
        self.attributes.push(Attribute::Ref(Box::new(move |node| place.clone().load(node))));
        self
    }

    /// The opening tag, and behind it what is typed in a text area: HTML has no attribute for that.
    fn opening(&mut self, extra: Vec<AnyAttribute>) -> String {
        let typed = self.typed();
        let (mut tag, mut classes, mut style) =
            (format!("<{}", self.tag), String::new(), String::new());
        let extra = extra.into_iter().map(Attribute::Other);
        for attribute in self.attributes.drain(..).chain(extra) {
            attribute.write(&mut tag, &mut classes, &mut style);
        }
        for (name, text) in [("class", classes.trim()), ("style", style.trim())] {
            if !text.is_empty() {
                write_attribute(name, text, &mut tag);
            }
        }
        tag.push('>');
        if !typed.is_empty() {
            // HTML drops this line break instead of one that the text begins with.
            tag.push('\n');
            write_escaped(&typed, &mut tag);
        }
        tag
    }

    /// What a text area has to begin with. As a child it would be a text, of which the page of the server
    /// has a space where it is empty, and a space hides the placeholder.
    fn typed(&mut self) -> String {
        let value = |attribute: &mut Attribute| attribute.property("value");
        let value = self.attributes.iter_mut().filter(|_| self.tag == "textarea").find_map(value);
        value.and_then(|value| value.text().map(str::to_owned)).unwrap_or_default()
    }

    fn closing(&self) -> String {
        if self.is_void { String::new() } else { format!("</{}>", self.tag) }
    }

    /// Whether an element that stands in the page only needs new values.
    fn fits(&self, state: &Standing) -> bool {
        self.tag == state.tag
            && self.attributes.len() == state.attributes.len()
            && self.children.len() == state.children.len()
            && self.attributes.iter().zip(&state.attributes).all(|(new, held)| new.fits(held))
    }

    /// Takes over the element that the cursor comes to.
    fn find(&mut self, cursor: &Cursor, position: &PositionState) -> (Node, Vec<Held>) {
        match position.get() {
            Position::FirstChild => cursor.child(),
            Position::Current => {}
            _ => cursor.sibling(),
        }
        let Some(node) = Node::cast_from(cursor.current()) else {
            panic!("the page of the server has no <{}> where the browser's has one", self.tag)
        };
        let held = self.attributes.drain(..).map(|attribute| attribute.put(&node, true)).collect();
        position.set(Position::FirstChild);
        (node, held)
    }

    /// What stands in the page, once its children were found; the cursor goes on behind it.
    fn found(
        self,
        node: Node,
        attributes: Vec<Held>,
        children: Vec<AnyViewState>,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Standing {
        cursor.set(AsRef::<AnyNode>::as_ref(&node).clone());
        position.set(Position::NextChild);
        Standing { tag: self.tag, node, attributes, children }
    }
}

/// What `class=` and `class:name=` take.
pub trait IntoClasses {
    fn into_classes(self) -> (Place, Value);
}

impl<V: IntoValue> IntoClasses for V {
    fn into_classes(self) -> (Place, Value) {
        (Place::Classes, self.into_value())
    }
}

impl<V: IntoValue> IntoClasses for (&'static str, V) {
    fn into_classes(self) -> (Place, Value) {
        (Place::Class(self.0), self.1.into_value())
    }
}

/// An element that stands in the page.
pub struct Standing {
    tag: &'static str,
    node: Node,
    attributes: Vec<Held>,
    children: Vec<AnyViewState>,
}

impl Mountable for Standing {
    fn unmount(&mut self) {
        Rndr::remove(&self.node);
    }

    fn mount(&mut self, parent: &Node, marker: Option<&AnyNode>) {
        Rndr::insert_node(parent, &self.node, marker);
    }

    fn try_mount(&mut self, parent: &Node, marker: Option<&AnyNode>) -> bool {
        Rndr::try_insert_node(parent, &self.node, marker)
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        let parent = Rndr::get_parent(&self.node).and_then(Node::cast_from);
        if let Some(parent) = &parent {
            child.mount(parent, Some(&self.node));
        }
        parent.is_some()
    }

    fn elements(&self) -> Vec<Node> {
        vec![self.node.clone()]
    }
}

impl Render for Element {
    type State = Standing;

    fn build(self) -> Standing {
        let node = Rndr::create_element(self.tag, self.namespace);
        let attributes =
            self.attributes.into_iter().map(|attribute| attribute.put(&node, false)).collect();
        let mount = |child: AnyView| {
            let mut child = child.build();
            child.mount(&node, None);
            child
        };
        let children = self.children.into_iter().map(mount).collect();
        Standing { tag: self.tag, node, attributes, children }
    }

    fn rebuild(self, state: &mut Standing) {
        if !self.fits(state) {
            let mut new = self.build();
            state.insert_before_this(&mut new);
            state.unmount();
            *state = new;
            return;
        }
        for (attribute, held) in self.attributes.into_iter().zip(&mut state.attributes) {
            attribute.replace(&state.node, held);
        }
        for (child, state) in self.children.into_iter().zip(&mut state.children) {
            child.rebuild(state);
        }
    }
}

impl AddAnyAttr for Element {
    type Output<A: AnAttribute> = Element;

    fn add_any_attr<A: AnAttribute>(mut self, attribute: A) -> Element {
        self.attributes.push(Attribute::Other(attribute.into_cloneable_owned().into_any_attr()));
        self
    }
}

impl RenderHtml for Element {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {
        self.attributes.iter_mut().for_each(Attribute::dry_resolve);
        self.children.iter_mut().for_each(RenderHtml::dry_resolve);
    }

    async fn resolve(mut self) -> Self {
        // What a signal says is read now: its owner may be gone when the element is written.
        self.attributes.iter_mut().for_each(Attribute::resolve);
        let mut children = Vec::with_capacity(self.children.len());
        for child in self.children {
            children.push(child.resolve().await);
        }
        self.children = children;
        self
    }

    fn to_html_with_buf(
        mut self,
        html: &mut String,
        position: &mut Position,
        _escape: bool,
        mark_branches: bool,
        extra: Vec<AnyAttribute>,
    ) {
        html.push_str(&self.opening(extra));
        *position = Position::FirstChild;
        for child in std::mem::take(&mut self.children) {
            child.to_html_with_buf(html, position, true, mark_branches, Vec::new());
        }
        html.push_str(&self.closing());
        *position = Position::NextChild;
    }

    fn to_html_async_with_buf<const OUT_OF_ORDER: bool>(
        mut self,
        html: &mut StreamBuilder,
        position: &mut Position,
        _escape: bool,
        mark_branches: bool,
        extra: Vec<AnyAttribute>,
    ) {
        html.push_sync(&self.opening(extra));
        *position = Position::FirstChild;
        for child in std::mem::take(&mut self.children) {
            child.to_html_async_with_buf::<OUT_OF_ORDER>(
                html,
                position,
                true,
                mark_branches,
                Vec::new(),
            );
        }
        html.push_sync(&self.closing());
        *position = Position::NextChild;
    }

    fn hydrate<const FROM_SERVER: bool>(
        mut self,
        cursor: &Cursor,
        position: &PositionState,
    ) -> Standing {
        let (node, attributes) = self.find(cursor, position);
        let children = std::mem::take(&mut self.children)
            .into_iter()
            .map(|child| child.hydrate::<FROM_SERVER>(cursor, position))
            .collect();
        self.found(node, attributes, children, cursor, position)
    }

    /// Only a page of which pieces are loaded while it is taken over waits for its elements.
    async fn hydrate_async(self, cursor: &Cursor, position: &PositionState) -> Standing {
        self.hydrate::<true>(cursor, position)
    }

    fn into_owned(self) -> Self {
        self
    }
}

/// Methods for attributes, by their names.
macro_rules! attributes {
    ($($method:ident $name:literal,)*) => {
        impl Element {$(
            pub fn $method(self, value: impl IntoValue) -> Self {
                self.attr($name, value)
            }
        )*}
    };
}

attributes! {
    accept "accept", action "action", alt "alt", r#as "as", autocomplete "autocomplete",
    checked "checked", cols "cols", colspan "colspan", content "content", dir "dir",
    disabled "disabled", download "download", draggable "draggable", enctype "enctype",
    r#for "for", form "form", formaction "formaction", formenctype "formenctype",
    formmethod "formmethod", formnovalidate "formnovalidate", headers "headers", height "height",
    hidden "hidden", href "href", id "id", inputmode "inputmode", label "label", lang "lang", list "list",
    loading "loading", max "max", maxlength "maxlength", method "method", min "min",
    multiple "multiple", name "name", novalidate "novalidate", open "open", pattern "pattern",
    placeholder "placeholder", readonly "readonly", rel "rel", required "required", role "role",
    rows "rows", scope "scope", selected "selected", size "size", spellcheck "spellcheck", src "src",
    srcset "srcset", step "step", tabindex "tabindex", target "target", title "title",
    r#type "type", value "value", width "width",
    aria_busy "aria-busy", aria_controls "aria-controls", aria_current "aria-current",
    aria_describedby "aria-describedby", aria_disabled "aria-disabled", aria_expanded "aria-expanded",
    aria_haspopup "aria-haspopup", aria_hidden "aria-hidden", aria_invalid "aria-invalid",
    aria_keyshortcuts "aria-keyshortcuts", aria_label "aria-label",
    aria_labelledby "aria-labelledby", aria_live "aria-live", aria_pressed "aria-pressed",
    aria_posinset "aria-posinset", aria_selected "aria-selected", aria_setsize "aria-setsize", aria_valuemax "aria-valuemax", aria_valuemin "aria-valuemin",
    aria_valuenow "aria-valuenow", aria_valuetext "aria-valuetext",
}

#[cfg(all(test, feature = "ssr"))]
mod tests {
    use super::*;
    use crate::tachys::html::element::{div, img, p, textarea};

    #[test]
    fn an_element_is_written_with_its_attributes_and_children() {
        let html = div()
            .title("\"a\" < b")
            .class("wide")
            .class(("open", true))
            .class(("shut", false))
            .style(("width", "4px"))
            .hidden(true)
            .disabled(None::<String>)
            .prop("value", "unwritten")
            .child(p().child("x & y"))
            .child(img().src("a.png"))
            .to_html();
        let tag =
            "<div title=\"&quot;a&quot; &lt; b\" hidden class=\"wide open\" style=\"width:4px;\">";
        assert_eq!(html, format!("{tag}<p>x &amp; y</p><img src=\"a.png\"></div>"));
    }

    #[test]
    fn a_text_area_is_written_with_what_is_typed_in_it_and_nothing_else() {
        let owner = Owner::new();
        owner.set();
        let typed = RwSignal::new(String::new());
        let html = || textarea().prop("value", move || typed.get()).to_html();
        assert_eq!(html(), "<textarea></textarea>");
        typed.set("\n7 </textarea>".into());
        assert_eq!(html(), "<textarea>\n\n7 &lt;/textarea&gt;</textarea>");
    }

    #[test]
    fn a_value_that_follows_a_signal_is_written_as_it_is_now() {
        let owner = Owner::new();
        owner.set();
        let words = RwSignal::new("before");
        let element = p().title(words).class(move || words.get().to_owned());
        words.set("after");
        assert_eq!(element.to_html(), "<p title=\"after\" class=\"after\"></p>");
    }
}
