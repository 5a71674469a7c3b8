//! A panel in a frame of another page.

use crate::app::route::Route;
use crate::core::query::Query;
use crate::embedding::Height;
use std::rc::Rc;
use web_sys::Element;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct EmbedProps {
    pub(super) slug: &'static str,
    pub(super) chapter: Option<String>,
    pub(super) query: Rc<Query>,
    pub(super) children: Html,
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
    // The same set-up without the assignment of this frame.
    let gone = |key: &str| key == "embed" || crate::assignment::KEYS.contains(&key);
    let query = props.query.keep(|key| !gone(key));
    let href = Route { slug: props.slug.to_owned(), chapter: props.chapter.clone(), query }.to_hash();
    html! {
        <main class="embed" ref={node}>
            { props.children.clone() }
            <p class="embed-foot"><a {href} target="_blank" rel="noopener">{ "Open in the lab" }</a></p>
        </main>
    }
}
