//! What is said of an element beside its tag and its children.

use leptos::prelude::RenderEffect;
use leptos::reactive::owner::Owner;
use leptos::tachys::html::attribute::Attribute as _;
use leptos::tachys::html::attribute::any_attribute::{AnyAttribute, AnyAttributeState};
use leptos::tachys::renderer::types::{Element as Node, Event};
use leptos::tachys::renderer::{RemoveEventHandler, Rndr};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsValue;

use crate::value::{Plain, Value};

/// What of an element a value is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Attribute(&'static str),
    /// All classes.
    Classes,
    /// One class, which is on or off.
    Class(&'static str),
    /// A property of its style.
    Style(&'static str),
    /// A property of the object, which HTML cannot tell of.
    Property(&'static str),
}

/// One attribute, handler or the like.
pub(crate) enum Attribute {
    Set(Place, Value),
    On(Listener),
    /// Gives the element to a `NodeRef`.
    Ref(Box<dyn Fn(&Node) + Send>),
    /// One of Leptos' own, which was spread over a component.
    Other(AnyAttribute),
}

type Call = Box<dyn FnMut(Event)>;

/// What hears an event.
pub(crate) struct Listener {
    name: &'static str,
    owner: Owner,
    /// Only in the browser.
    call: Option<SendWrapper<Call>>,
}

impl Listener {
    pub fn new(name: &'static str, call: impl FnMut(Event) + 'static) -> Self {
        let owner = Owner::current().unwrap_or_default();
        let call = (!cfg!(feature = "ssr")).then(|| SendWrapper::new(Box::new(call) as Call));
        Self { name, owner, call }
    }

    fn attach(self, node: &Node) -> Option<RemoveEventHandler<Node>> {
        let (mut call, owner) = (self.call?.take(), self.owner);
        let heard = move |event| owner.with(|| call(event));
        Some(Rndr::add_event_listener(node, self.name, Box::new(heard)))
    }
}

/// What an attribute leaves behind on an element that stands in a page.
pub(crate) enum Held {
    /// A value that stands still.
    Set(Place, Plain),
    /// A value that follows its signals.
    Follows(Place, RenderEffect<Plain>),
    /// Goes when it is dropped.
    On(#[expect(dead_code, reason = "kept for its end")] Option<RemoveEventHandler<Node>>),
    Ref,
    Other(AnyAttributeState),
}

impl Attribute {
    /// Puts it on an element: on one that the server wrote, or on a fresh one.
    pub fn put(self, node: &Node, written: bool) -> Held {
        match self {
            Attribute::Set(place, value) => place.hold(node, value, written, None),
            Attribute::On(listener) => Held::On(listener.attach(node)),
            Attribute::Ref(load) => {
                load(node);
                Held::Ref
            }
            Attribute::Other(other) if written => Held::Other(other.hydrate::<true>(node)),
            Attribute::Other(other) => Held::Other(other.build(node)),
        }
    }

    /// Whether an element that holds `held` needs no more than [`Attribute::replace`] for this one.
    pub fn fits(&self, held: &Held) -> bool {
        match (self, held) {
            (Attribute::Set(place, _), Held::Set(held, _) | Held::Follows(held, _)) => {
                place == held
            }
            (Attribute::On(_), Held::On(_)) | (Attribute::Ref(_), Held::Ref) => true,
            (Attribute::Other(_), Held::Other(_)) => true,
            _ => false,
        }
    }

    /// Takes the place of `held`, which it fits.
    pub fn replace(self, node: &Node, held: &mut Held) {
        match (self, held) {
            (Attribute::Set(place, value), held) => {
                let shown = match held {
                    Held::Set(_, shown) => Some(shown.clone()),
                    Held::Follows(_, effect) => effect.take_value(),
                    _ => None,
                };
                *held = place.hold(node, value, false, shown);
            }
            (Attribute::Other(other), Held::Other(state)) => other.rebuild(state),
            (attribute, held) => {
                // The old handler goes before the new one comes.
                *held = Held::Ref;
                *held = attribute.put(node, false);
            }
        }
    }

    /// Reads the signals that it follows, for whoever waits for what they wait for.
    pub fn dry_resolve(&mut self) {
        match self {
            Attribute::Set(_, value) => drop(value.now()),
            Attribute::Other(other) => other.dry_resolve(),
            Attribute::On(_) | Attribute::Ref(_) => {}
        }
    }

    /// Reads the signals that it follows for good.
    pub fn resolve(&mut self) {
        if let Attribute::Set(_, value) = self {
            *value = Value::Plain(value.now());
        }
    }

    /// What it sets the property called `name` to, if it sets that one.
    pub fn property(&mut self, name: &str) -> Option<Plain> {
        match self {
            Attribute::Set(Place::Property(known), value) if *known == name => Some(value.now()),
            _ => None,
        }
    }

    /// Writes it into the tag of the element, or into what the element's classes and style are.
    pub fn write(self, tag: &mut String, classes: &mut String, style: &mut String) {
        match self {
            Attribute::Set(place, mut value) => place.write(&value.now(), tag, classes, style),
            Attribute::Other(other) => other.to_html(tag, classes, style, &mut String::new()),
            Attribute::On(_) | Attribute::Ref(_) => {}
        }
    }
}

impl Place {
    /// Sets `value` and follows it. `shown` is what the element has of it by now.
    fn hold(self, node: &Node, value: Value, written: bool, shown: Option<Plain>) -> Held {
        match value {
            Value::Plain(plain) => {
                self.change(node, &plain, written, shown.as_ref());
                Held::Set(self, plain)
            }
            Value::Live(read) => Held::Follows(self, self.follow(node, read, written, shown)),
        }
    }

    fn follow(
        self,
        node: &Node,
        mut read: Box<dyn FnMut() -> Plain + Send>,
        mut written: bool,
        shown: Option<Plain>,
    ) -> RenderEffect<Plain> {
        let node = node.clone();
        let change = move |shown: Option<Plain>| {
            let plain = read();
            self.change(&node, &plain, written, shown.as_ref());
            written = false;
            plain
        };
        RenderEffect::new_with_value(change, shown)
    }

    /// Makes the element have `plain` after `shown`, unless the server wrote it.
    fn change(self, node: &Node, plain: &Plain, written: bool, shown: Option<&Plain>) {
        // A person may have changed a property, and no HTML tells of one.
        let is_property = matches!(self, Place::Property(_));
        if is_property || !written && shown != Some(plain) {
            self.set(node, plain, shown.is_none());
        }
    }

    fn set(self, node: &Node, plain: &Plain, is_fresh: bool) {
        match (self, plain.text()) {
            (Place::Property(name), _) => {
                if *plain != Plain::Absent {
                    Rndr::set_property_or_value(node, name, &property(plain));
                }
            }
            (_, None) if is_fresh => {}
            (Place::Attribute(name), Some(text)) => Rndr::set_attribute(node, name, text),
            (Place::Attribute(name), None) => Rndr::remove_attribute(node, name),
            (Place::Classes, text) => Rndr::set_attribute(node, "class", text.unwrap_or_default()),
            (Place::Class(name), Some(_)) => Rndr::add_class(&Rndr::class_list(node), name),
            (Place::Class(name), None) => Rndr::remove_class(&Rndr::class_list(node), name),
            (Place::Style(name), Some(text)) => {
                Rndr::set_css_property(&Rndr::style(node), name, text);
            }
            (Place::Style(name), None) => Rndr::remove_css_property(&Rndr::style(node), name),
        }
    }

    fn write(self, plain: &Plain, tag: &mut String, classes: &mut String, style: &mut String) {
        match (self, plain.text()) {
            (Place::Property(_), _) | (_, None) => {}
            (Place::Attribute(name), Some(_)) if *plain == Plain::Flag(true) => {
                tag.push(' ');
                tag.push_str(name);
            }
            (Place::Attribute(name), Some(text)) => write_attribute(name, text, tag),
            (Place::Classes, Some(text)) => {
                classes.push(' ');
                classes.push_str(text);
            }
            (Place::Class(name), Some(_)) => {
                classes.push(' ');
                classes.push_str(name);
            }
            (Place::Style(name), Some(text)) => {
                for piece in [name, ":", text, ";"] {
                    style.push_str(piece);
                }
            }
        }
    }
}

fn property(plain: &Plain) -> JsValue {
    match plain {
        Plain::Absent => JsValue::UNDEFINED,
        Plain::Flag(on) => JsValue::from_bool(*on),
        Plain::Text(text) => JsValue::from_str(text),
    }
}

/// Writes ` name="text"`.
pub(crate) fn write_attribute(name: &str, text: &str, tag: &mut String) {
    tag.push(' ');
    tag.push_str(name);
    tag.push_str("=\"");
    write_escaped(text, tag);
    tag.push('"');
}

/// Writes `text` so that none of it is read as HTML.
pub(crate) fn write_escaped(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '"' => html.push_str("&quot;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            other => html.push(other),
        }
    }
}
