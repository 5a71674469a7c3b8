//! What the course claims, beside what was measured.

use crate::core::{Check, Verdict};
use yew::prelude::*;

#[derive(Clone, Properties, PartialEq, Debug)]
pub struct CheckTableProps {
    pub checks: Vec<Check>,
}

/// One row for each claim; `data-check-verdict` says how it stands.
#[component]
pub fn CheckTable(props: &CheckTableProps) -> Html {
    // On a narrow screen the rows become blocks, which takes a table's meaning away unless roles give it back.
    let head = ["Claim", "Expected", "Measured", "Verdict"];
    html! {
        <table class="checks" role="table">
            <caption class="visually-hidden">{ "Claims of this section and what was measured here" }</caption>
            <thead role="rowgroup">
                <tr role="row">
                    { for head.iter().map(|name| html! { <th role="columnheader" scope="col">{ *name }</th> }) }
                </tr>
            </thead>
            <tbody role="rowgroup">{ for props.checks.iter().map(row) }</tbody>
        </table>
    }
}

fn row(check: &Check) -> Html {
    // Icon and word: the color alone would not be read by everyone.
    let (slug, icon, word) = match check.verdict {
        Verdict::Holds => ("holds", "✓", "confirmed"),
        Verdict::Fails => ("fails", "✗", "not confirmed"),
        Verdict::Mixed => ("mixed", "±", "confirmed with some seeds"),
        Verdict::Open => ("open", "○", "not run yet"),
    };
    html! {
        <tr role="row" data-check-verdict={slug}>
            <td role="cell" class="check-claim">{ check.claim.clone() }</td>
            <td role="cell" data-label="Expected">{ check.expected.clone() }</td>
            <td role="cell" data-label="Measured">{ check.measured.clone() }</td>
            <td role="cell" data-label="Verdict">
                <span class="verdict"><span aria-hidden="true">{ icon }</span>{ " " }{ word }</span>
            </td>
        </tr>
    }
}
