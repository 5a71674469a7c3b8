//! Elements and lists of nodes, made piece by piece. Each piece is a call of a function that is compiled once; Yew's own
//! macro writes the whole of an element into the place where it stands.

use std::borrow::Cow;
use std::rc::Rc;
use wasm_bindgen::JsValue;
use yew::virtual_dom::{AttributeOrProperty, Attributes, Key, Listener, Listeners, VList, VTag, VText};
use yew::{AttrValue, Html, NodeRef};

/// What of an element is known while the page is compiled.
#[derive(Debug)]
pub struct Shape {
    /// `div`
    pub name: &'static str,
    /// Attributes that never change.
    pub fixed: &'static [(&'static str, AttributeOrProperty)],
    /// The names of all attributes, those of `fixed` first; none if no attribute changes.
    pub names: &'static [&'static str],
}

/// An element in the making. Its functions are never inlined: each is called from some hundred places.
pub struct Tag(Box<Parts>);

struct Parts {
    shape: &'static Shape,
    values: Vec<Option<AttributeOrProperty>>,
    listeners: Vec<Option<Rc<dyn Listener>>>,
    node_ref: NodeRef,
    key: Option<Key>,
    nodes: Nodes,
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Tag").field(&self.0.shape.name).finish()
    }
}

impl Tag {
    /// Nothing is set yet but what never changes.
    #[inline(never)]
    #[must_use]
    pub fn new(shape: &'static Shape) -> Self {
        let mut values = Vec::new();
        if !shape.names.is_empty() {
            values.reserve_exact(shape.names.len());
            values.extend(shape.fixed.iter().map(|(_, value)| Some(value.clone())));
        }
        let (listeners, node_ref, nodes) = (Vec::new(), NodeRef::default(), Nodes::default());
        Self(Box::new(Parts { shape, values, listeners, node_ref, key: None, nodes }))
    }

    /// The value of the next attribute; it is left out for `None`.
    #[inline(never)]
    pub fn set(&mut self, value: Option<AttrValue>) {
        self.0.values.push(value.map(AttributeOrProperty::Attribute));
    }

    /// The value of the next attribute, which is `style`. It is set as the element's property: the page's policy
    /// (`index.html`) refuses styles in attributes, and a style that a script sets by name is none.
    #[inline(never)]
    pub fn style(&mut self, value: Option<AttrValue>) {
        self.0.values.push(value.map(|text| AttributeOrProperty::Property(JsValue::from_str(&text))));
    }

    /// Whether the next attribute, which has no value, is there.
    #[inline(never)]
    pub fn switch(&mut self, on: bool) {
        let name = self.0.shape.names.get(self.0.values.len()).copied().unwrap_or_default();
        self.0.values.push(on.then_some(AttributeOrProperty::Static(name)));
    }

    /// Adds a listener.
    #[inline(never)]
    pub fn listen(&mut self, listener: Option<Rc<dyn Listener>>) {
        self.0.listeners.push(listener);
    }

    /// Lets the caller find the element in the page.
    pub fn node_ref(&mut self, node_ref: NodeRef) {
        self.0.node_ref = node_ref;
    }

    /// What it is known by among its siblings.
    pub fn key(&mut self, key: Key) {
        self.0.key = Some(key);
    }

    /// Adds a node inside.
    #[inline(never)]
    pub fn push(&mut self, node: Html) {
        self.0.nodes.push(node);
    }

    /// Adds words inside.
    #[inline(never)]
    pub fn text(&mut self, text: &'static str) {
        self.0.nodes.text(text);
    }

    /// Adds inside what an expression came to.
    pub fn add<T: Content>(&mut self, content: T) {
        content.add_to(&mut self.0.nodes);
    }

    /// Adds one after the other inside.
    pub fn each<I>(&mut self, contents: I)
    where
        I: IntoIterator,
        I::Item: Content,
    {
        self.0.nodes.each(contents);
    }

    /// The element.
    #[inline(never)]
    pub fn done(self) -> Html {
        let Parts { shape, values, listeners, node_ref, key, nodes } = *self.0;
        let attributes = if shape.names.is_empty() {
            Attributes::Static(shape.fixed)
        } else {
            Attributes::Dynamic { keys: shape.names, values: values.into_boxed_slice() }
        };
        let listeners = if listeners.is_empty() {
            Listeners::None
        } else {
            Listeners::Pending(listeners.into_boxed_slice())
        };
        VTag::__new_other(AttrValue::Static(shape.name), node_ref, key, attributes, listeners, nodes.done())
            .into()
    }
}

/// Nodes beside one another.
#[derive(Debug, Default)]
pub struct Nodes(Vec<Html>);

impl Nodes {
    /// Adds a node.
    #[inline(never)]
    pub fn push(&mut self, node: Html) {
        self.0.push(node);
    }

    /// Adds words.
    #[inline(never)]
    pub fn text(&mut self, text: &'static str) {
        self.words(AttrValue::Static(text));
    }

    #[inline(never)]
    fn words(&mut self, text: AttrValue) {
        self.0.push(VText::new(text).into());
    }

    /// Adds what an expression came to.
    pub fn add<T: Content>(&mut self, content: T) {
        content.add_to(self);
    }

    /// Adds one after the other.
    pub fn each<I>(&mut self, contents: I)
    where
        I: IntoIterator,
        I::Item: Content,
    {
        for content in contents {
            content.add_to(self);
        }
    }

    /// All of them as one node.
    #[inline(never)]
    pub fn done(mut self) -> Html {
        match self.0.len() {
            1 => self.0.pop().unwrap_or_default(),
            _ => VList::with_children(self.0, None).into(),
        }
    }
}

/// What can stand in the braces of a block.
pub trait Content {
    /// Adds itself.
    fn add_to(self, nodes: &mut Nodes);
}

impl Content for Html {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.push(self);
    }
}

impl<T: Content> Content for Option<T> {
    fn add_to(self, nodes: &mut Nodes) {
        if let Some(content) = self {
            content.add_to(nodes);
        }
    }
}

impl<T: Content> Content for Vec<T> {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.each(self);
    }
}

impl Content for AttrValue {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.words(self);
    }
}

impl Content for &AttrValue {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.words(self.clone());
    }
}

impl Content for &str {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.words(self.to_owned().into());
    }
}

impl Content for String {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.words(self.into());
    }
}

impl Content for &String {
    fn add_to(self, nodes: &mut Nodes) {
        self.clone().add_to(nodes);
    }
}

impl Content for Cow<'static, str> {
    fn add_to(self, nodes: &mut Nodes) {
        nodes.words(self.into());
    }
}

/// Numbers and letters, written out.
macro_rules! written {
    ($($kind:ty)*) => {$(
        impl Content for $kind {
            fn add_to(self, nodes: &mut Nodes) {
                self.to_string().add_to(nodes);
            }
        }
    )*};
}

written! { char u32 u64 usize i32 f64 }
