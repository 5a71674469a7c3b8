//! The chapters of a section as a line of tabs.

use crate::core::chapter::{Chapter, chapters};
use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::panel::guided::Experiments;
use crate::panel::share::chapter_hash;
use crate::panel::visits::{store_chapters, store_run_seconds, visit};
use crate::panel::work::Work;
use crate::ui::show_current;
use gloo::utils::document;
use std::rc::Rc;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Clone, Properties, PartialEq)]
pub(super) struct TabsProps {
    pub(super) slug: &'static str,
    /// The chapters of the section itself.
    pub(super) chapters: &'static [Chapter],
    pub(super) query: Rc<Query>,
    pub(super) open: Option<&'static Chapter>,
    /// True if everything that needs no training is measured.
    pub(super) probed: bool,
    /// True if a run has ended.
    pub(super) trained: bool,
    /// The time of the latest run in seconds, if it was complete.
    pub(super) run_seconds: Option<f64>,
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The experiment that is open.
    pub(super) experiment: Option<&'static str>,
    pub(super) work: Work,
}

/// A line with links to every chapter, with marks for the finished ones, and the menu of the experiments.
#[component]
pub(super) fn Tabs(props: &TabsProps) -> Html {
    let done = use_done(props);
    let list = use_node_ref();
    use_focus_when_opened(props.open);
    use_effect_with(props.open, {
        let list = list.clone();
        move |_| show_current(&list)
    });
    let item = |chapter: &'static Chapter| {
        let is_done = done.iter().any(|slug| slug == chapter.slug);
        html! {
            <li>
                <a href={chapter_hash(props.slug, chapter.slug, &props.query)} data-action="chapter" data-to={chapter.slug} title={chapter.title}
                    aria-current={(props.open == Some(chapter)).then_some("step")} data-done={is_done.then_some("true")}>
                    { chapter.tab }
                    if is_done {
                        <span class="visually-hidden">{ " (done)" }</span>
                    }
                </a>
            </li>
        }
    };
    html! {
        <div class="tabs">
            <nav aria-label="Chapters" ref={list}><ol>{ for chapters(props.chapters).map(item) }</ol></nav>
            <Experiments slug={props.slug} guided_infos={props.guided_infos.clone()} open={props.experiment} query={props.query.clone()}
                work={props.work.clone()} />
        </div>
    }
}

/// Moves the focus to the heading of a chapter when another chapter is opened, so that a screen reader reads
/// it.
#[hook]
fn use_focus_when_opened(open: Option<&'static Chapter>) {
    let last = use_mut_ref(|| open);
    use_effect_with(open, move |open| {
        if last.replace(*open) == *open {
            return;
        }
        // After the chapter has been rendered.
        gloo::timers::callback::Timeout::new(0, || {
            let heading = document().query_selector(".chapter-title").ok().flatten();
            let heading =
                heading.and_then(|heading| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(heading).ok());
            // If the heading cannot take the focus, the focus stays.
            let _ = heading.map(|heading| heading.focus());
        })
        .forget();
    });
}

/// Returns the chapters that were opened after all their measurements were made. The browser stores them, and
/// the time of a run, if it can.
#[hook]
fn use_done(props: &TabsProps) -> Vec<String> {
    let slug = props.slug;
    let done = use_state_eq(move || visit(slug).chapters);
    use_effect_with(props.run_seconds, move |seconds| {
        seconds.iter().for_each(|seconds| store_run_seconds(slug, *seconds));
    });
    use_effect_with((props.open, props.probed, props.trained), {
        let done = done.clone();
        move |(open, probed, trained): &(Option<&'static Chapter>, bool, bool)| {
            let measured = |chapter: &&&Chapter| if chapter.trains { *trained } else { *probed };
            if let Some(chapter) = open.as_ref().filter(measured)
                && !done.iter().any(|slug| slug == chapter.slug)
            {
                let mut next = (*done).clone();
                next.push(chapter.slug.to_owned());
                store_chapters(slug, &next);
                done.set(next);
            }
        }
    });
    (*done).clone()
}

/// Returns links to the chapters before and after the open one.
pub(super) fn next_chapter(
    slug: &str,
    own: &'static [Chapter],
    query: &Query,
    open: Option<&'static Chapter>,
) -> Html {
    let all: Vec<&'static Chapter> = chapters(own).collect();
    let Some(at) = open.and_then(|open| all.iter().position(|chapter| *chapter == open)) else {
        return Html::default();
    };
    let link = |chapter: Option<&&'static Chapter>, words: &'static str, class: &'static str| {
        let Some(chapter) = chapter else { return html! { <span></span> } };
        html! {
            <a {class} href={chapter_hash(slug, chapter.slug, query)}><small>{ words }</small>{ chapter.title }</a>
        }
    };
    html! {
        <nav class="next-chapter" aria-label="Next and previous chapter">
            { link(at.checked_sub(1).and_then(|at| all.get(at)), "Previous", "previous") }
            { link(all.get(at + 1), "Next", "next") }
        </nav>
    }
}
