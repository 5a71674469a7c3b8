//! The dialog for teachers: parts to hide and to lock, the start of the training, and a question.

use crate::assignment::PARTS;
use crate::core::chapter::{Chapter, chapters};
use crate::core::guided::GuidedInfo;
use crate::core::query::Query;
use crate::core::settings::{Param, Preset};
use crate::panel::copy_button::CopyButton;
use crate::panel::run_panel::question::unknown_metrics;
use crate::panel::share::draft::{Access, Draft};
use crate::panel::share::links;
use crate::panel::{OpenRunView, RunView};
use crate::ui::use_unique;
use gloo::events::EventListener;
use gloo::utils::window;
use std::rc::Rc;
use wasm_bindgen::JsCast;
use web_sys::{
    EventTarget, HtmlDialogElement, HtmlInputElement, HtmlSelectElement, HtmlTextAreaElement, MessageEvent,
};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct ShareDialogProps {
    pub(super) slug: &'static str,
    pub(super) chapters: &'static [Chapter],
    pub(super) guided_infos: Rc<Vec<GuidedInfo>>,
    /// The chapter that the address opens.
    pub(super) chapter: Option<String>,
    pub(super) query: Rc<Query>,
    pub(super) params: &'static [Param],
    pub(super) presets: &'static [Preset],
    pub(super) on_close: Callback<()>,
}

/// The draft, with callbacks that change it.
struct Editor(UseStateHandle<Draft>);

impl Editor {
    /// Returns a callback that changes the draft by the value of a control.
    fn on<E: AsRef<Event> + 'static>(&self, edit: impl Fn(&mut Draft, String) + 'static) -> Callback<E> {
        let draft = self.0.clone();
        Callback::from(move |event: E| {
            let mut next = (*draft).clone();
            edit(&mut next, event.as_ref().target().map(value_of).unwrap_or_default());
            draft.set(next);
        })
    }

    /// Returns a callback that changes the draft by a checkbox.
    fn on_check(&self, edit: impl Fn(&mut Draft, bool) + 'static) -> Callback<Event> {
        let draft = self.0.clone();
        Callback::from(move |event: Event| {
            let mut next = (*draft).clone();
            edit(&mut next, event.target_unchecked_into::<HtmlInputElement>().checked());
            draft.set(next);
        })
    }
}

fn value_of(target: EventTarget) -> String {
    if let Some(select) = target.dyn_ref::<HtmlSelectElement>() {
        select.value()
    } else if let Some(area) = target.dyn_ref::<HtmlTextAreaElement>() {
        area.value()
    } else {
        target.dyn_ref::<HtmlInputElement>().map(HtmlInputElement::value).unwrap_or_default()
    }
}

#[component]
pub(super) fn ShareDialog(props: &ShareDialogProps) -> Html {
    let node = use_node_ref();
    let id = use_unique();
    let draft = use_state_eq(|| Draft::of(&props.query));
    use_effect_with((), {
        let node = node.clone();
        move |()| {
            if let Some(dialog) = node.cast::<HtmlDialogElement>()
                && dialog.show_modal().is_err()
            {
                dialog.set_open(true);
            }
        }
    });
    let view = use_context::<OpenRunView>().and_then(|open| open.get());
    // The height of the preview, once it has reported one.
    let height = use_state_eq(|| None::<u32>);
    let query = draft.query(&props.query);
    // Ticked parts take precedence over the open chapter.
    let chapter = props.chapter.as_deref().filter(|_| draft.assignment.show.is_empty());
    let path = links::path(props.slug, chapter);
    let link = links::link(&path, &query);
    let preview = links::preview(&path, &query);
    let iframe = links::iframe(&path, &format!("Neural network lab: {}", props.slug), *height, &query);
    let element = links::element(&links::folder(), props.slug, chapter, *height, &query);
    let close = props.on_close.reform(|_: MouseEvent| ());
    let oncancel = props.on_close.reform(|_: Event| ());
    let editor = Editor(draft);
    let parts = PARTS.iter().map(|(name, words)| hide_box(&editor, name, words));
    html! {
        <dialog ref={node} class="share-dialog" aria-labelledby={format!("share-{id}")} {oncancel}>
            <div class="share-head">
                <h2 id={format!("share-{id}")}>{ "Share and embed this panel" }</h2>
                <button type="button" data-action="close-share" onclick={close} aria-label="Close">{ "×" }</button>
            </div>
            { presets(&editor, props.presets) }
            <label class="option" data-share="autoplay">
                <input type="checkbox" checked={editor.0.assignment.autoplay} onchange={editor.on_check(|draft, on| draft.assignment.autoplay = on)} />
                { " Start training when the panel is seen" }
            </label>
            <fieldset class="share-settings"><legend>{ "Show only" }</legend>{ show(&editor, props.chapters, &props.guided_infos) }</fieldset>
            <fieldset><legend>{ "Hide" }</legend>{ for parts }</fieldset>
            <fieldset class="share-settings"><legend>{ "Hide figures" }</legend>{ hide_figures(&editor, props) }</fieldset>
            <fieldset class="share-settings"><legend>{ "Settings" }</legend>{ for props.params.iter().map(|param| access(&editor, param)) }</fieldset>
            { question(&editor, id, view.as_ref()) }
            <Preview src={preview} on_height={Callback::from({ let height = height.setter(); move |pixels| height.set(pixels) })} />
            { output("Link", "copy-lesson-link", "link", link) }
            { output("For a course page (sizes itself)", "copy-element", "element", element) }
            { output("For a page without scripts (fixed height)", "copy-iframe", "iframe", iframe) }
            if height.is_none() {
                <p class="muted">{ "Open the preview, and the snippets get the panel’s measured height." }</p>
            }
        </dialog>
    }
}

