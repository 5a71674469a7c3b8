//! The rail of a panel: its chapters, experiments and presets.

use crate::core::chapter::{Chapter, chapters};
use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::core::settings::Preset;
use crate::panel::guided::{Experiments, FinishedList};
use crate::panel::local_storage;
use crate::panel::share::chapter_hash;
use crate::ui::visibility::HiddenByLesson;
use gloo::utils::{document, window};
use std::rc::Rc;
use web_sys::HtmlElement;
use yew::prelude::*;

#[derive(Clone, Properties, PartialEq)]
pub(super) struct RailProps {
    pub(super) slug: &'static str,
    /// The chapters of the section itself.
    pub(super) chapters: &'static [Chapter],
    pub(super) query: Rc<Query>,
    pub(super) open: Option<&'static Chapter>,
    /// True if everything that needs no training is measured.
    pub(super) probed: bool,
    /// True if a run has ended.
    pub(super) trained: bool,
    /// The presets. Empty while a question waits for its prediction, because their names may give the answer.
    pub(super) presets: &'static [Preset],
    pub(super) preset: Option<&'static Preset>,
    pub(super) choose: Callback<Option<&'static Preset>>,
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The experiment that is open.
    pub(super) experiment: Option<&'static str>,
    pub(super) finished: FinishedList,
    pub(super) reset: Reset,
}

/// The ways to reset the settings.
#[derive(Clone, PartialEq)]
pub(super) struct Reset {
    /// Sets the settings with which the page was opened, if they are not the defaults.
    pub(super) restore: Option<Callback<MouseEvent>>,
    /// True if these settings belong to an assignment, which replace the defaults.
    pub(super) is_assigned: bool,
}

/// Links to every chapter, with marks for the open one and the finished ones.
#[component]
pub(super) fn Rail(props: &RailProps) -> Html {
    let done = use_done(props);
    use_focus_when_opened(props.open);
    let all: Vec<&'static Chapter> = chapters(props.chapters).collect();
    let at = props.open.and_then(|open| all.iter().position(|chapter| *chapter == open));
    let item = |(index, chapter): (usize, &&'static Chapter)| {
        let is_done = done.iter().any(|slug| slug == chapter.slug);
        html! {
            <li>
                <a href={chapter_hash(props.slug, chapter.slug, &props.query)} data-action="chapter" data-to={chapter.slug}
                    aria-current={(at == Some(index)).then_some("step")} data-done={is_done.then_some("true")}>
                    <span class="rail-mark" aria-hidden="true">{ if is_done { "✓".to_owned() } else { (index + 1).to_string() } }</span>
                    <span>{ chapter.title }</span>
                    if is_done {
                        <span class="visually-hidden">{ " (done)" }</span>
                    }
                </a>
            </li>
        }
    };
    let place = at.map_or_else(String::new, |at| format!("Chapter {} of {}", at + 1, all.len()));
    let choose = &props.choose;
    html! {
        <div class="rail">
            <nav aria-label="Chapters">
                <RailMenu {place} title={props.open.map_or("", |chapter| chapter.title)}>
                    <ol>{ for all.iter().enumerate().map(item) }</ol>
                </RailMenu>
            </nav>
            <Experiments slug={props.slug} guided_infos={props.guided_infos.clone()} open={props.experiment} query={props.query.clone()}
                finished={props.finished.clone()} wide={is_wide()} />
            <HiddenByLesson name="presets">
                { presets(props.presets, props.preset, choose) }
            </HiddenByLesson>
            <HiddenByLesson name="settings">
                <HiddenByLesson name="defaults">
                    { reset(&props.reset, choose) }
                </HiddenByLesson>
            </HiddenByLesson>
        </div>
    }
}

/// Returns the buttons that reset the settings: to those of the address with which the page was opened, to the
/// defaults, or both.
fn reset(reset: &Reset, choose: &Callback<Option<&'static Preset>>) -> Html {
    let button = |action: &'static str, onclick: Callback<MouseEvent>, words: &'static str| {
        html! { <button type="button" class="quiet" data-action={action} {onclick}>{ words }</button> }
    };
    let defaults = || button("defaults", choose.reform(|_: MouseEvent| None), "Reset to defaults");
    match (&reset.restore, reset.is_assigned) {
        (None, _) => defaults(),
        (Some(restore), true) => button("defaults", restore.clone(), "Reset to the assigned settings"),
        (Some(restore), false) => html! {
            <>{ button("restore", restore.clone(), "Reset to the link’s settings") }{ defaults() }</>
        },
    }
}

#[derive(Clone, Properties, PartialEq)]
struct RailMenuProps {
    place: String,
    title: &'static str,
    children: Html,
}

/// A list on a wide page; on a narrow one a menu that closes when a chapter is chosen.
#[component]
fn RailMenu(props: &RailMenuProps) -> Html {
    let open = use_state_eq(is_wide);
    use_effect_with(props.title, {
        let open = open.setter();
        move |_| open.set(is_wide())
    });
    let onclick = {
        let open = open.clone();
        Callback::from(move |event: MouseEvent| {
            event.prevent_default();
            open.set(!*open);
        })
    };
    html! {
        <details class="rail-menu" open={*open}>
            <summary {onclick}><span>{ &props.place }</span><strong>{ props.title }</strong></summary>
            { props.children.clone() }
        </details>
    }
}

fn is_wide() -> bool {
    const WIDE_PX: f64 = 1100.0;
    let width = window().inner_width().ok().and_then(|width| width.as_f64());
    width.is_none_or(|width| width >= WIDE_PX)
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
            let heading = document().query_selector(".chapter[data-chapter] > h3").ok().flatten();
            let heading =
                heading.and_then(|heading| wasm_bindgen::JsCast::dyn_into::<HtmlElement>(heading).ok());
            // If the heading cannot take the focus, the focus stays.
            let _ = heading.map(|heading| heading.focus());
        })
        .forget();
    });
}

/// Returns the chapters that were opened after all their measurements were made. The browser stores them if
/// it can.
#[hook]
fn use_done(props: &RailProps) -> Vec<String> {
    let key = format!("nn-lab.chapters.{}", props.slug);
    let done = use_state_eq({
        let key = key.clone();
        move || stored(&key)
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
                local_storage::write(&key, &next.join(" "));
                done.set(next);
            }
        }
    });
    (*done).clone()
}

fn stored(key: &str) -> Vec<String> {
    let text = local_storage::read(key).unwrap_or_default();
    text.split(' ').filter(|slug| !slug.is_empty()).map(str::to_owned).collect()
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

/// Returns one button for each preset, and the description of the chosen one.
fn presets(
    presets: &'static [Preset],
    current: Option<&'static Preset>,
    choose: &Callback<Option<&'static Preset>>,
) -> Html {
    if presets.is_empty() {
        return Html::default();
    }
    let button = |preset: &'static Preset| {
        let pressed = current.is_some_and(|current| current.slug == preset.slug);
        html! {
            <button type="button" data-preset={preset.slug} aria-pressed={pressed.to_string()} title={preset.help}
                onclick={choose.reform(move |_: MouseEvent| Some(preset))}>{ preset.title }</button>
        }
    };
    html! {
        <div class="presets" role="group" aria-label="Presets">
            { for presets.iter().map(button) }
            if let Some(preset) = current {
                <p>{ preset.help }</p>
            }
        </div>
    }
}
