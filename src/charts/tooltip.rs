//! The readout next to a chart's cursor. It floats, so that nothing around it moves.

use crate::charts::{color, cursor::live};
use yew::prelude::*;

#[derive(Clone, PartialEq, Debug)]
pub(super) struct TipRow {
    pub(super) color: Option<usize>,
    pub(super) name: AttrValue,
    pub(super) value: String,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct TipText {
    pub(super) head: String,
    pub(super) rows: Vec<TipRow>,
    /// The cursor's position as a fraction of the chart's width. The readout goes on the other side.
    pub(super) x_fraction: f64,
}

/// More rows than this would hide the whole chart.
const MAX_ROWS: usize = 10;

/// Returns the area over a chart that holds its readout, if there is one.
pub(super) fn tooltip(text: Option<&TipText>, spoken: bool) -> Html {
    let body = text.map(|text| {
        let side = if text.x_fraction > 0.5 { "left" } else { "right" };
        let hidden = text.rows.len().saturating_sub(MAX_ROWS);
        html! {
            <div class="chart-tip" data-side={side}>
                <div class="chart-tip-head">{ text.head.clone() }</div>
                { for text.rows.iter().take(MAX_ROWS).map(row) }
                if hidden > 0 {
                    <div class="chart-tip-more">{ format!("and {hidden} more") }</div>
                }
            </div>
        }
    });
    // The live region exists before its text does: a screen reader speaks changes, not new regions.
    html! {
        <div class="chart-tip-area" aria-live={live(spoken)}>{ body }</div>
    }
}

fn row(row: &TipRow) -> Html {
    let swatch = row.color.map(|index| {
        html! { <span class="swatch" ~style={format!("background:{}", color::series(index))}></span> }
    });
    html! {
        <div class="chart-tip-row">
            { swatch }
            <span class="chart-tip-name">{ row.name.clone() }</span>
            { " " }
            <span class="chart-tip-value">{ row.value.clone() }</span>
        </div>
    }
}
