//! Links and frames to share: what a teacher sends or puts into a course page.

mod dialog;
mod draft;
mod links;

pub(super) use crate::panel::share::links::chapter_hash;

use crate::core::chapter::Chapter;
use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::core::settings::{Param, Preset};
use crate::panel::copy_button::CopyButton;
use crate::panel::share::dialog::ShareDialog;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties, Debug)]
pub(super) struct ShareProps {
    pub(super) slug: &'static str,
    /// The section's own chapters.
    pub(super) chapters: &'static [Chapter],
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The one that the address opens.
    pub(super) chapter: Option<String>,
    /// The address's query.
    pub(super) query: Rc<Query>,
    pub(super) params: &'static [Param],
    pub(super) presets: &'static [Preset],
}

/// The link to what is shown, and a dialog for all that a teacher may want besides.
#[component]
pub(super) fn Share(props: &ShareProps) -> Html {
    let open = use_state_eq(|| false);
    let toggle = |to: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(to))
    };
    let link = {
        let (path, query) = (links::path(props.slug, props.chapter.as_deref()), props.query.clone());
        Callback::from(move |()| links::link(&path, &links::for_reader(&query)))
    };
    html! {
        <div class="share">
            <CopyButton label="Copy link" action="copy-link" text={link} />
            <button type="button" data-action="share" onclick={toggle(true).reform(|_| ())}>{ "Share and embed…" }</button>
            if *open {
                <ShareDialog slug={props.slug} query={props.query.clone()} params={props.params} presets={props.presets} chapters={props.chapters} guided_infos={props.guided_infos.clone()} chapter={props.chapter.clone()}
                    on_close={toggle(false)} />
            }
        </div>
    }
}
