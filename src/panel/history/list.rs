//! The list of saved runs, its messages, and the area where files are opened.

use crate::core::chapter::RUNS;
use crate::core::query::Query;
use crate::core::schema::Values;
use crate::panel::history::compare::Chosen;
use crate::panel::history::files::{self, WrongSection};
use crate::panel::history::row::Row;
use crate::panel::history::store::{Edit, Store};
use crate::run::any::AnyExperiment;
use crate::saved_runs::history::MAX_UNPINNED;
use crate::saved_runs::{SavedRun, format};
use std::rc::Rc;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

#[derive(Properties, PartialEq)]
pub(super) struct RunListProps {
    pub(super) section: &'static AnyExperiment,
    pub(super) store: Store,
    /// The present settings of the panel.
    pub(super) config: Rc<Values>,
    /// True if a run is active.
    pub(super) active: bool,
    /// The compared runs, and the indices of their colors.
    pub(super) chosen: Vec<(u64, usize)>,
    pub(super) choose: Callback<(u64, bool)>,
    pub(super) rerun: Callback<SavedRun>,
    pub(super) edit: Callback<Edit>,
    /// The query of the address.
    pub(super) query: Rc<Query>,
}

/// The list, with the newest run first.
#[component]
pub(super) fn RunList(props: &RunListProps) -> Html {
    let RunListProps { store, edit, section, .. } = props;
    let section = *section;
    let history = &store.history;
    let misplaced = use_state_eq(|| None::<WrongSection>);
    let on_misplaced = use_callback((), {
        let misplaced = misplaced.setter();
        move |found: Option<WrongSection>, ()| misplaced.set(found)
    });
    // A file that was opened in another panel and belongs to this one.
    use_effect_with((), {
        let (edit, on_misplaced) = (edit.clone(), on_misplaced.clone());
        move |()| {
            if let Some(text) = files::waiting(section.slug) {
                files::take("The file", text, section, &edit, &on_misplaced);
            }
        }
    });
    let open = use_callback((), {
        let (edit, on_misplaced) = (edit.clone(), on_misplaced.clone());
        move |file: web_sys::File, ()| files::open(&file, section, &edit, &on_misplaced)
    });
    let zone = use_drop_zone(&open);
    let on_pick = Callback::from(move |event: Event| {
        if let Some(file) = picked(&event) {
            open.emit(file);
        }
    });

    // The button that had the focus was removed with its row.
    let undo_button = use_node_ref();
    let deleted = history.deleted().map(|run| run.id);
    use_effect_with(deleted, {
        let undo_button = undo_button.clone();
        move |_| {
            if let Some(button) = undo_button.cast::<HtmlElement>() {
                // If the button cannot take the focus, the focus stays.
                let _ = button.focus();
            }
        }
    });

    let cancel = {
        let edit = edit.clone();
        Callback::from(move |_: MouseEvent| edit.emit(Edit::ClearMessages))
    };
    let undo = {
        let edit = edit.clone();
        Callback::from(move |_: MouseEvent| edit.emit(Edit::Undo))
    };
    html! {
        <div class="runs" data-over={zone.is_over.then_some("true")} ondragover={zone.on_over} ondragleave={zone.on_leave} ondrop={zone.on_drop}>
            <div class="runs-head">
                <p class="runs-about">
                    { format!("The last {MAX_UNPINNED} runs of this section that ended or were stopped, and those that you pin. Tick runs to lay them over each other. A file is the whole run: settings, curves and checks.") }
                    if let Some(why) = store.volatile {
                        { " " }<strong>{ why }</strong>
                    }
                </p>
                <label class="file-button">
                    <input type="file" accept=".json,application/json" data-action="open-run" onchange={on_pick} />
                    <span>{ "Open run file…" }</span>
                </label>
            </div>
            <div role="status">
                if !store.warnings.is_empty() {
                    <div class="notice" data-kind="warn">
                        { for store.warnings.iter().map(|words| html! { <p>{ words.clone() }</p> }) }
                        <button type="button" onclick={cancel}>{ "Close" }</button>
                    </div>
                }
                if let Some(file) = &*misplaced {
                    { misplaced_notice(file, &props.query) }
                }
                if let Some(run) = history.deleted() {
                    <p class="notice">
                        { format!("{} was deleted. ", run.name) }
                        <button type="button" data-action="undo-delete" ref={undo_button} onclick={undo}>{ "Undo" }</button>
                    </p>
                }
            </div>
            if history.runs.is_empty() {
                <p class="runs-empty">{ "No saved runs yet. Press Train: when the run ends or is stopped, it appears here, and you can compare it with the next one. You can also drop a run file here." }</p>
            } else {
                <ol class="run-list" reversed=true>{ for history.runs.iter().rev().map(|run| row(props, run)) }</ol>
            }
        </div>
    }
}

