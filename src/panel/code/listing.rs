//! Lines of code whose parts light up together with the figure's.

use crate::core::template::Line;
use crate::panel::PtrEq;
use crate::panel::code::{Lit, show_first_lit};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct ListingProps {
    pub(super) lines: PtrEq<Vec<Line>>,
    /// The characters that start a comment.
    pub(super) comment: &'static str,
    /// The name of the listing, for screen readers.
    pub(super) label: AttrValue,
}

/// A listing that scrolls in a box. A part that is lit elsewhere scrolls into view.
#[component]
pub(super) fn Listing(props: &ListingProps) -> Html {
    let lit = use_context::<Lit>().unwrap_or_default();
    let node = use_node_ref();
    use_effect_with(lit.part.clone(), {
        let node = node.clone();
        move |part| {
            if part.is_some() {
                show_first_lit(&node);
            }
        }
    });
    let line = |line: &Line| {
        let is_lit = line.parts.iter().any(|part| lit.is(part));
        let parts = (!line.parts.is_empty()).then(|| AttrValue::from(line.parts.join(" ")));
        let enter = parts.clone().map(|parts| lit.light.reform(move |_: MouseEvent| Some(parts.clone())));
        let leave = parts.as_ref().map(|_| lit.light.reform(|_: MouseEvent| None));
        html! {
            <span class="code-line" data-parts={parts} data-lit={is_lit.then_some("")} onmouseenter={enter} onmouseleave={leave}>
                { text(&line.text, props.comment) }{ "\n" }
            </span>
        }
    };
    html! {
        <pre class="code-listing" ref={node} tabindex="0" role="region" aria-label={props.label.clone()} translate="no"><code>
            { for props.lines.iter().map(line) }
        </code></pre>
    }
}

/// Returns a line with its comment set apart. A comment starts at the beginning of a line or after a space, so that a `#` in a
/// text is rarely taken for one.
fn text(line: &str, comment: &str) -> Html {
    let at = line.match_indices(comment).map(|(at, _)| at).find(|at| {
        let before = &line[..*at];
        before.trim().is_empty() || (before.ends_with(' ') && before.matches('"').count().is_multiple_of(2))
    });
    match at {
        Some(at) => html! { <>{ &line[..at] }<span class="code-comment">{ &line[at..] }</span></> },
        None => html! { { line } },
    }
}
