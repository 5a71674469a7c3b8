//! The experiments of a section in a menu.

use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::panel::share::chapter_hash;
use crate::panel::work::{HandIn, Work};
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
    pub(in crate::panel) work: Work,
}

/// The list of experiments, with marks for finished ones.
#[component]
pub(in crate::panel) fn Experiments(props: &ExperimentsProps) -> Html {
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
        let answered = props.work.sheet.get(&format!("{}/{}", props.slug, info.slug));
        answered.is_some_and(|answered| answered.attempts.iter().any(|attempt| attempt.outcome.is_some()))
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
    html! {
        <HiddenByLesson name="experiments">
            <nav class="experiments" aria-label="Experiments">
                <Menu summary={format!("Experiments {done} of {}", props.guided_infos.len())} closes_with={*closed}>
                    <ol>{ for props.guided_infos.iter().map(item) }</ol>
                    <HandIn work={props.work.clone()} />
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
