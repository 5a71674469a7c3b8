//! The parts that all kinds of data share: the area that takes files, the progress of reading, the preview with its buttons,
//! the card of the data in use, and the list of the data sets in this browser.

use crate::client::{DataSets, NamedBlob, Work};
use crate::core::data_set::{DataAnswer, DataKind};
use crate::panel::own_data::card::DataCard;
use crate::panel::own_data::files;
use crate::panel::own_data::link::Missing;
use crate::panel::own_data::parts::grouped;
use crate::panel::own_data::stored::StoredList;
use crate::ui::file_drag::{DropTarget, Dropped, use_file_drop};
use crate::ui::{focus, open_groups};
use gloo::events::EventListener;
use gloo::utils::document;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlTextAreaElement};
use yew::prelude::*;

/// The properties of an importer.
#[derive(Clone, Debug, PartialEq, Properties)]
pub struct ImportProps {
    /// The data set in the settings: its id, or an empty text. It need not be in this browser.
    pub data: AttrValue,
    /// Receives the id of the data set to use.
    pub on_data: Callback<String>,
}

/// The words for a kind of data.
#[derive(Debug, PartialEq)]
pub(super) struct Words {
    /// The value of `data-own`.
    pub(super) hook: &'static str,
    pub(super) kind: DataKind,
    /// The heading of the area that takes files: without data, and with data.
    pub(super) open: [&'static str; 2],
    /// The files that are accepted.
    pub(super) help: &'static str,
    pub(super) choose: &'static str,
    /// The accepted files in the file dialog; empty for all.
    pub(super) accept: &'static str,
    /// True if one file is read at a time.
    pub(super) is_single: bool,
    /// The label of the field for a text, and the words and the action of its button.
    pub(super) paste: Option<[&'static str; 3]>,
    /// The words of the button that uses the data.
    pub(super) apply: &'static str,
}

#[derive(Properties, PartialEq)]
pub(super) struct ImporterProps {
    pub(super) words: &'static Words,
    pub(super) import: ImportProps,
    pub(super) sets: DataSets,
    /// Reads files. The second part is true if they were typed or pasted into the field.
    pub(super) on_files: Callback<(Vec<NamedBlob>, bool)>,
    /// Options, and further ways to add data.
    #[prop_or_default]
    pub(super) options: Html,
    /// The data that were read.
    pub(super) preview: Html,
    /// The reason why they cannot be used.
    pub(super) problem: Option<String>,
    /// Further content of the card.
    #[prop_or_default]
    pub(super) children: Html,
}

/// The frame of an importer.
#[component]
pub(super) fn Importer(props: &ImporterProps) -> Html {
    let ImporterProps { words, sets, .. } = props;
    let words = *words;
    let ImportProps { data, on_data } = &props.import;
    let note = use_state_eq(|| None::<String>);
    let read = use_callback(props.on_files.clone(), {
        let note = note.setter();
        move |(mut files, is_pasted): (Vec<NamedBlob>, bool), on_files: &Callback<_>| {
            let others = files.len().saturating_sub(1);
            let is_single = words.is_single && others > 0;
            note.set(match files.first() {
                None => Some("There is no file that can be read.".to_owned()),
                Some(first) if is_single => Some(format!(
                    "One file is read at a time: {}. {} not read.",
                    first.name,
                    if others == 1 {
                        "The other one was".to_owned()
                    } else {
                        format!("The {others} others were")
                    }
                )),
                Some(_) => None,
            });
            if is_single {
                files.truncate(1);
            }
            if !files.is_empty() {
                on_files.emit((files, is_pasted));
            }
        }
    });
    let on_drop = use_callback(read.clone(), |(target, all): (DropTarget, Vec<Dropped>), read| {
        let files = files::dropped(all);
        let is_run = |file: &NamedBlob| file.name.ends_with(".json");
        if target == DropTarget::Inside || (is_alone() && !files.iter().all(is_run)) {
            read.emit((files, false));
        }
    });
    let dragging = use_file_drop(".own-data", on_drop);
    use_paste(words, read.clone());
    let (node, area) = (use_node_ref(), use_node_ref());
    use_effect_with(dragging, {
        let node = node.clone();
        move |dragging| {
            let source =
                node.cast::<Element>().and_then(|node| node.query_selector(".file-box").ok().flatten());
            if let Some(source) = source.filter(|_| *dragging) {
                open_groups(&source);
            }
        }
    });

    let box_ref = node.clone();
    let current = sets.list.iter().find(|stored| *data == stored.card.id);
    // A text shows its preview also when it is in use, and no longer when another one is.
    let (is_used, is_shown) = match sets.answer.as_deref() {
        Some(DataAnswer::Texts(_, card)) if *data == card.id => (true, true),
        Some(DataAnswer::Texts(..)) => (false, sets.prepared.is_some()),
        answer => (false, answer.is_some()),
    };
    let state = match (&sets.work, &sets.error) {
        (Some(_), _) => "reading",
        (_, Some(_)) => "error",
        _ if is_shown && !is_used => "preview",
        _ if current.is_some() => "ready",
        _ => "idle",
    };
    // The button that had the focus is gone.
    let refocus = move || node.cast().iter().for_each(focus);
    let apply = {
        let (sets, on_data, refocus) = (sets.clone(), on_data.clone(), refocus.clone());
        Callback::from(move |_: MouseEvent| {
            let Some(prepared) = &sets.prepared else { return };
            sets.keep_new();
            on_data.emit(prepared.card.id.clone());
            if words.kind != DataKind::Text {
                sets.cancel.emit(());
            }
            refocus();
        })
    };
    let discard = {
        let cancel = sets.cancel.clone();
        Callback::from(move |_: MouseEvent| {
            cancel.emit(());
            refocus();
        })
    };
    html! {
        <div class="own-data" ref={box_ref} tabindex="-1" data-own={words.hook} data-state={state}>
            <Missing data={data.clone()} sets={sets.clone()} />
            if let Some(current) = current {
                <DataCard key={current.card.id.clone()} stored={current.clone()} update={sets.update.clone()} />
                { props.children.clone() }
            }
            { source(props, read, &area, dragging, current.is_some()) }
            { reading(sets) }
            <div role="alert">
                { for sets.error.iter().chain(&*note).map(|error| html! { <p class="notice" data-kind="error">{ error }</p> }) }
            </div>
            if is_shown {
                <section class="own-preview" aria-label="Preview">
                    { props.preview.clone() }
                    <div role="status">
                        if let Some(problem) = &props.problem {
                            <p class="notice" data-kind="warn" data-problem="">{ problem }</p>
                        }
                    </div>
                    if !is_used {
                        <p class="own-buttons">
                            <button type="button" class="primary" data-action="use-data" onclick={apply}
                                disabled={sets.prepared.is_none() || sets.work.is_some()}>{ words.apply }</button>
                            <button type="button" data-action="discard-data" disabled={sets.work.is_some()} onclick={discard}>{ "Discard" }</button>
                        </p>
                    }
                </section>
            }
            <StoredList sets={sets.clone()} data={data.clone()} on_data={on_data.clone()} />
        </div>
    }
}

/// Returns the area that takes files.
fn source(
    props: &ImporterProps,
    read: Callback<(Vec<NamedBlob>, bool)>,
    area: &NodeRef,
    dragging: bool,
    has_data: bool,
) -> Html {
    let words = props.words;
    let paste = {
        let (read, area) = (read.clone(), area.clone());
        Callback::from(move |_: MouseEvent| {
            let text = area.cast::<HtmlTextAreaElement>().map(|area| area.value()).unwrap_or_default();
            let file = files::of_text("pasted text", &text).filter(|_| !text.trim().is_empty());
            read.emit((file.into_iter().collect(), true));
        })
    };
    let onchange = read.reform(|event: Event| (files::chosen(&event), false));
    html! {
        <details class="own-source" open={!has_data}>
            <summary>{ words.open[usize::from(has_data)] }</summary>
            <div class="file-box" data-dragging={dragging.to_string()}>
                <p>{ words.help }</p>
                <p class="own-buttons">
                    <label class="file-button">
                        <input type="file" multiple=true accept={words.accept} data-action="open-files" onchange={&onchange} />
                        <span>{ words.choose }</span>
                    </label>
                    if words.kind == DataKind::Pictures {
                        <label class="file-button">
                            <input type="file" webkitdirectory=true data-action="open-folder" {onchange} />
                            <span>{ "Choose a folder…" }</span>
                        </label>
                    }
                    <span>{ match (dragging, words.is_single) {
                        (false, true) => "or drop it here",
                        (false, false) => "or drop them here",
                        (true, true) => "Drop the file here",
                        (true, false) => "Drop the files here",
                    } }</span>
                </p>
                if let Some([label, button, action]) = words.paste {
                    <label class="own-paste">{ label }<textarea ref={area} rows="3" data-paste="" spellcheck="false" /></label>
                    <button type="button" data-action={action} onclick={paste}>{ button }</button>
                }
                { props.options.clone() }
                <p>{ "Nothing leaves this browser. Data sets are kept here only; save their files to take them elsewhere." }</p>
            </div>
        </details>
    }
}

/// Returns the progress of reading.
fn reading(sets: &DataSets) -> Html {
    let cancel = sets.cancel.reform(|_: MouseEvent| ());
    html! {
        <>
            <span class="visually-hidden" role="status">{ if sets.work.is_some() { "Reading…" } else { "" } }</span>
            if let Some(work) = &sets.work {
                <div class="own-work">
                    <Progress work={work.clone()} />
                    <button type="button" data-action="cancel-reading" onclick={cancel}>{ "Cancel" }</button>
                </div>
            }
        </>
    }
}

#[derive(Properties, PartialEq)]
struct ProgressProps {
    work: Work,
}

/// The number of files that were read, and the time that is left.
#[component]
fn Progress(props: &ProgressProps) -> Html {
    let Work { what, done, total } = &props.work;
    let start = use_mut_ref(js_sys::Date::now);
    let seconds = (js_sys::Date::now() - *start.borrow()) / 1e3;
    let left = seconds * f64::from(total.saturating_sub(*done)) / f64::from(*done);
    html! {
        <>
            <progress aria-label="Reading" max={(*total > 0).then(|| total.to_string())} value={(*total > 0).then(|| done.to_string())} />
            <p data-work="">
                if *total == 0 {
                    { "Reading…" }
                } else {
                    { format!("Reading {what}: {} of {}", grouped(*done), grouped(*total)) }
                    // The first files say little about the others.
                    if seconds > 2.0 && left.is_finite() { { format!(", about {left:.0} s left") } }
                }
            </p>
        </>
    }
}

/// Reads what is pasted while no text field has the focus.
#[hook]
fn use_paste(words: &'static Words, read: Callback<(Vec<NamedBlob>, bool)>) {
    use_effect_with(read, move |read| {
        let read = read.clone();
        let listener = EventListener::new(&document(), "paste", move |event| {
            let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
            let is_typing = |target: &Element| target.closest("input, textarea").ok().flatten().is_some();
            if target.as_ref().is_some_and(is_typing) || !is_alone() {
                return;
            }
            // Spreadsheets also give a picture of the cells.
            let (mut files, text) = files::pasted(event);
            if words.paste.is_some() && !text.trim().is_empty() {
                files = files::of_text("pasted text", &text).into_iter().collect();
            }
            if !files.is_empty() {
                read.emit((files, false));
            }
        });
        move || drop(listener)
    });
}

/// Returns true if no other area of the page takes files.
fn is_alone() -> bool {
    document().query_selector_all(".file-box").is_ok_and(|boxes| boxes.length() < 2)
}
