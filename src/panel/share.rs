//! Links and frames to share: for messages and course pages.

mod dialog;
mod draft;
mod links;

pub(super) use crate::panel::share::links::{chapter_hash, link_for_reader};

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
    /// The chapters of the section itself.
    pub(super) chapters: &'static [Chapter],
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The chapter that the address opens.
    pub(super) chapter: Option<String>,
    /// The query of the address.
    pub(super) query: Rc<Query>,
    pub(super) params: &'static [Param],
    pub(super) presets: &'static [Preset],
}

/// A button for the link to this page, and a dialog for teachers.
#[component]
pub(super) fn Share(props: &ShareProps) -> Html {
    let open = use_state_eq(|| false);
    let toggle = |to: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(to))
    };
    let link = {
        let (slug, chapter, query) = (props.slug, props.chapter.clone(), props.query.clone());
        Callback::from(move |()| link_for_reader(slug, chapter.as_deref(), &query))
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
