//! Parts of a panel that the author of a link may leave out.

use crate::assignment::Lesson;
use std::rc::Rc;
use yew::prelude::*;

/// What the author of this page's address has decided.
#[hook]
pub fn use_lesson() -> Rc<Lesson> {
    use_context::<Rc<Lesson>>().unwrap_or_default()
}

#[derive(Clone, PartialEq, Properties, Debug)]
pub struct PartProps {
    /// The name that `hide=` knows it by.
    pub name: &'static str,
    pub children: Html,
}

/// What it encloses, unless the lesson hides it.
#[component]
pub fn Part(props: &PartProps) -> Html {
    if use_lesson().hides(props.name) { Html::default() } else { props.children.clone() }
}
