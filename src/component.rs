//! The one type of component that the page has, and `html!`, which puts components into the page with it.
//!
//! A function with `#[component]` stays what it is; only Yew's scope and life cycle are no longer compiled for each of
//! them. `crates/html` says what that saves.

mod hooks;
mod markup;

pub use markup::{Content, Nodes, Shape, Tag};
use std::any::{Any, TypeId};
use std::rc::Rc;
use yew::functional::{FunctionComponent, FunctionProvider, HookContext};
use yew::virtual_dom::{Key, VChild};
use yew::{BaseComponent, Context, Html, HtmlResult, Properties};

/// What files that draw import in place of Yew's prelude: all of that, with our `html!` and our hook for effects.
pub mod prelude {
    pub use super::hooks::use_effect_with;
    pub use nn_lab_html::html;
    pub use yew::prelude::*;
}

/// A value whose type is not known, but that can be compared.
#[derive(Clone)]
struct Compared {
    value: Rc<dyn Any>,
    same: fn(&dyn Any, &dyn Any) -> bool,
}

impl Compared {
    fn new<T: PartialEq + 'static>(value: T) -> Self {
        Self { value: Rc::new(value), same: same::<T> }
    }
}

impl PartialEq for Compared {
    fn eq(&self, other: &Self) -> bool {
        (self.same)(&*self.value, &*other.value)
    }
}

/// A function component with its properties.
#[derive(Clone)]
struct Erased {
    properties: Compared,
    kind: TypeId,
    draw: fn(&mut HookContext, &dyn Any) -> HtmlResult,
}

impl PartialEq for Erased {
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind && self.properties == other.properties
    }
}

impl Properties for Erased {
    type Builder = Whole;

    fn builder() -> Whole {
        Whole
    }
}

/// `Erased` is made by [`put`] alone, so there is nothing to build.
#[derive(Debug)]
struct Whole;

/// Whichever function it was last given. A change to another function, where Yew's own components would be replaced,
/// ends the first one's hooks.
struct Component {
    kind: TypeId,
    hooks: FunctionComponent<Self>,
}

impl FunctionProvider for Component {
    type Properties = Erased;

    fn run(context: &mut HookContext, properties: &Erased) -> HtmlResult {
        (properties.draw)(context, &*properties.properties.value)
    }
}

impl BaseComponent for Component {
    type Message = ();
    type Properties = Erased;

    fn create(context: &Context<Self>) -> Self {
        Self { kind: context.props().kind, hooks: FunctionComponent::new(context) }
    }

    fn update(&mut self, _: &Context<Self>, (): ()) -> bool {
        true
    }

    fn changed(&mut self, context: &Context<Self>, _: &Erased) -> bool {
        if self.kind != context.props().kind {
            self.hooks.destroy();
            *self = Self::create(context);
        }
        true
    }

    fn view(&self, context: &Context<Self>) -> HtmlResult {
        self.hooks.render(context.props())
    }

    fn rendered(&mut self, _: &Context<Self>, _: bool) {
        self.hooks.rendered();
    }

    fn destroy(&mut self, _: &Context<Self>) {
        self.hooks.destroy();
    }

    fn prepare_state(&self) -> Option<String> {
        None
    }
}

/// The component `F` with these properties. `html!` writes this call for every tag of a component.
pub fn put<F>(properties: F::Properties, key: Option<Key>) -> Html
where
    F: FunctionProvider + 'static,
    F::Properties: 'static,
{
    node(Compared::new(properties), TypeId::of::<F>(), draw::<F>, key)
}

/// Compiled once, while `put` is compiled for every component.
fn node(
    properties: Compared,
    kind: TypeId,
    draw: fn(&mut HookContext, &dyn Any) -> HtmlResult,
    key: Option<Key>,
) -> Html {
    VChild::<Component>::new(Erased { properties, kind, draw }, key).into()
}

fn draw<F: FunctionProvider>(context: &mut HookContext, properties: &dyn Any) -> HtmlResult
where
    F::Properties: 'static,
{
    match properties.downcast_ref::<F::Properties>() {
        Some(properties) => F::run(context, properties),
        // `put` has set both, so they fit.
        None => Ok(Html::default()),
    }
}

fn same<P: PartialEq + 'static>(one: &dyn Any, other: &dyn Any) -> bool {
    matches!((one.downcast_ref::<P>(), other.downcast_ref::<P>()), (Some(one), Some(other)) if one == other)
}
