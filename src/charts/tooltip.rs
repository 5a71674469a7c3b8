//! The readout beside a chart's cursor. It floats, so that it never moves what is around it.

use crate::charts::color;
use yew::prelude::*;

/// Where the reader looks.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Cursor<T> {
    pub(super) at: T,
    /// Whether it was put there by a key; only then is the readout spoken.
    pub(super) by_key: bool,
}

/// Whether the readout is spoken: when a key has moved the cursor. What a run changes under a resting cursor is not, or
/// every frame would be read aloud.
#[hook]
pub(super) fn use_spoken<T: Copy + PartialEq + 'static>(cursor: Option<Cursor<T>>) -> bool {
    let last = use_mut_ref(|| cursor);
    let moved = last.replace(cursor) != cursor;
    moved && cursor.is_some_and(|cursor| cursor.by_key)
}

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
    /// The cursor's place, as a share of the chart's width. The readout goes to the other side.
    pub(super) share: f64,
}

#[derive(Properties, PartialEq)]
pub(super) struct TipProps {
    pub(super) text: Option<TipText>,
    pub(super) spoken: bool,
}

/// More rows than this would hide the whole chart.
const MAX_ROWS: usize = 10;

#[component]
pub(super) fn Tip(props: &TipProps) -> Html {
    let body = props.text.as_ref().map(|text| {
        let side = if text.share > 0.5 { "left" } else { "right" };
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
    // The live region is there before its text is: a screen reader speaks changes, not newcomers.
    html! {
        <div class="chart-tip-area" aria-live={if props.spoken { "polite" } else { "off" }}>{ body }</div>
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
