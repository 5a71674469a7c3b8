//! The page `#/class`, which shows the answers of a class from files. Nothing leaves the browser, and nothing is stored.

mod details;
mod drawing;
mod live;
mod messages;
mod modal;
mod pictures;
mod recompute;
mod sections;
mod store;
mod table;
mod words;

use crate::app::class::details::details;
use crate::app::class::live::Live;
use crate::app::class::messages::{findings, messages};
use crate::app::class::modal::Modal;
use crate::app::class::pictures::Pictures;
use crate::app::class::recompute::Recompute;
use crate::app::class::store::{Edit, Store, read};
use crate::app::class::table::ClassTable;
use crate::coursework::class::csv::{self, Results};
use crate::coursework::class::{Board, LeftOut};
use crate::panel::PtrEq;
use crate::protocol::DeviceChoice;
use crate::ui::export::download;
use crate::ui::file_drag::{DropTarget, Dropped, use_file_drop};
use std::rc::Rc;
use web_sys::{File, HtmlInputElement};
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct ClassProps {
    pub(super) device: DeviceChoice,
}

/// The page without the navigation.
#[component]
pub(super) fn ClassView(props: &ClassProps) -> Html {
    let store = use_reducer(Store::default);
    let edit = use_callback((), {
        let store = store.dispatcher();
        move |edit: Edit, ()| store.dispatch(edit)
    });
    let sections = use_memo((), |()| sections::catalog());
    let board = use_memo((PtrEq(store.class.clone()), PtrEq(sections.clone())), |(class, sections)| {
        Board::new(class, sections)
    });
    let results = use_state(Rc::<Results>::default);
    let on_results = use_callback((), {
        let results = results.setter();
        move |found: Results, ()| results.set(Rc::new(found))
    });
    let open = use_state_eq(|| None::<(u64, String)>);
    let on_open = use_callback((), {
        let open = open.setter();
        move |cell: (u64, String), ()| open.set(Some(cell))
    });
    let on_remove = use_callback(edit.clone(), |id: u64, edit| edit.emit(Edit::Remove(id)));
    let on_drop = use_callback(edit.clone(), |(_, dropped): (DropTarget, Vec<Dropped>), edit| {
        let (files, refused) = sorted_out(dropped);
        if !files.is_empty() || !refused.is_empty() {
            read(files, refused, edit.clone());
        }
    });
    let dragging = use_file_drop(".class-drop", on_drop);

    let (class, board) = (store.class.clone(), PtrEq(board));
    let shown = open.as_ref().and_then(|(id, question)| {
        let row = board.rows.iter().find(|row| row.id == *id)?;
        let at = board.column(question)?;
        Some((row, board.columns.get(at)?, row.cells.get(at)?.as_ref()?))
    });
    let close = {
        let open = open.setter();
        Callback::from(move |()| open.set(None))
    };
    let has_rows = !board.rows.is_empty();
    html! {
        <section class="panel class-view" data-panel="class" data-state={if store.waiting > 0 { "running" } else { "idle" }}
            data-files={class.entries.len().to_string()} aria-labelledby="class-title">
            <div class="panel-head"><h1 id="class-title">{ "Class view" }</h1></div>
            if class.is_empty() {
                <p class="lead">{ "Collect the answers files that your students hand in, and see every first prediction next to what was measured. Add the lesson file to see its questions in order and to grade them with its keys." }</p>
            }
            { drop_zone(&edit, dragging, class.is_empty()) }
            if store.waiting > 0 {
                <p class="muted" role="status">{ format!("Reading {} files…", store.waiting) }</p>
            }
            { messages(&class, &board, &edit) }
            if has_rows {
                <p class="class-count">
                    { match &class.lesson {
                        Some((lesson, _)) => format!("{}: {} students, {} questions.", lesson.title, board.rows.len(), board.columns.len()),
                        None => format!("{} students, {} questions.", board.rows.len(), board.columns.len()),
                    } }
                </p>
                <ClassTable board={board.clone()} results={(*results).clone()} {on_open} {on_remove} />
            }
            <p class="class-actions">
                if has_rows {
                    <button type="button" data-action="csv-students" onclick={save("nn-lab-class.csv", { let board = board.clone(); move || csv::by_student(&board) })}>{ "Save scores as CSV" }</button>
                    <button type="button" data-action="csv-answers" onclick={save("nn-lab-class-answers.csv", {
                        let (board, sections, results) = (board.clone(), sections.clone(), (*results).clone());
                        move || csv::by_answer(&board, &sections, &results)
                    })}>{ "Save answers as CSV" }</button>
                }
                <Live lesson={class.lesson.as_ref().map(|(lesson, _)| lesson.clone())} />
                if !class.entries.is_empty() {
                    <button type="button" data-action="remove-all" onclick={edit.reform(|_: MouseEvent| Edit::RemoveAll)}>{ "Remove all" }</button>
                }
            </p>
            if has_rows {
                { findings(&board) }
                <Pictures board={board.clone()} />
                <Recompute board={board.clone()} sections={PtrEq(sections.clone())} device={props.device} {on_results} />
            }
            if let Some((row, column, cell)) = shown {
                <Modal title={row.name.clone()} class="class-cell-details" on_close={close}>
                    { details(row, column, cell, &sections, &results) }
                </Modal>
            }
        </section>
    }
}