fn presets(editor: &Editor, presets: &'static [Preset]) -> Html {
    if presets.is_empty() {
        return Html::default();
    }
    let chosen = editor.0.preset;
    let onchange = editor.on(move |draft, slug| {
        draft.preset = presets.iter().map(|preset| preset.slug).find(|known| *known == slug);
    });
    let option = |preset: &Preset| html! { <option value={preset.slug} selected={chosen == Some(preset.slug)}>{ preset.title }</option> };
    html! {
        <label class="share-row"><span>{ "Set-up" }</span>
            <select data-share="preset" {onchange}>
                <option value="" selected={chosen.is_none()}>{ "as shown now" }</option>
                { for presets.iter().map(option) }
            </select>
        </label>
    }
}

/// Returns the menu that makes a setting editable, locked or hidden.
fn access(editor: &Editor, param: &'static Param) -> Html {
    let now = editor.0.access(param.key);
    let onchange = editor.on(|draft, value| draft.set_access(param.key, Access::read(&value)));
    let option = |(access, words): (Access, &'static str)| html! { <option value={words} selected={access == now}>{ words }</option> };
    html! {
        <label class="share-row" data-share={param.key}><span>{ param.label }</span>
            <select {onchange}>{ for Access::ALL.into_iter().map(option) }</select>
        </label>
    }
}

fn hide_box(editor: &Editor, name: &str, words: &str) -> Html {
    let share = name.to_owned();
    let name = share.clone();
    let onchange = editor.on_check(move |draft, on| draft.set_hidden(&name, on));
    let checked = editor.0.assignment.hides(&share);
    html! { <label class="option" data-share={share}><input type="checkbox" {checked} {onchange} />{ format!(" {words}") }</label> }
}

/// Returns a checkbox for every figure, and for every hidden name that is unknown here.
fn hide_figures(editor: &Editor, props: &ShareDialogProps) -> Html {
    let figures = chapters(props.chapters).flat_map(|chapter| chapter.figures);
    let gone = editor.0.assignment.hide.iter().filter(|name| {
        let known = PARTS.iter().any(|(part, _)| part == name)
            || props.params.iter().any(|param| param.key == **name);
        !known && !figures.clone().any(|(figure, _)| figure == name)
    });
    let gone = gone.map(|name| hide_box(editor, name, name));
    gone.chain(figures.clone().map(|(name, title)| hide_box(editor, name, title))).collect()
}

/// Returns a checkbox for every chapter, for the figures of every chapter that is not ticked, and for every
/// experiment.
fn show(editor: &Editor, own: &'static [Chapter], guided_infos: &[GuidedInfo]) -> Html {
    let shown = &editor.0.assignment.show;
    let tick = |name: &'static str, words: &'static str, class: &'static str| {
        let onchange = editor.on_check(move |draft, on| draft.set_shown(name, on));
        let checked = shown.iter().any(|known| known == name);
        html! { <label class={classes!("option", class)} data-show={name}><input type="checkbox" {checked} {onchange} />{ " " }{ words }</label> }
    };
    let chapter = |chapter: &'static Chapter| {
        let whole = shown.iter().any(|name| name == chapter.slug);
        html! {
            <>
                { tick(chapter.slug, chapter.title, "share-chapter") }
                if !whole {
                    { for chapter.figures.iter().map(|(name, title)| tick(name, title, "share-figure")) }
                }
            </>
        }
    };
    html! {
        <>
            <p class="muted">{ "Tick chapters, single figures or experiments to show nothing else. With no tick, readers get all chapters." }</p>
            { for chapters(own).map(chapter) }
            if !guided_infos.is_empty() {
                <p class="muted">{ "Experiments" }</p>
            }
            { for guided_infos.iter().map(|info| tick(info.slug, info.question, "share-chapter")) }
        </>
    }
}

