//! The course's claims next to the measurements.

use crate::core::{Check, Verdict};
use yew::prelude::*;

/// Returns a table with one row per claim. `data-check-verdict` holds the verdict.
pub fn check_table(checks: &[Check]) -> Html {
    // On a narrow screen the rows become blocks, and only the roles then tell screen readers that this is a
    // table.
    let head = ["Claim", "Expected", "Measured", "Verdict"];
    html! {
        <table class="checks" role="table">
            <caption class="visually-hidden">{ "Claims of this section and what was measured here" }</caption>
            <thead role="rowgroup">
                <tr role="row">
                    { for head.iter().map(|name| html! { <th role="columnheader" scope="col">{ *name }</th> }) }
                </tr>
            </thead>
            <tbody role="rowgroup">{ for checks.iter().map(row) }</tbody>
        </table>
    }
}

fn row(check: &Check) -> Html {
    // Icon and word, because not everyone can see the color.
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
