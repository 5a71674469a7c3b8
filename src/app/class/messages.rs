//! Sentences about the files of a class, and about answers that deserve a second look.

use crate::app::class::store::Edit;
use crate::core::query::shorten;
use crate::coursework::class::board::Misfit;
use crate::coursework::class::findings::{Finding, duplicates, outliers};
use crate::coursework::class::roster::list;
use crate::coursework::class::{Board, Class, LeftOut};
use yew::prelude::*;

/// The maximum number of listed findings.
const MAX_SHOWN: usize = 100;

/// Returns the messages about files: the lesson, files that were left out, repeated files, and names.
pub(super) fn messages(class: &Class, board: &Board, edit: &Callback<Edit>) -> Html {
    let on = |change: Edit| edit.reform(move |_: MouseEvent| change.clone());
    let mut notes: Vec<String> = class.lesson_note().into_iter().collect();
    notes.extend(class.name_notes());
    match board.foreign_answers {
        0 => {}
        1 => notes.push("One answer belongs to no question of the lesson and is not shown.".to_owned()),
        count => {
            notes.push(format!("{count} answers belong to no question of the lesson and are not shown."))
        }
    }
    match class.repeated.as_slice() {
        [] => {}
        [one] => notes.push(format!("{one} was ignored: an identical file is already here.")),
        several => notes.push(format!(
            "{} files were ignored, because identical files are already here: {}.",
            several.len(),
            list(several)
        )),
    }
    let removed: Vec<&str> = class.removed().map(|entry| &*entry.file).collect();
    let misfit = |misfit: &Misfit| {
        html! {
            <li data-misfit="">{ format!("{} ({}) belongs to the lesson \"{}\".", misfit.name, misfit.file, shorten(&misfit.lesson)) }</li>
        }
    };
    let left_out = |left_out: &LeftOut| {
        html! { <li data-left-out={left_out.name.clone()}>{ format!("{}: {}.", left_out.name, left_out.reason.trim_end_matches('.')) }</li> }
    };
    html! {
        <>
            if let Some((lesson, file)) = &class.lesson {
                <p data-lesson={lesson.id.clone()}>
                    { format!("Lesson: {} ({file}) ", lesson.title) }
                    <button type="button" data-action="remove-lesson" onclick={on(Edit::RemoveLesson)}>{ "Remove the lesson" }</button>
                </p>
            }
            <div role="status">
                if !removed.is_empty() {
                    <p class="notice" data-removed="">
                        { match removed.as_slice() {
                            [one] => format!("{one} was removed. "),
                            several => format!("{} files were removed. ", several.len()),
                        } }
                        <button type="button" data-action="undo-remove" onclick={on(Edit::Undo)}>{ "Undo" }</button>
                    </p>
                }
                if !class.left_out.is_empty() {
                    <div class="notice" data-kind="warn">
                        <h2>{ "Files that were left out" }</h2>
                        <ul class="class-list" data-list="left-out">{ for class.left_out.iter().map(left_out) }</ul>
                        <button type="button" data-action="dismiss-files" onclick={on(Edit::Dismiss)}>{ "Close" }</button>
                    </div>
                }
                if !board.misfits.is_empty() {
                    <div class="notice" data-kind="warn">
                        <h2>{ "Files of another lesson" }</h2>
                        <ul class="class-list" data-list="misfits">{ for board.misfits.iter().map(misfit) }</ul>
                    </div>
                }
                if !notes.is_empty() {
                    <ul class="class-list" data-list="notes">{ for notes.iter().map(|note| html! { <li>{ note.clone() }</li> }) }</ul>
                }
            </div>
        </>
    }
}

/// Returns the lists of outliers and duplicates.
pub(super) fn findings(board: &Board) -> Html {
    let section = |title: &'static str, name: &'static str, found: Vec<Finding>| {
        let more = found.len().saturating_sub(MAX_SHOWN);
        if found.is_empty() {
            return Html::default();
        }
        html! {
            <section>
                <h2>{ title }</h2>
                <ul class="class-list" data-list={name}>
                    { for found.iter().take(MAX_SHOWN).map(|finding| html! { <li>{ finding.words.clone() }</li> }) }
                    if more > 0 {
                        <li>{ format!("And {more} more.") }</li>
                    }
                </ul>
            </section>
        }
    };
    html! {
        <>
            { section("The same run under several names", "duplicates", duplicates(board)) }
            { section("Outliers", "outliers", outliers(board)) }
        </>
    }
}
