//! Links and snippets to share: for messages, course pages and assignments.

mod dialog;
mod draft;
mod editor;
mod lesson;
mod lesson_form;
mod links;
mod more;
mod output;
mod packages;
mod preview;
mod question;
mod question_form;
mod store;
mod tool;
mod what;

pub(super) use crate::panel::share::links::{chapter_hash, link_for_reader};

use crate::core::query::Query;
use crate::panel::copy_button::CopyButton;
use crate::panel::share::dialog::ShareDialog;
use crate::run::any::AnyExperiment;
use std::rc::Rc;
use yew::prelude::*;

/// The properties of the buttons for sharing.
#[derive(Clone, PartialEq, Properties, Debug)]
pub struct ShareProps {
    /// The section that is open.
    pub experiment: &'static AnyExperiment,
    /// The chapter that the address opens.
    pub chapter: Option<String>,
    /// The query of the address.
    pub query: Rc<Query>,
}

/// A button for the link to this page, and a dialog for teachers.
#[component]
pub fn Share(props: &ShareProps) -> Html {
    let experiment = props.experiment;
    let slug = experiment.slug;
    let open = use_state_eq(|| false);
    let toggle = |to: bool| {
        let open = open.setter();
        Callback::from(move |()| open.set(to))
    };
    let guided_infos = use_memo(slug, |_| experiment.guided_infos());
    let link = {
        let (chapter, query) = (props.chapter.clone(), props.query.clone());
        Callback::from(move |()| link_for_reader(slug, chapter.as_deref(), &query))
    };
    html! {
        <div class="share">
            <CopyButton label="Copy link" action="copy-link" text={link} />
            <button type="button" data-action="share" onclick={toggle(true).reform(|_| ())}>{ "Share…" }</button>
            if *open {
                <ShareDialog {experiment} query={props.query.clone()} {guided_infos} chapter={props.chapter.clone()} on_close={toggle(false)} />
            }
        </div>
    }
}
