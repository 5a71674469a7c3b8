//! The experiments of a section in a menu, and the file in which finished ones are handed in.

use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::panel::guided::FinishedList;
use crate::panel::share::chapter_hash;
use crate::saved_runs::Timestamp;
use crate::saved_runs::finished::to_json;
use crate::ui::export::download;
use crate::ui::menu::Menu;
use crate::ui::visibility::HiddenByLesson;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(in crate::panel) struct ExperimentsProps {
    pub(in crate::panel) slug: &'static str,
    pub(in crate::panel) guided_infos: Rc<Vec<GuidedInfo>>,
    pub(in crate::panel) open: Option<&'static str>,
    pub(in crate::panel) query: Rc<Query>,
    pub(in crate::panel) finished: FinishedList,
}

/// The list of experiments, with marks for finished ones.
#[component]
pub(in crate::panel) fn Experiments(props: &ExperimentsProps) -> Html {
    let blocked = use_state_eq(|| false);
    // The menu closes once an experiment was chosen.
    let closed = use_state_eq(|| 0u32);
    use_effect_with(props.open, {
        let closed = closed.clone();
        move |_| closed.set(closed.wrapping_add(1))
    });
    if props.guided_infos.is_empty() {
        return Html::default();
    }
    let is_done = |info: &GuidedInfo| {
        props.finished.all.iter().any(|one| one.section == props.slug && one.experiment == info.slug)
    };
    let item = |info: &GuidedInfo| {
        let done = is_done(info);
        html! {
            <li>
                <a href={address_of(props.slug, info, &props.query)} data-action="experiment" data-to={info.slug}
                    aria-current={(props.open == Some(info.slug)).then_some("true")} data-done={done.then_some("true")}>
                    <span class="mark" aria-hidden="true">{ if done { "✓" } else { "?" } }</span>
                    <span>{ info.question }</span>
                    if done {
                        <span class="visually-hidden">{ " (done)" }</span>
                    }
                </a>
            </li>
        }
    };
    let done = props.guided_infos.iter().filter(|info| is_done(info)).count();
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
        <HiddenByLesson name="experiments">
            <nav class="experiments" aria-label="Experiments">
                <Menu summary={format!("Experiments {done} of {}", props.guided_infos.len())} closes_with={*closed}>
                    <ol>{ for props.guided_infos.iter().map(item) }</ol>
                    if !props.finished.all.is_empty() {
                        <button type="button" class="quiet" data-action="save-experiments" onclick={save}
                            title="All finished experiments of all sections in one file, to be handed in">{ "Save answers" }</button>
                    }
                    <div role="status">
                        if *blocked {
                            <p class="notice" data-kind="warn">{ "This browser blocked the download." }</p>
                        }
                    </div>
                </Menu>
            </nav>
        </HiddenByLesson>
    }
}

/// Returns the address that opens an experiment in its chapter.
pub(super) fn address_of(slug: &str, info: &GuidedInfo, query: &Query) -> String {
    let query = query.changed(&vec![("experiment".to_owned(), Some(info.slug.to_owned()))]);
    chapter_hash(slug, info.chapter, &query)
}
