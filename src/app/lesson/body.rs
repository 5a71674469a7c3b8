//! A lesson: its title, the list of its steps, the panel of the open step, and the button to hand in.

use crate::app::lesson::check::{missing, task, title};
use crate::app::lesson::frame::{Frames, ItemFrame};
use crate::app::lesson::messages::{Context, PANEL, use_messages};
use crate::app::route::Route;
use crate::core::query::Query;
use crate::coursework::progress::{Progress, StepState, Task};
use crate::coursework::{Item, Lesson};
use crate::embedding::Height;
use crate::embedding::messages::HostTheme;
use crate::panel::{HandIn, use_work};
use gloo::utils::window;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use web_sys::{Element, HtmlDetailsElement};
use yew::prelude::*;

/// Longer instructions can be folded.
const MAX_LEAD: usize = 160;

/// The properties of [`LessonBody`].
#[derive(Clone, Debug, PartialEq, Properties)]
pub(super) struct LessonBodyProps {
    /// The lesson.
    pub(super) lesson: Rc<Lesson>,
    /// The query of the page's address.
    pub(super) query: Rc<Query>,
}

/// The page of a lesson.
#[component]
pub(super) fn LessonBody(props: &LessonBodyProps) -> Html {
    let LessonBodyProps { lesson, query } = props;
    let node = use_node_ref();
    let work = use_work(Some(lesson.name()));
    let current = use_state_eq(|| 0_usize);
    // The frames of items that were open before stay, so that their runs are not lost.
    let opened = use_mut_ref(BTreeSet::<usize>::new);
    opened.borrow_mut().insert(*current);
    let items =
        use_memo(lesson.clone(), |lesson| -> Vec<Option<Task>> { lesson.items.iter().map(task).collect() });
    let tasks = use_memo(items.clone(), |items| -> Vec<Task> { items.iter().flatten().cloned().collect() });
    let frames: Rc<Frames> = use_memo(lesson.items.len(), |count| {
        Rc::new(RefCell::new((0..*count).map(|_| NodeRef::default()).collect()))
    });
    let host_theme = use_state_eq(|| None::<HostTheme>);
    let on_message = use_messages(Context {
        lesson: lesson.clone(),
        tasks: tasks.clone(),
        work: work.clone(),
        frames: (*frames).clone(),
        current: *current,
        on_theme: Callback::from({
            let host_theme = host_theme.setter();
            move |theme| host_theme.set(Some(theme))
        }),
    });
    let is_embedded = query.get("embed") == Some("1");
    use_effect_with(is_embedded, {
        let node = node.clone();
        move |is_embedded| {
            let main = node.cast::<Element>().and_then(|section| section.closest("main").ok().flatten());
            let height = main.filter(|_| *is_embedded).map(|main| Height::watch(&main, PANEL));
            move || drop(height)
        }
    });
    let go_to = {
        let (current, node) = (current.setter(), node.clone());
        Callback::from(move |item: usize| {
            current.set(item);
            // The panel that is opened may be shorter than the page was scrolled.
            let section = node.cast::<Element>();
            if let Some(section) = section.filter(|section| section.get_bounding_client_rect().top() < 0.0) {
                section.scroll_into_view();
            }
        })
    };
    let theme = theme(*host_theme, query);
    let progress = Progress::of(&tasks, &work.sheet);
    let step = |(index, item): (usize, &Item)| {
        let task = items.get(index).and_then(Option::as_ref);
        let state = task.map_or(StepState::Reading, |task| task.state(&work.sheet));
        step(index, &title(item, task), state, index == *current, &go_to)
    };
    let panel = |index: usize| {
        let Some(item) = lesson.items.get(index) else { return Html::default() };
        let content = match missing(item) {
            _ if !opened.borrow().contains(&index) => Html::default(),
            Some(sentence) => {
                html! { <div class="notice" data-kind="error" role="alert"><p>{ sentence }</p></div> }
            }
            None => {
                let frames = frames.borrow();
                let Some(node) = frames.get(index).cloned() else { return Html::default() };
                let title =
                    format!("Step {}: {}", index + 1, title(item, items.get(index).and_then(Option::as_ref)));
                let src = address(lesson, item, query, theme);
                html! { <ItemFrame item={index} {node} {src} {title} {theme} on_message={on_message.clone()} /> }
            }
        };
        let hidden = index != *current;
        html! { <div key={index} class="lesson-item" {hidden}>{ content }</div> }
    };
    let last = lesson.items.len().saturating_sub(1);
    html! {
        <section class="lesson" ref={node} data-panel={PANEL} data-lesson={lesson.id.clone()} data-state="idle"
            data-done={progress.done.to_string()} aria-labelledby="lesson-title">
            <div class="lesson-head">
                <h1 id="lesson-title">{ lesson.title.clone() }</h1>
                if progress.items > 0 {
                    <p class="muted" role="status">{ answered(progress) }</p>
                }
            </div>
            <Instructions text={lesson.text.clone()} folded={progress.answered > 0} />
            <ol class="lesson-steps" aria-label="Steps">{ for lesson.items.iter().enumerate().map(step) }</ol>
            // One element per item, since a browser loads a frame again that is moved in the page.
            <div class="lesson-items">{ for (0..lesson.items.len()).map(panel) }</div>
            <div class="lesson-foot">
                if last > 0 {
                    { move_button("previous", "Previous", (*current > 0).then(|| *current - 1), &go_to) }
                    { move_button("next", "Next", (*current < last).then(|| *current + 1), &go_to) }
                }
                <HandIn {work} />
            </div>
        </section>
    }
}

