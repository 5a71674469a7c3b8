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

/// The only figures that are shown of a chapter, by their names; `None` shows all that it has.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnlyFigures(pub Option<Rc<[String]>>);

impl OnlyFigures {
    /// Whether a figure of this name is shown.
    pub fn shows(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.iter().any(|shown| shown == name))
    }
}

/// The seed that a chapter's figures show, where a run has several and they do not show them all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownSeed(pub Option<u64>);

/// Whether all of a chapter is shown, or only some figures of it.
#[hook]
pub fn use_only_figures() -> OnlyFigures {
    use_context::<OnlyFigures>().unwrap_or_default()
}

/// What it encloses, unless the lesson hides it.
#[component]
pub fn HiddenByLesson(props: &HideableProps) -> Html {
    if use_assignment().hides(props.name) { Html::default() } else { props.children.clone() }
}
