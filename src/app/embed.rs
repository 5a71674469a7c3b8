//! A panel in a frame of another page.

use crate::app::route::Route;
use crate::core::guided::GuidedInfo;
use crate::core::query::{Changes, Query};
use crate::embedding::Height;
use crate::ui::visibility::HiddenByLesson;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct EmbedProps {
    pub(super) slug: &'static str,
    pub(super) chapter: Option<String>,
    /// The query of the link to the lab.
    pub(super) query: Rc<Query>,
    /// The buttons for sharing, which a reader of a course page does not need.
    pub(super) share: Option<Html>,
    pub(super) children: Html,
}

/// Returns the query with which the lab shows the panel of a frame: the whole section, with the question and
/// the locks of the assignment, and without what it hides. A single experiment stays open.
pub(super) fn in_the_lab(query: &Query, experiment: Option<GuidedInfo>) -> Query {
    let mut changes: Changes = ["embed", "show", "autoplay"].map(|key| (key.to_owned(), None)).into();
    if let Some(info) = experiment {
        changes.push(("experiment".to_owned(), Some(info.slug.to_owned())));
    }
    query.changed(&changes)
}

/// The panel, with a link to the lab. Its height is sent to the embedding page.
#[component]
pub(super) fn Embed(props: &EmbedProps) -> Html {
    let node = use_node_ref();
    use_effect_with(props.slug, {
        let node = node.clone();
        move |slug| {
            let height = node.cast::<Element>().map(|main| Height::watch(&main, slug));
            move || drop(height)
        }
    });
    let query = (*props.query).clone();
    let href = Route { slug: props.slug.to_owned(), chapter: props.chapter.clone(), query }.to_hash();
    html! {
        <main class="embed" ref={node}>
            if let Some(share) = &props.share {
                <HiddenByLesson name="share">{ share.clone() }</HiddenByLesson>
            }
            { props.children.clone() }
            <p class="embed-foot"><a {href} target="_blank" rel="noopener">{ "Open in the lab" }</a></p>
        </main>
    }
}
