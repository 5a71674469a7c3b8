//! The section's picture on the cover: a signal that fades by a tenth per step, and one that is kept.

use crate::charts::color;
use crate::sections::rnn::{LSTM, RNN};
use yew::prelude::*;

/// The fraction that the RNN's strip keeps per step back.
const KEPT: f64 = 0.9;
const CELLS: usize = 28;
const PITCH: f64 = 7.0;
const LEFT: f64 = 8.0;

/// Returns the picture. Its opacities are closed forms: `0.9^k` after k steps back, and a constant.
pub fn cover() -> Html {
    let x = |t: usize| LEFT + PITCH * t as f64;
    let cell = |t: usize, top: f64, height: f64, style: String, opacity: f64| {
        html! {
            <rect x={format!("{:.1}", x(t))} y={top.to_string()} width={(PITCH - 1.0).to_string()} height={height.to_string()} ~style={style} fill-opacity={format!("{opacity:.3}")} />
        }
    };
    let token = |t: usize| match t {
        0 => cell(t, 12.0, 22.0, "fill:var(--accent)".to_owned(), 1.0),
        _ => cell(t, 14.0, 18.0, "fill:var(--border)".to_owned(), 1.0),
    };
    let strip = |arm: usize, top: f64, opacity: fn(usize) -> f64| -> Html {
        (0..CELLS)
            .map(|t| cell(t, top, 26.0, format!("fill:{}", color::series(arm)), opacity(CELLS - 1 - t)))
            .collect()
    };
    let question = x(CELLS) + 4.0;
    html! {
        <svg class="cover-picture" viewBox="0 0 240 120" aria-hidden="true">
            { for (0..CELLS).map(token) }
            <rect x={question.to_string()} y="13" width="20" height="20" rx="3" ~style={"fill:none;stroke:var(--accent);stroke-width:1.5"} />
            <text x={(question + 10.0).to_string()} y="28" text-anchor="middle" ~style={"fill:var(--ink);font:600 14px var(--font)"}>{ "?" }</text>
            { strip(RNN, 46.0, |back| KEPT.powi(back as i32)) }
            { strip(LSTM, 82.0, |_| 0.85) }
        </svg>
    }
}
