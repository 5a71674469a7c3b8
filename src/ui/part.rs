//! Parts of a panel that the author of a link may leave out.

use crate::assignment::Assignment;
use std::rc::Rc;
use yew::prelude::*;

/// What the author of this page's address has decided.
#[hook]
pub fn use_assignment() -> Rc<Assignment> {
    use_context::<Rc<Assignment>>().unwrap_or_default()
}

#[derive(Clone, PartialEq, Properties, Debug)]
pub struct HideableProps {
    /// The name that `hide=` knows it by.
    pub name: &'static str,
    pub children: Html,
}

/// What it encloses, unless the lesson hides it.
#[component]
pub fn Hideable(props: &HideableProps) -> Html {
    if use_assignment().hides(props.name) { Html::default() } else { props.children.clone() }
}
