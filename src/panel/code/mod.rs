//! The chapter of code: the set-up on the page as a program outside the lab, next to the equations that its lines implement;
//! and what the visitor computes there, compared with what the lab computes here.

mod compare;
mod figure;
mod files;
mod flow;
mod jobs;
mod listing;
mod source;
mod weights;

pub(super) use crate::panel::code::figure::CodeFigure;
pub(super) use crate::panel::code::files::CodeFiles;
pub use crate::panel::code::flow::code_flow;

use web_sys::Element;
use yew::prelude::*;

/// The parts of the figure that are lit: their equations, drawings, and lines of code.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Lit {
    /// The names of the parts, separated by spaces.
    pub(super) part: Option<AttrValue>,
    /// Lights parts, or none.
    pub(super) light: Callback<Option<AttrValue>>,
}

impl Lit {
    fn is(&self, id: &str) -> bool {
        self.part.as_deref().is_some_and(|parts| parts.split(' ').any(|part| part == id))
    }

    /// Returns callbacks that light a part while the pointer is over it or it has the focus, and that turn it off.
    fn handlers(&self, id: AttrValue) -> (Callback<()>, Callback<()>) {
        (self.light.reform(move |()| Some(id.clone())), self.light.reform(|()| None))
    }
}

/// Scrolls the first lit element of a list into view, inside the list only. A list under the pointer stays where it is.
fn show_first_lit(node: &NodeRef) {
    let Some(list) = node.cast::<Element>() else { return };
    let Some(lit) = list.query_selector("[data-lit]:not(g)").ok().flatten() else { return };
    let (frame, lit) = (list.get_bounding_client_rect(), lit.get_bounding_client_rect());
    let is_whole = lit.top() >= frame.top() && lit.bottom() <= frame.bottom();
    if !is_whole && !list.matches(":hover").unwrap_or_default() {
        let above = frame.height() / 4.0;
        list.set_scroll_top(list.scroll_top() + (lit.top() - frame.top() - above) as i32);
    }
}

/// The properties of a part of a figure next to code.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct CodePartProps {
    /// The name by which lines of code refer to it.
    pub id: AttrValue,
    /// Its name, in a few words.
    pub title: AttrValue,
    /// Its equation.
    pub children: Html,
}

/// An equation that lines of code implement.
#[component]
pub fn CodePart(props: &CodePartProps) -> Html {
    let lit = use_context::<Lit>().unwrap_or_default();
    let (on, off) = lit.handlers(props.id.clone());
    html! {
        <li class="code-part" data-part={props.id.clone()} data-lit={lit.is(&props.id).then_some("")} tabindex="0"
            onmouseenter={on.reform(|_: MouseEvent| ())} onmouseleave={off.reform(|_: MouseEvent| ())}
            onfocus={on.reform(|_: FocusEvent| ())} onblur={off.reform(|_: FocusEvent| ())}>
            <span class="code-part-title">{ props.title.clone() }</span>
            { props.children.clone() }
        </li>
    }
}

/// The properties of a part of a drawing next to code.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct DrawnPartProps {
    /// The name by which lines of code refer to it.
    pub id: AttrValue,
    /// The drawing, in the coordinates of the whole one.
    pub children: Html,
}

/// A part of a drawing that lines of code implement, inside an `svg`.
#[component]
pub fn DrawnPart(props: &DrawnPartProps) -> Html {
    let lit = use_context::<Lit>().unwrap_or_default();
    let (on, off) = lit.handlers(props.id.clone());
    html! {
        <g class="drawn-part" data-part={props.id.clone()} data-lit={lit.is(&props.id).then_some("")}
            onmouseenter={on.reform(|_: MouseEvent| ())} onmouseleave={off.reform(|_: MouseEvent| ())}>
            { props.children.clone() }
        </g>
    }
}
