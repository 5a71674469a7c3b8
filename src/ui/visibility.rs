//! Parts of a panel that the author of a link may hide.

use crate::assignment::Assignment;
use crate::core::chapter::Chapter;
use std::rc::Rc;
use yew::prelude::*;

/// Returns the choices of the author of the page's address.
#[hook]
pub fn use_assignment() -> Rc<Assignment> {
    use_context::<Rc<Assignment>>().unwrap_or_default()
}

/// The properties of a part that can be hidden.
#[derive(Clone, PartialEq, Properties, Debug)]
pub struct HideableProps {
    /// The part's name in `hide=`.
    pub name: &'static str,
    /// The part.
    pub children: Html,
}

/// The names of the figures shown in a chapter. `None` shows all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OnlyFigures(pub Option<Rc<[String]>>);

impl OnlyFigures {
    /// Returns true if a figure of this name is shown.
    pub fn shows(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|names| names.iter().any(|shown| shown == name))
    }
}

/// The chapter around a figure. The figure takes its title from it, and readouts take their metrics.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurrentChapter(pub &'static Chapter);

/// The seed that a chapter's figures show, if a run has several and they show only one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShownSeed(pub Option<u64>);

/// Returns the figures shown in the chapter.
#[hook]
pub fn use_only_figures() -> OnlyFigures {
    use_context::<OnlyFigures>().unwrap_or_default()
}

/// Shows its children unless the lesson hides them.
#[component]
pub fn HiddenByLesson(props: &HideableProps) -> Html {
    if use_assignment().hides(props.name) { Html::default() } else { props.children.clone() }
}
