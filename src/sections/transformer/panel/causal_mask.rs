//! The causal mask: what each position of a short text sees, and the losses that follow.

use super::chars::{spoken, visible};
use super::training::baselines;
use crate::charts::Table;
use crate::panel::{CurveFigure, CurveSpec, PtrEq};
use crate::sections::transformer::{Config, MaskChoice, TextInfo};
use crate::ui::figure::Figure;
use yew::prelude::*;

/// The number of characters in the picture of the mask. The last one is only predicted.
const SHOWN: usize = 11;
const CELL: f64 = 28.0;
/// The corner of the grid: names of the rows are to its left, names of the columns above it.
const CORNER: (f64, f64) = (34.0, 30.0);

const LOSSES: &[CurveSpec] = &[
    CurveSpec::new("loss_train", "training"),
    CurveSpec { color: 1, ..CurveSpec::new("loss_val", "validation") },
    CurveSpec { color: 2, ..CurveSpec::new("loss_last", "last character only") },
];

#[derive(PartialEq, Properties)]
pub(super) struct MaskProps {
    pub(super) config: Config,
    /// The text whose beginning is shown.
    pub(super) text: String,
}

/// Returns true if the position `query` may attend to the position `key`.
fn sees(mask: MaskChoice, query: usize, key: usize) -> bool {
    mask == MaskChoice::None || key <= query
}

/// The mask as a grid: one row per position, one column per character that it sees or does not see.
#[component]
pub(super) fn MaskFigure(props: &MaskProps) -> Html {
    let mask = props.config.mask;
    let chars: Vec<char> = props.text.chars().take(SHOWN).collect();
    let n = chars.len().saturating_sub(1);
    let row = use_state_eq(|| 4usize);
    let query = (*row).min(n.saturating_sub(1));
    let table = {
        let chars = chars.clone();
        Callback::from(move |()| table(mask, &chars))
    };
    let onkeydown = {
        let row = row.setter();
        Callback::from(move |event: KeyboardEvent| {
            let to = match event.key().as_str() {
                "ArrowDown" => (query + 1).min(n.saturating_sub(1)),
                "ArrowUp" => query.saturating_sub(1),
                _ => return,
            };
            event.prevent_default();
            row.set(to);
        })
    };
    let name = |i: usize| chars.get(i).map(|&c| visible(c).to_string()).unwrap_or_default();
    let cell = |q: usize, k: usize| {
        let row = row.setter();
        let class = match (sees(mask, q, k), k == q + 1) {
            (true, true) => "answer seen",
            (false, true) => "answer",
            (true, false) => "seen",
            (false, false) => "unseen",
        };
        let (x, y) = (CORNER.0 + CELL * k as f64, CORNER.1 + CELL * q as f64);
        html! {
            <rect {class} x={(x + 1.0).to_string()} y={(y + 1.0).to_string()} width={(CELL - 2.0).to_string()} height={(CELL - 2.0).to_string()}
                onpointerenter={move |_| row.set(q)} />
        }
    };
    let mid = |i: usize| CELL * (i as f64 + 0.5);
    let side = CELL * n as f64;
    let column = |k: usize| html! { <text x={(CORNER.0 + mid(k)).to_string()} y={(CORNER.1 - 8.0).to_string()} text-anchor="middle">{ name(k) }</text> };
    let row_name = |q: usize| html! { <text class={(q == query).then_some("current")} x={(CORNER.0 - 10.0).to_string()} y={(CORNER.1 + mid(q) + 4.0).to_string()} text-anchor="end">{ name(q) }</text> };
    // The last column is the answer of the last row, which is not in the grid.
    let cells = (0..n).flat_map(|q| (0..n).map(move |k| (q, k)));
    let label = match mask {
        MaskChoice::Causal => "The causal mask: each position sees itself and the characters before it.",
        MaskChoice::None => {
            "No mask: each position sees every character, and so the one that it is to predict."
        }
    };
    let seen: String = (0..n).filter(|&k| sees(mask, query, k)).map(name).collect();
    let answer = chars.get(query + 1).copied().map(spoken).unwrap_or_default();
    let verdict = if query + 1 < n && sees(mask, query, query + 1) {
        "which it can copy"
    } else {
        "which it cannot see"
    };
    html! {
        <Figure name="mask-map" picture={false} {table} look_for={html! { <>{ "Rows are positions, columns are the characters that they may attend to. The outlined cell is the next character, which the row must predict. Point at a row." }</> }}>
                <svg class="mask-picture" viewBox={format!("0 0 {} {}", CORNER.0 + side + 4.0, CORNER.1 + side + 4.0)} role="img" aria-label={label}
                    tabindex="0" {onkeydown}>
                    { for (0..n).map(column) }
                    { for (0..n).map(row_name) }
                    { for cells.map(|(q, k)| cell(q, k)) }
                    <rect class="cursor" x={CORNER.0.to_string()} y={(CORNER.1 + CELL * query as f64).to_string()} width={side.to_string()} height={CELL.to_string()} />
                </svg>
                <p class="muted mask-words" aria-live="polite">
                    { format!("Position {} sees ", query + 1) }<code>{ seen }</code>{ format!(" and predicts “{answer}”, {verdict}.") }
                </p>
        </Figure>
    }
}

fn table(mask: MaskChoice, chars: &[char]) -> Table {
    let n = chars.len().saturating_sub(1);
    let names = chars.iter().take(n).map(|&c| spoken(c));
    let row = |q: usize| {
        let cells = (0..n).map(|k| if sees(mask, q, k) { "1" } else { "0" }.to_owned());
        chars.get(q).map(|&c| spoken(c)).into_iter().chain(cells).collect()
    };
    Table {
        columns: std::iter::once("position".to_owned()).chain(names).collect(),
        rows: (0..n).map(row).collect(),
    }
}

#[derive(PartialEq, Properties)]
pub(super) struct MaskLossProps {
    pub(super) config: Config,
    pub(super) info: Option<PtrEq<TextInfo>>,
}

/// The losses, with the loss on characters that no position sees.
#[component]
pub(super) fn MaskLossFigure(props: &MaskLossProps) -> Html {
    let look_for = html! { <>{ "With the causal mask, training and validation loss are honest. Without it, both fall far below the bigram baseline. The third curve is the loss on the last character of each held-out window only, which is not in the model’s input." }</> };
    html! {
        <CurveFigure name="mask-loss" lines={LOSSES} y_label="loss (nats per character)" references={baselines(props.info.as_ref())} {look_for}
            x_max={Some(f64::from(props.config.steps))} y_range={Some((0.0, 6.0))} empty="Curves appear here while the model trains." />
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_causal_mask_is_a_triangle() {
        let rows = table(MaskChoice::Causal, &['a', '\n', 'b', 'c']).rows;
        assert_eq!(rows, [["a", "1", "0", "0"], ["newline", "1", "1", "0"], ["b", "1", "1", "1"]]);
        let open = table(MaskChoice::None, &['a', 'b', 'c']);
        assert_eq!(open.rows, [["a", "1", "1"], ["b", "1", "1"]]);
        assert!(table(MaskChoice::Causal, &[]).rows.is_empty());
    }
}
