//! Elements and lists of nodes, made piece by piece. Each piece is a call of a function that is compiled once; Yew's own
//! macro writes the whole of an element into the place where it stands.

use std::borrow::Cow;
use std::rc::Rc;
use yew::virtual_dom::{AttributeOrProperty, Attributes, Key, Listener, Listeners, VList, VTag, VText};
use yew::{AttrValue, Html, NodeRef};

/// An element in the making.
pub struct Tag {
    name: &'static str,
    /// Attributes that never change.
    fixed: &'static [(&'static str, AttributeOrProperty)],
    /// The names of all attributes, if there are some that change.
    names: &'static [&'static str],
    values: Vec<Option<AttributeOrProperty>>,
    listeners: Vec<Option<Rc<dyn Listener>>>,
    node_ref: NodeRef,
    key: Option<Key>,
    nodes: Nodes,
}

impl std::fmt::Debug for Tag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tag").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Tag {
    /// `names` begins with those of `fixed`, or is empty.
    #[must_use]
    pub fn new(
        name: &'static str,
        fixed: &'static [(&'static str, AttributeOrProperty)],
        names: &'static [&'static str],
    ) -> Self {
        let mut values = Vec::new();
        if !names.is_empty() {
            values.reserve_exact(names.len());
            values.extend(fixed.iter().map(|(_, value)| Some(value.clone())));
        }
        Self {
            name,
            fixed,
            names,
            values,
            listeners: Vec::new(),
            node_ref: NodeRef::default(),
            key: None,
            nodes: Nodes::default(),
        }
    }

    /// The value of the next attribute; it is left out for `None`.
    pub fn set(&mut self, value: Option<AttrValue>) {
        self.values.push(value.map(AttributeOrProperty::Attribute));
    }

    /// Whether the next attribute, which has no value, is there.
    pub fn switch(&mut self, on: bool) {
        let name = self.names.get(self.values.len()).copied().unwrap_or_default();
        self.values.push(on.then_some(AttributeOrProperty::Static(name)));
    }

    /// Adds a listener.
    pub fn listen(&mut self, listener: Option<Rc<dyn Listener>>) {
        self.listeners.push(listener);
    }

    /// Lets the caller find the element in the page.
    pub fn node_ref(&mut self, node_ref: NodeRef) {
        self.node_ref = node_ref;
    }

    /// What it is known by among its siblings.
    pub fn key(&mut self, key: Key) {
        self.key = Some(key);
    }

    /// What is inside.
    pub const fn nodes(&mut self) -> &mut Nodes {
        &mut self.nodes
    }

    /// The element. What was set is used up.
    pub fn done(&mut self) -> Html {
        let attributes = if self.names.is_empty() {
            Attributes::Static(self.fixed)
        } else {
            Attributes::Dynamic {
                keys: self.names,
                values: std::mem::take(&mut self.values).into_boxed_slice(),
            }
        };
        let listeners = if self.listeners.is_empty() {
            Listeners::None
        } else {
            Listeners::Pending(std::mem::take(&mut self.listeners).into_boxed_slice())
        };
        let (name, node_ref, key) = (AttrValue::Static(self.name), self.node_ref.clone(), self.key.take());
        VTag::__new_other(name, node_ref, key, attributes, listeners, self.nodes.done()).into()
    }
}

/// Nodes beside one another.
#[derive(Debug, Default)]
pub struct Nodes(Vec<Html>);

impl Nodes {
    /// Adds a node.
    pub fn push(&mut self, node: Html) {
        self.0.push(node);
    }

    /// Adds words.
    pub fn text(&mut self, text: &'static str) {
        self.words(AttrValue::Static(text));
    }

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

    /// All of them as one node, and none are left.
    pub fn done(&mut self) -> Html {
        match self.0.len() {
            1 => self.0.pop().unwrap_or_default(),
            _ => VList::with_children(std::mem::take(&mut self.0), None).into(),
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
