//! The scores of all heads at the last measurement, ranked by prefix matching.

use super::text;
use crate::charts::Table;
use crate::panel::PtrEq;
use crate::sections::transformer::induction::{COPYING_SCORE, HeadScores as Scores, PREFIX_SCORE};
use crate::sections::transformer::{Config, Record, Run};
use crate::ui::figure::Figure;
use crate::ui::readout::format_number;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct HeadScoresProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// One row of the table: the scores of a head.
struct Row {
    name: String,
    scores: Scores,
    previous: f64,
}

#[component]
pub(super) fn HeadScores(props: &HeadScoresProps) -> Html {
    let run = props.record.0.run();
    let step = run.induction.last().map_or(0, |last| last.step);
    let table = {
        let (record, heads) = (props.record.clone(), props.config.heads);
        Callback::from(move |()| {
            let cells = |row: &Row| {
                let numbers = [row.scores.prefix, row.scores.copying, row.previous];
                std::iter::once(row.name.clone())
                    .chain(numbers.map(|number| format!("{number:.4}")))
                    .collect()
            };
            Table {
                columns: ["head", "prefix matching", "copying", "previous token"].map(str::to_owned).to_vec(),
                rows: ranked(record.0.run(), heads).iter().map(cells).collect(),
            }
        })
    };
    let rows = ranked(run, props.config.heads);
    let row = |row: &Row| {
        let Row { name, scores, previous } = row;
        html! {
            <tr key={scores.head} data-scores={scores.head.to_string()}>
                <th scope="row">{ name.clone() }</th>
                { for [scores.prefix, scores.copying, *previous].map(|score| html! { <td>{ format_number(score, 2) }</td> }) }
                <td>{ if scores.is_induction_head() { "yes" } else { "no" } }</td>
            </tr>
        }
    };
    let look_for = html! { <>
        { "An induction head needs two high scores (Olsson et al. 2022). Prefix matching: it attends to the tokens after earlier occurrences of the query’s token. " }
        { "Copying: its own output raises the logits of the tokens that it attends to. The score is the fraction of predictions in the repeats for which their mean, weighted by attention, is above the mean over all tokens. " }
        { format!("It is about 0.5 for a random head, near 1 for a head that copies, and near 0 for one that suppresses. The last column asks for more than {PREFIX_SCORE} and {COPYING_SCORE}.") }
    </> };
    html! {
        <Figure name="head-scores" picture={false} title={format!("Scores of all heads, step {step}")} formula={text::copying_formula()} {look_for} {table}>
            if rows.is_empty() {
                <p class="muted">{ "Nothing has been measured on a sequence that repeats." }</p>
            } else {
                <div class="head-table">
                    <div class="scroll" tabindex="0" role="region" aria-label="Scores of all heads">
                        <table>
                            <thead><tr>
                                { for ["head", "prefix matching", "copying", "previous token", "induction head"].map(|words| html! { <th scope="col">{ words }</th> }) }
                            </tr></thead>
                            <tbody>{ for rows.iter().map(row) }</tbody>
                        </table>
                    </div>
                </div>
            }
        </Figure>
    }
}

/// Returns the scores of all heads at the last measurement, highest prefix-matching score first.
fn ranked(run: &Run, heads: u32) -> Vec<Row> {
    let Some(last) = run.induction.last() else { return Vec::new() };
    let heads = (heads as usize).max(1);
    let scores = last.induction.iter().zip(&last.previous).zip(&run.copying).enumerate();
    let row = |(head, ((&prefix, &previous), copying)): (usize, _)| {
        let copying: &crate::core::curve::Curve = copying;
        Some(Row {
            name: format!("layer {}, head {}", head / heads + 1, head % heads + 1),
            scores: Scores { head, prefix: f64::from(prefix), copying: copying.last_y()? },
            previous: f64::from(previous),
        })
    };
    let mut rows: Vec<Row> = scores.filter_map(row).collect();
    rows.sort_by(|a, b| b.scores.prefix.total_cmp(&a.scores.prefix));
    rows
}