/// Returns the row of a run, with the difference from the run before it.
fn row(props: &RunListProps, run: &SavedRun) -> Html {
    let RunListProps { section, store, edit, config, .. } = props;
    let before = store.history.before(run.id);
    let (against, from) = match before {
        Some(before) => (before.name.clone(), before.record.config.clone()),
        None => ("the default settings".to_owned(), section.schema.defaults()),
    };
    let mut differences = format::differences(section.schema.params, &from, &run.record.config);
    let kinds = before.map(|before| (before.record.device.kind, run.record.device.kind));
    if let Some((was, is)) = kinds.filter(|(was, is)| was != is) {
        differences.push(format!(
            "device {} → {}",
            super::row::device_name(was),
            super::row::device_name(is)
        ));
    }
    let slot = props.chosen.iter().find(|(id, _)| *id == run.id).map(|(_, slot)| *slot);
    html! {
        <Row key={run.id} run={run.clone()} section={*section} config={config.clone()} {against} {differences}
            slot={slot.map(Chosen::style)} active={props.active} choose={props.choose.clone()} rerun={props.rerun.clone()}
            edit={edit.clone()} />
    }
}

/// An area where a file can be dropped.
struct DropZone {
    /// True while a file is over it.
    is_over: bool,
    on_over: Callback<DragEvent>,
    on_leave: Callback<DragEvent>,
    on_drop: Callback<DragEvent>,
}

#[hook]
fn use_drop_zone(open: &Callback<web_sys::File>) -> DropZone {
    let over = use_state_eq(|| false);
    let set = |event: &DragEvent, over: &UseStateSetter<bool>, to: bool| {
        event.prevent_default();
        over.set(to);
    };
    DropZone {
        is_over: *over,
        on_over: {
            let over = over.setter();
            Callback::from(move |event: DragEvent| set(&event, &over, true))
        },
        on_leave: {
            let over = over.setter();
            Callback::from(move |event: DragEvent| set(&event, &over, false))
        },
        on_drop: {
            let (over, open) = (over.setter(), open.clone());
            Callback::from(move |event: DragEvent| {
                set(&event, &over, false);
                let files = event.data_transfer().and_then(|transfer| transfer.files());
                if let Some(file) = files.and_then(|files| files.get(0)) {
                    open.emit(file);
                }
            })
        },
    }
}

/// Returns the selected file. The input is cleared, so that the same file can be selected again.
fn picked(event: &Event) -> Option<web_sys::File> {
    let input: HtmlInputElement = event.target_unchecked_into();
    let file = input.files().and_then(|files| files.get(0));
    input.set_value("");
    file
}

/// Returns a notice with a link to the panel that the file belongs to, which then opens it.
fn misplaced_notice(file: &WrongSection, query: &Query) -> Html {
    // The device, the theme and the frame stay; settings belong to their section.
    let kept = query.keep(|key| ["device", "theme", "embed"].contains(&key));
    let mark = if kept.is_empty() { "" } else { "?" };
    let onclick = {
        let file = file.clone();
        Callback::from(move |_: MouseEvent| file.leave())
    };
    html! {
        <p class="notice" data-kind="warn">
            { format!("This is a run of another section, {}. ", file.title) }
            <a href={format!("#/{}/{}{mark}{kept}", file.slug, RUNS.slug)} data-action="open-elsewhere" {onclick}>
                { "Open it there" }
            </a>
        </p>
    }
}
