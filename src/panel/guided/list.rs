//! The experiments of a section in its rail, and the file that the finished ones are handed in as.

use crate::component::prelude::*;
use crate::core::guided::Outline;
use crate::core::query::Query;
use crate::keep::Timestamp;
use crate::keep::finished::to_json;
use crate::panel::guided::FinishedList;
use crate::panel::share::chapter_hash;
use crate::ui::export::download;
use crate::ui::part::Hideable;
use std::rc::Rc;

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct ExperimentsProps {
    pub(in crate::panel) slug: &'static str,
    pub(in crate::panel) outlines: Rc<Vec<Outline>>,
    pub(in crate::panel) open: Option<&'static str>,
    pub(in crate::panel) query: Rc<Query>,
    pub(in crate::panel) finished: FinishedList,
    /// Whether the list starts open, as it does where there is room.
    pub(in crate::panel) wide: bool,
}

/// What can be predicted and tried here, with what is done.
#[component]
pub(in crate::panel) fn Experiments(props: &ExperimentsProps) -> Html {
    let blocked = use_state_eq(|| false);
    if props.outlines.is_empty() {
        return Html::default();
    }
    let is_done = |outline: &Outline| {
        props.finished.all.iter().any(|one| one.section == props.slug && one.experiment == outline.slug)
    };
    let item = |outline: &Outline| {
        let done = is_done(outline);
        html! {
            <li>
                <a href={address_of(props.slug, outline, &props.query)} data-action="experiment" data-to={outline.slug}
                    aria-current={(props.open == Some(outline.slug)).then_some("true")} data-done={done.then_some("true")}>
                    <span class="rail-mark" aria-hidden="true">{ if done { "✓" } else { "?" } }</span>
                    <span>{ outline.question }</span>
                    if done {
                        <span class="visually-hidden">{ " (done)" }</span>
                    }
                </a>
            </li>
        }
    };
    let done = props.outlines.iter().filter(|outline| is_done(outline)).count();
    let save = {
        let (all, blocked) = (props.finished.all.clone(), blocked.setter());
        Callback::from(move |_: MouseEvent| {
            let name = Timestamp(js_sys::Date::now() as i64).in_file_name();
            let saved =
                download(&format!("nn-lab-experiments-{name}.json"), "application/json", &to_json(&all));
            blocked.set(saved.is_none());
        })
    };
    html! {
        <Hideable name="experiments">
            <nav class="rail-experiments" aria-label="Experiments">
                <details open={props.wide || props.open.is_some()}>
                    <summary>{ "Experiments " }<small>{ format!("{done} of {} done", props.outlines.len()) }</small></summary>
                    <ol>{ for props.outlines.iter().map(item) }</ol>
                    if !props.finished.all.is_empty() {
                        <button type="button" class="quiet" data-action="save-experiments" onclick={save}
                            title="All finished experiments of all sections in one file, to be handed in">{ "Save answers" }</button>
                    }
                    <div role="status">
                        if *blocked {
                            <p class="notice" data-kind="warn">{ "This browser blocked the download." }</p>
                        }
                    </div>
                </details>
            </nav>
        </Hideable>
    }
}

/// The address that opens an experiment, in the chapter that shows it.
pub(super) fn address_of(slug: &str, outline: &Outline, query: &Query) -> String {
    let query = query.changed(&vec![("experiment".to_owned(), Some(outline.slug.to_owned()))]);
    chapter_hash(slug, outline.chapter, &query)
}