fn question(editor: &Editor, id: u32, view: Option<&RunView>) -> Html {
    let draft = &editor.0;
    let (assignment, mut warnings) = draft.assignment();
    let asked = view.zip(assignment.question.as_ref());
    warnings.extend(asked.and_then(|(view, question)| unknown_metrics(view, question)));
    let known: Vec<(String, String)> = view.iter().flat_map(|view| view.titles()).collect();
    let guess = |value: &'static str, words: &'static str| {
        html! { <option {value} selected={draft.guess == value}>{ words }</option> }
    };
    html! {
        <fieldset><legend>{ "Question" }</legend>
            <label>{ "Question for the student" }
                <textarea rows="2" data-share="ask" value={draft.ask.clone()} oninput={editor.on::<InputEvent>(|draft, value| draft.ask = value)} />
            </label>
            <label class="share-row"><span>{ "Ask for a prediction first" }</span>
                <select data-share="guess" onchange={editor.on::<Event>(|draft, value| draft.guess = value)}>
                    { guess("none", "none") }{ guess("number", "a number") }{ guess("choice", "multiple choice") }{ guess("curve", "a curve") }
                </select>
            </label>
            if draft.guess == "choice" {
                <label>{ "Answers, one per line" }
                    <textarea rows="3" data-share="options" value={draft.options.clone()} oninput={editor.on::<InputEvent>(|draft, value| draft.options = value)} />
                </label>
            }
            if draft.guess != "none" {
                <label class="share-row"><span>{ "Answered by" }</span>
                    <input type="text" data-share="metric" list={format!("metrics-{id}")} value={draft.metric.clone()}
                        oninput={editor.on::<InputEvent>(|draft, value| draft.metric = value)} />
                </label>
                <datalist id={format!("metrics-{id}")}>{ for known.iter().map(|(name, title)| html! { <option value={name.clone()} label={title.clone()} /> }) }</datalist>
            }
            if draft.guess == "curve" {
                <label class="share-row"><span>{ "Axis from, to" }</span>
                    <input type="text" data-share="range" value={draft.range.clone()} oninput={editor.on::<InputEvent>(|draft, value| draft.range = value)} />
                </label>
            }
            <div role="status">{ for warnings.iter().map(|text| html! { <p class="notice" data-kind="warn">{ text.clone() }</p> }) }</div>
        </fieldset>
    }
}

fn output(label: &'static str, action: &'static str, name: &'static str, text: String) -> Html {
    let copied = text.clone();
    html! {
        <div class="share-output">
            <label>{ label }<textarea readonly={true} rows="3" data-output={name} value={text} /></label>
            <CopyButton label="Copy" {action} text={Callback::from(move |()| copied.clone())} />
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct PreviewProps {
    src: String,
    /// Receives the height that the panel in the preview reports; `None` while it loads.
    on_height: Callback<Option<u32>>,
}

/// A preview for the author. It is loaded only when it is opened, since it is a whole lab.
#[component]
fn Preview(props: &PreviewProps) -> Html {
    let open = use_state_eq(|| false);
    let frame = use_node_ref();
    use_effect_with((props.src.clone(), *open), {
        let (frame, on_height) = (frame.clone(), props.on_height.clone());
        move |(_, open)| {
            on_height.emit(None);
            let listener = open.then(|| heights_of(frame, on_height));
            move || drop(listener)
        }
    });
    let ontoggle = {
        let open = open.setter();
        Callback::from(move |event: Event| {
            open.set(event.target_unchecked_into::<web_sys::HtmlDetailsElement>().open());
        })
    };
    html! {
        <details class="share-preview" {ontoggle}>
            <summary>{ "Preview" }</summary>
            if *open {
                // A frame whose hash changes does not load again; a frame with another key does.
                <iframe ref={frame} key={props.src.clone()} src={props.src.clone()} title="Preview of the embedded panel" loading="lazy"></iframe>
            }
        </details>
    }
}

/// Listens to the heights that the panel in a frame reports.
fn heights_of(frame: NodeRef, on_height: Callback<Option<u32>>) -> EventListener {
    EventListener::new(&window(), "message", move |event| {
        let Some(event) = event.dyn_ref::<MessageEvent>() else { return };
        let window = frame.get().and_then(|frame| js_sys::Reflect::get(&frame, &"contentWindow".into()).ok());
        let is_preview = window
            .zip(event.source())
            .is_some_and(|(window, source)| js_sys::Object::is(&window, source.as_ref()));
        let get = |key: &str| js_sys::Reflect::get(&event.data(), &key.into()).unwrap_or_default();
        if is_preview && get("type").as_string().as_deref() == Some("resize") {
            on_height.emit(get("height").as_f64().map(|height| height as u32));
        }
    })
}
