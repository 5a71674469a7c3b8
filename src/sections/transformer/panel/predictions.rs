//! One window of a text gives one prediction per character.

use super::chars::{spoken, visible};
use crate::charts::Table;
use crate::sections::transformer::{Config, MaskChoice};
use crate::ui::figure::Figure;
use yew::prelude::*;

/// The number of predictions in the picture.
const SHOWN: usize = 12;
const CELL: f64 = 30.0;
const LEFT: f64 = 58.0;

#[derive(PartialEq, Properties)]
pub(super) struct WindowProps {
    pub(super) config: Config,
    /// The text whose beginning is shown.
    pub(super) text: String,
}

/// The inputs and the targets of the beginning of a window, one below the other.
#[component]
pub(super) fn WindowFigure(props: &WindowProps) -> Html {
    let chars: Vec<char> = props.text.chars().take(SHOWN + 1).collect();
    let n = chars.len().saturating_sub(1);
    let at = use_state_eq(|| 5usize);
    let current = (*at).min(n.saturating_sub(1));
    let is_causal = props.config.mask == MaskChoice::Causal;
    let table = {
        let chars = chars.clone();
        Callback::from(move |()| Table {
            columns: ["position", "input", "target"].map(str::to_owned).to_vec(),
            rows: chars
                .windows(2)
                .enumerate()
                .map(|(i, pair)| {
                    std::iter::once((i + 1).to_string()).chain(pair.iter().map(|&c| spoken(c))).collect()
                })
                .collect(),
        })
    };
    let cell = |i: usize, c: char, y: f64, class: &'static str| {
        let at = at.setter();
        let x = LEFT + CELL * i as f64;
        html! {
            <g {class} onpointerenter={move |_| at.set(i)}>
                <rect x={(x + 1.0).to_string()} y={y.to_string()} width={(CELL - 2.0).to_string()} height="26" rx="4" />
                <text x={(x + CELL / 2.0).to_string()} y={(y + 18.0).to_string()} text-anchor="middle">{ visible(c).to_string() }</text>
            </g>
        }
    };
    let inputs = chars
        .iter()
        .take(n)
        .enumerate()
        .map(|(i, &c)| cell(i, c, 8.0, if !is_causal || i <= current { "input seen" } else { "input" }));
    let targets = chars
        .iter()
        .skip(1)
        .enumerate()
        .map(|(i, &c)| cell(i, c, 74.0, if i == current { "target current" } else { "target" }));
    let to = LEFT + CELL * (current as f64 + 0.5);
    let seen = if is_causal { current + 1 } else { n };
    let lines = (0..seen).map(|i| {
        let from = LEFT + CELL * (i as f64 + 0.5);
        html! { <path d={format!("M{from} 35C{from} 56 {to} 52 {to} 72")} /> }
    });
    let label = "Two rows of characters: the inputs of a window, and their targets, which are the inputs shifted by one.";
    html! {
        <Figure name="window" picture={false} {table} title={format!("One window of {0} characters gives {0} predictions", props.config.context)}
            look_for={html! { <>{ "The targets are the same text, shifted by one. Each position predicts its target from the characters that it sees, so one pass gives one loss per position, and training uses them all." }</> }}>
                <svg class="window-picture" viewBox={format!("0 0 {} 104", LEFT + CELL * SHOWN as f64 + 2.0)} role="img" aria-label={label}>
                    <text class="row-name" x="0" y="26">{ "input" }</text>
                    <text class="row-name" x="0" y="92">{ "target" }</text>
                    { for lines }
                    { for inputs }
                    { for targets }
                </svg>
        </Figure>
    }
}
