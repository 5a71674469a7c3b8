//! The table of a class: students by questions.

use crate::app::class::words::{clock, long_guess, mark_html, short_guess, verdict};
use crate::coursework::class::csv::Results;
use crate::coursework::class::{Board, Cell, Column, Reproduction, Row, Sort};
use crate::panel::PtrEq;
use crate::ui::readout::format_number;
use std::rc::Rc;
use yew::prelude::*;

#[derive(Clone, PartialEq, Properties)]
pub(super) struct TableProps {
    pub(super) board: PtrEq<Board>,
    pub(super) results: Rc<Results>,
    /// Opens the details of a student's answers to a question.
    pub(super) on_open: Callback<(u64, String)>,
    /// Removes the file of a student.
    pub(super) on_remove: Callback<u64>,
}

/// The table. A click on a header sorts it.
#[component]
pub(super) fn ClassTable(props: &TableProps) -> Html {
    let board = &props.board.0;
    let sort = use_state_eq(|| (Sort::default(), false));
    let header = |label: Html, title: String, by: Sort| {
        let is_current = sort.0 == by;
        let onclick = {
            let sort = sort.clone();
            let by = by.clone();
            // Scores are most interesting from high to low, and names from A to Z.
            let first = !matches!(by, Sort::Name);
            Callback::from(move |_: MouseEvent| {
                let next = if sort.0 == by { (by.clone(), !sort.1) } else { (by.clone(), first) };
                sort.set(next);
            })
        };
        let order = is_current.then_some(if sort.1 { "descending" } else { "ascending" });
        let arrow = match (is_current, sort.1) {
            (false, _) => "",
            (true, true) => " ▼",
            (true, false) => " ▲",
        };
        html! {
            <th scope="col" aria-sort={order}>
                <button type="button" class="quiet" {title} {onclick}>{ label }<span aria-hidden="true">{ arrow }</span></button>
            </th>
        }
    };
    let of_column = |column: &Column| {
        html! { <>{ header(column_label(column), column.question.clone(), Sort::Question(column.id.clone())) }</> }
    };
    let rows = board.sorted(&sort.0, sort.1);
    html! {
        <div class="class-scroll" role="region" tabindex="0" aria-label="Answers of the class">
            <table data-table="class">
                <caption class="visually-hidden">{ "Students by questions, with the first prediction and its verdict" }</caption>
                <thead><tr>
                    { header(html! { "Student" }, "Sort by name".to_owned(), Sort::Name) }
                    { header(html! { "Score" }, "Sort by score".to_owned(), Sort::Total) }
                    { for board.columns.iter().map(of_column) }
                </tr></thead>
                <tbody>{ for rows.into_iter().map(|row| row_html(props, row)) }</tbody>
            </table>
        </div>
    }
}

/// Returns the name of a question without its section, with the section in small letters.
fn column_label(column: &Column) -> Html {
    let name = column.id.split_once('/').map_or(&*column.id, |(_, name)| name);
    html! { <>{ name.to_owned() }<small>{ format!(" {}", column.section) }</small></> }
}

fn row_html(props: &TableProps, row: &Row) -> Html {
    let board = &props.board.0;
    let remove = {
        let id = row.id;
        props.on_remove.reform(move |_: MouseEvent| id)
    };
    let cells = board.columns.iter().zip(&row.cells).map(|(column, cell)| {
        let open = {
            let (id, question) = (row.id, column.id.clone());
            props.on_open.reform(move |_: MouseEvent| (id, question.clone()))
        };
        match cell {
            None => html! { <td><span class="muted" title="No answer">{ "–" }</span></td> },
            Some(cell) => html! {
                <td data-question={column.id.clone()}>{ cell_html(props, row, column, cell, open) }</td>
            },
        }
    });
    html! {
        <tr key={row.id.to_string()} data-row={row.name.clone()}>
            <th scope="row">
                <span class="class-name" title={row.file.clone()}>{ row.name.clone() }</span>
                <button type="button" class="quiet" data-action="remove-row" onclick={remove}
                    aria-label={format!("Remove {}", row.name)} title={format!("Remove {}", row.name)}>{ "×" }</button>
            </th>
            <td data-total={row.score.to_string()} title={format!("{} of {}", row.score, board.max)}>
                { format!("{} / {}", format_number(row.score, 3), format_number(board.max, 3)) }
            </td>
            { for cells }
        </tr>
    }
}

fn cell_html(
    props: &TableProps,
    row: &Row,
    column: &Column,
    cell: &Cell,
    open: Callback<MouseEvent>,
) -> Html {
    let first = &cell.first;
    let more = cell.further.len();
    let result = props.results.get(&(row.id, column.id.clone(), 0));
    let (reproduces, symbol, bad) = match result {
        None => (None, "", false),
        Some(result) => {
            let symbol = match result {
                Reproduction::Exactly => "=",
                Reproduction::Close => "≈",
                Reproduction::Differs(_) => "≠",
                Reproduction::NotARun | Reproduction::Cannot(_) => "",
            };
            (Some(result.slug()), symbol, matches!(result, Reproduction::Differs(_)))
        }
    };
    let mut title = format!(
        "{}. {}. {}",
        long_guess(first.attempt.guess.as_ref()),
        verdict(&first.verdict),
        first.attempt.time
    );
    if !first.differences.is_empty() {
        title.push_str(&format!(". Settings differ from the lesson: {}", first.differences));
    }
    if let Some(result) = result {
        title.push_str(&format!(". Recomputed: {}", result.words()));
    }
    html! {
        <button type="button" class="quiet class-cell" data-action="details" {title} onclick={open}
            data-reproduces={reproduces} data-grade={first.verdict.grade.slug()}>
            <span class="class-guess">{ short_guess(first) }</span>
            { mark_html(first.verdict.grade) }
            if more > 0 {
                <small class="muted">{ format!("+{more}") }<span class="visually-hidden">{ " further attempts" }</span></small>
            }
            <small class="muted">{ clock(first.attempt.time) }</small>
            if !first.differences.is_empty() {
                <small class="class-flag" data-differs="">{ "other settings" }</small>
            }
            if !symbol.is_empty() {
                <small class={if bad { "class-flag" } else { "muted" }}>
                    <span aria-hidden="true">{ symbol }</span>
                    <span class="visually-hidden">{ format!(" {}", reproduces.unwrap_or_default()) }</span>
                </small>
            }
        </button>
    }
}
