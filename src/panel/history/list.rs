//! The list of saved runs, its messages, and the area where files are opened.

use crate::core::chapter::RUNS;
use crate::core::query::Query;
use crate::core::schema::Values;
use crate::coursework::AnswerSheet;
use crate::panel::history::compare::Chosen;
use crate::panel::history::drop_zone::use_run_drop;
use crate::panel::history::files::{self, Receivers, WrongSection};
use crate::panel::history::row::Row;
use crate::panel::history::store::{Edit, Store};
use crate::run::any::AnyExperiment;
use crate::saved_runs::history::{MAX_OPENED, MAX_UNPINNED, Removed};
use crate::saved_runs::{Origin, RemovalCause, SavedRun, format};
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
    /// Takes the result of a check of the reader's own code.
    pub(super) checked: Callback<AnswerSheet>,
    /// The query of the address.
    pub(super) query: Rc<Query>,
}

/// The list, with the newest run first.
#[component]
pub(super) fn RunList(props: &RunListProps) -> Html {
    let RunListProps { store, edit, section, .. } = props;
    let section = *section;
    let history = &store.history;
    let misplaced = use_state_eq(Vec::<WrongSection>::new);
    let on_misplaced = use_callback((), {
        let misplaced = misplaced.setter();
        move |found: Vec<WrongSection>, ()| misplaced.set(found)
    });
    let receivers = Receivers { edit: edit.clone(), misplaced: on_misplaced, checked: props.checked.clone() };
    // Files that were opened in another panel and belong to this one.
    use_effect_with((), {
        let receivers = receivers.clone();
        move |()| {
            let files = files::waiting(section.slug);
            if !files.is_empty() {
                files::take(files, Vec::new(), section, &receivers);
            }
        }
    });
    let open = use_callback(props.checked.clone(), {
        move |files: Vec<web_sys::File>, _| files::open(files, section, &receivers)
    });
    let dragging = use_run_drop(&open);
    let on_pick = Callback::from(move |event: Event| open.emit(picked(&event)));

    // The button that had the focus was removed with its row.
    let undo_button = use_node_ref();
    let deleted = history.removed().filter(|removed| removed.cause == RemovalCause::Deleted);
    let deleted: Vec<u64> = deleted.iter().flat_map(|removed| removed.runs()).map(|run| run.id).collect();
    use_effect_with(deleted, {
        let undo_button = undo_button.clone();
        move |deleted| {
            if let Some(button) = undo_button.cast::<HtmlElement>().filter(|_| !deleted.is_empty()) {
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
    let delete_opened = {
        let edit = edit.clone();
        Callback::from(move |_: MouseEvent| edit.emit(Edit::DeleteOpened))
    };
    let n_opened = history.runs.iter().filter(|run| run.origin == Origin::File && !run.pinned).count();
    html! {
        <div class="runs" data-over={dragging.then_some("true")}>
            <div class="runs-head">
                <p class="runs-about">
                    { format!("The last {MAX_UNPINNED} runs of this section that ended or were stopped, and those that you pin. Tick runs to lay them over each other. A file is the whole run: settings, curves and checks. Up to {MAX_OPENED} opened files are listed as well.") }
                    if let Some(why) = store.volatile {
                        { " " }<strong>{ why }</strong>
                    }
                </p>
                <label class="file-button">
                    <input type="file" multiple=true accept=".json,application/json" data-action="open-run" onchange={on_pick} />
                    <span>{ if dragging { "Drop run files here" } else { "Open run files…" } }</span>
                </label>
                if n_opened > 1 {
                    <button type="button" data-action="delete-opened" onclick={delete_opened}>{ format!("Remove {n_opened} opened files") }</button>
                }
            </div>
            <div role="status">
                if !store.warnings.is_empty() {
                    <div class="notice" data-kind="warn">
                        { for store.warnings.iter().map(|words| html! { <p>{ words.clone() }</p> }) }
                        <button type="button" onclick={cancel}>{ "Close" }</button>
                    </div>
                }
                { for misplaced.iter().map(|files| misplaced_notice(files, &props.query)) }
                if let Some(removed) = history.removed() {
                    <p class="notice" data-removed="">
                        { removal_notice(removed) }{ " " }
                        <button type="button" data-action="undo-delete" ref={undo_button} onclick={undo}>
                            { if removed.cause == RemovalCause::Limit { "Undo and pin" } else { "Undo" } }
                        </button>
                    </p>
                }
            </div>
            if history.runs.is_empty() {
                <p class="runs-empty">{ "No saved runs yet. Press Train: when the run ends or is stopped, it appears here, and you can compare it with the next one. You can also drop run files here, or a folder of them." }</p>
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

/// Returns the selected files. The input is cleared, so that the same files can be selected again.
fn picked(event: &Event) -> Vec<web_sys::File> {
    let input: HtmlInputElement = event.target_unchecked_into();
    let files = input.files().map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect());
    input.set_value("");
    files.unwrap_or_default()
}

/// Returns which runs were removed, and why.
fn removal_notice(removed: &Removed) -> String {
    let mut runs = removed.runs();
    let (count, first) = (runs.len(), runs.next());
    let what = match first {
        Some(run) if count == 1 => format!("{} was", run.name),
        _ => format!("{count} runs were"),
    };
    match (removed.cause, first.map(|run| run.origin)) {
        (RemovalCause::Deleted, _) => format!("{what} deleted."),
        (RemovalCause::Limit, Some(Origin::File)) => {
            format!("{what} removed, because at most {MAX_OPENED} opened files are listed.")
        }
        (RemovalCause::Limit, _) => {
            format!(
                "{what} removed, because the last {MAX_UNPINNED} runs are kept, and those that are pinned."
            )
        }
    }
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
            if let [_] = &*file.files {
                { format!("This is a run of another section, {}. ", file.title) }
            } else {
                { format!("{} files are runs of another section, {}. ", file.files.len(), file.title) }
            }
            <a href={format!("#/{}/{}{mark}{kept}", file.slug, RUNS.slug)} data-action="open-elsewhere" {onclick}>
                { if file.files.len() == 1 { "Open it there" } else { "Open them there" } }
            </a>
        </p>
    }
}