fn answered(progress: Progress) -> String {
    let Progress { answered, items, done, .. } = progress;
    match () {
        () if done => "Every question has its answer.".to_owned(),
        () if answered == items => {
            "All answered. Some results are missing: train those panels to the end.".to_owned()
        }
        () => format!("{answered} of {items} answered"),
    }
}

#[derive(Clone, Debug, PartialEq, Properties)]
struct InstructionsProps {
    text: String,
    /// True if long instructions start folded.
    folded: bool,
}

/// The instructions. Long ones can be folded, so that the panel is in sight.
#[component]
fn Instructions(props: &InstructionsProps) -> Html {
    let open = use_state_eq(|| !props.folded);
    let text = &props.text;
    if text.is_empty() {
        return Html::default();
    }
    if text.chars().count() <= MAX_LEAD && text.lines().count() <= 2 {
        return html! { <p class="lead lesson-text">{ text.clone() }</p> };
    }
    let ontoggle = {
        let open = open.setter();
        Callback::from(move |event: Event| {
            open.set(event.target_unchecked_into::<HtmlDetailsElement>().open());
        })
    };
    html! {
        <details class="lesson-instructions" open={*open} {ontoggle}>
            <summary>{ "Instructions" }</summary>
            <p class="lead lesson-text">{ text.clone() }</p>
        </details>
    }
}

fn step(index: usize, title: &str, state: StepState, is_current: bool, go_to: &Callback<usize>) -> Html {
    let mark = match state {
        StepState::Reading => "",
        StepState::Open => "○",
        StepState::Answered => "●",
        StepState::Right => "✓",
        StepState::Partly => "◐",
        StepState::Wrong => "✗",
        StepState::NotGraded => "–",
    };
    let onclick = go_to.reform(move |_: MouseEvent| index);
    html! {
        <li data-step={(index + 1).to_string()} data-step-state={state.slug()}>
            <button type="button" {onclick} title={title.to_owned()} aria-current={is_current.then_some("step")}>
                <span class="step-number">{ index + 1 }</span>{ " " }
                <span class="step-title">{ title.to_owned() }</span>
                <span class="visually-hidden">{ format!(" ({})", state.words()) }</span>
                <span class="step-mark" aria-hidden="true">{ mark }</span>
            </button>
        </li>
    }
}

/// Returns a button to another step, which stays focused at the end of the list.
fn move_button(
    action: &'static str,
    label: &'static str,
    to: Option<usize>,
    go_to: &Callback<usize>,
) -> Html {
    let go_to = go_to.clone();
    let onclick = Callback::from(move |_: MouseEvent| to.into_iter().for_each(|to| go_to.emit(to)));
    let disabled = to.is_none().then_some("true");
    html! { <button type="button" data-action={action} {onclick} aria-disabled={disabled}>{ label }</button> }
}

/// Returns the theme for the frames, which do not see the address of this page; `None` for that of the system.
fn theme(of_host: Option<HostTheme>, query: &Query) -> Option<HostTheme> {
    of_host.or(match query.get("theme") {
        Some("light") => Some(HostTheme::Light),
        Some("dark") => Some(HostTheme::Dark),
        _ => None,
    })
}

/// Returns the address of an item's panel.
///
/// Browsers refuse a frame with the address of a page around it, apart from the part after `#`. The mark in front of that part
/// makes another address of it.
fn address(lesson: &Lesson, item: &Item, query: &Query, theme: Option<HostTheme>) -> String {
    let href = window().location().href().unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default();
    format!("{page}{}item{}", if page.contains('?') { '&' } else { '?' }, hash(lesson, item, query, theme))
}

fn hash(lesson: &Lesson, item: &Item, query: &Query, theme: Option<HostTheme>) -> String {
    let mut keys = item.in_lesson(&lesson.id).keep(|key| !["embed", "theme", "hide"].contains(&key));
    if let Some(device) = query.get("device").filter(|_| keys.get("device").is_none()) {
        keys.push("device", device);
    }
    let hidden = item.keys.get("hide").map(str::trim).filter(|names| !names.is_empty());
    keys.push("hide", hidden.map_or_else(|| "hand-in".to_owned(), |names| format!("{names},hand-in")));
    if let Some(theme) = theme {
        keys.push("theme", theme.slug());
    }
    keys.push("embed", "1");
    Route { slug: item.panel.clone(), chapter: item.chapter.clone(), query: keys }.to_hash()
}

#[cfg(test)]
mod tests {
    use crate::app::lesson::body::*;

    #[test]
    fn the_address_of_a_frame_has_the_keys_of_its_item_and_of_the_page() {
        let query = Query::parse(
            "lesson=memory&item1=rnn%2Fmemory%3Fseq_len%3D50%26hide%3Dpresets%26theme%3Dlight%26ask%3DWhy%26ask_id%3Dq1&item2=cnn%3Fdevice%3Dwebgpu",
        );
        let lesson = Lesson::from_query(&query).expect("a lesson");
        let page = Query::from([("device", "cpu")]);
        let of = |index: usize, theme| hash(&lesson, &lesson.items[index], &page, theme);
        assert_eq!(
            of(0, Some(HostTheme::Dark)),
            "#/rnn/memory?ask=Why&seq_len=50&ask_id=q1&lesson=memory&device=cpu&hide=presets,hand-in&theme=dark&embed=1&v=1"
        );
        assert_eq!(of(1, None), "#/cnn?device=webgpu&lesson=memory&hide=hand-in&embed=1&v=1");
    }
}