/// Returns the callback of a button that saves a table.
fn save(name: &'static str, text: impl Fn() -> String + 'static) -> Callback<MouseEvent> {
    Callback::from(move |_: MouseEvent| {
        // A browser that blocks downloads reports that itself.
        let _ = download(name, "text/csv;charset=utf-8", &text());
    })
}

/// Returns the files that are read, and a sentence for files in folders that are not JSON.
fn sorted_out(dropped: Vec<Dropped>) -> (Vec<File>, Vec<LeftOut>) {
    let (mut files, mut refused) = (Vec::new(), Vec::new());
    for one in dropped {
        match one {
            Dropped::File(file) => files.push(file),
            Dropped::Folder(name, inside) => {
                let (json, others): (Vec<File>, Vec<File>) =
                    inside.into_iter().map(|(_, file)| file).partition(is_json);
                files.extend(json);
                refused.extend(others_of(&name, others.len()));
            }
        }
    }
    (files, refused)
}

fn is_json(file: &File) -> bool {
    file.name().to_lowercase().ends_with(".json")
}

fn others_of(folder: &str, count: usize) -> Option<LeftOut> {
    let reason = match count {
        0 => return None,
        1 => "one file in it does not end in .json".to_owned(),
        count => format!("{count} files in it do not end in .json"),
    };
    Some(LeftOut::new(folder, reason))
}

/// Returns the files that were chosen in a field, which is empty again afterwards.
fn picked(event: &Event) -> Vec<File> {
    let input: HtmlInputElement = event.target_unchecked_into();
    let files = input.files().map(|list| (0..list.length()).filter_map(|at| list.get(at)).collect());
    input.set_value("");
    files.unwrap_or_default()
}

fn drop_zone(edit: &Callback<Edit>, dragging: bool, is_empty: bool) -> Html {
    let on_files = {
        let edit = edit.clone();
        Callback::from(move |event: Event| read(picked(&event), Vec::new(), edit.clone()))
    };
    let on_folder = {
        let edit = edit.clone();
        Callback::from(move |event: Event| {
            let (json, others): (Vec<File>, Vec<File>) = picked(&event).into_iter().partition(is_json);
            read(json, others_of("The folder", others.len()).into_iter().collect(), edit.clone());
        })
    };
    html! {
        <div class="class-drop" data-over={dragging.then_some("true")} data-empty={is_empty.then_some("true")}>
            <p>
                <strong>{ "Drop the files of your class here, or a folder" }</strong>
                <span class="muted">{ " Nothing leaves this browser, and nothing is stored." }</span>
            </p>
            <div class="class-pick">
                <label class="file-button">
                    <input type="file" multiple=true accept=".json,application/json" data-action="class-files" onchange={on_files} />
                    <span>{ "Open files…" }</span>
                </label>
                <label class="file-button">
                    <input type="file" multiple=true webkitdirectory=true data-action="class-folder" onchange={on_folder} />
                    <span>{ "Open a folder…" }</span>
                </label>
            </div>
        </div>
    }
}
