//! Diagrams of the two cells with their values at one position.

use crate::charts::scale::format_number;
use crate::sections::rnn::{Config, LSTM_PARTS, Part, RNN_PARTS, Trace, token_name};
use yew::prelude::*;

/// Returns the name of the token at a position.
fn token(config: &Config, trace: Option<&Trace>, t: usize) -> String {
    let token = trace.and_then(|trace| trace.tokens.get(t));
    token.map_or_else(String::new, |token| token_name(config, *token).to_string())
}

/// Returns a part's mean or root mean square at a position. Before the first position, where `t` is `None`, states are 0.
fn size(trace: Option<&Trace>, part: usize, t: Option<usize>) -> Option<f32> {
    trace.and_then(|trace| t.map_or(Some(0.0), |t| trace.size(part, t)))
}

fn number(value: Option<f32>) -> String {
    value.map_or_else(|| "–".to_owned(), |value| format_number(value.into(), 2))
}

/// A symbol with a subscript.
fn symbol(x: f64, y: f64, anchor: &'static str, base: &str, index: &'static str) -> Html {
    html! {
        <text class="symbol" x={x.to_string()} y={y.to_string()} text-anchor={anchor}>
            { base.to_owned() }<tspan class="index" dy="3">{ index }</tspan>
        </text>
    }
}

fn words(x: f64, y: f64, anchor: &'static str, text: String) -> Html {
    html! { <text x={x.to_string()} y={y.to_string()} text-anchor={anchor}>{ text }</text> }
}

fn wire(d: &'static str, end: &'static str) -> Html {
    html! { <path class="wire" {d} marker-end={format!("url(#{end})")} /> }
}

/// The marker of a diagram's arrowheads.
fn arrow(id: &'static str) -> Html {
    html! {
        <defs>
            <marker {id} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto-start-reverse">
                <path class="arrow-head" d="M0 0L8 4L0 8Z" />
            </marker>
        </defs>
    }
}

/// An elementwise operation.
fn operation(x: f64, y: f64, sign: &'static str) -> Html {
    html! {
        <g class="operation">
            <circle cx={x.to_string()} cy={y.to_string()} r="11" />
            <text x={x.to_string()} y={(y + 4.5).to_string()} text-anchor="middle">{ sign }</text>
        </g>
    }
}

/// A gate: a box that is filled up to its value.
fn gate(part: &Part, x: f64, y: f64, value: Option<f32>) -> Html {
    const WIDTH: f64 = 54.0;
    const HEIGHT: f64 = 40.0;
    let share = f64::from(value.unwrap_or(0.0)).clamp(0.0, 1.0);
    let level = HEIGHT * share;
    html! {
        <g class="gate" data-gate={part.symbol} data-value={value.map(|value| value.to_string())}>
            <title>{ part.title }</title>
            <rect class="gate-box" x={(x - WIDTH / 2.0).to_string()} y={y.to_string()} width={WIDTH.to_string()} height={HEIGHT.to_string()} rx="6" />
            <rect class="gate-level" x={(x - WIDTH / 2.0).to_string()} y={format!("{:.1}", y + HEIGHT - level)} width={WIDTH.to_string()} height={format!("{level:.1}")} rx="3" />
            { symbol(x, y + 17.0, "middle", part.symbol, "t") }
            { words(x, y + 33.0, "middle", number(value)) }
        </g>
    }
}

/// An incoming or outgoing state, with its root mean square.
fn state(
    base: &str,
    index: &'static str,
    (x, y): (f64, f64),
    anchor: &'static str,
    value: Option<f32>,
) -> Html {
    html! {
        <g data-state-of={format!("{base}{index}")} data-value={value.map(|value| value.to_string())}>
            { symbol(x, y, anchor, base, index) }
            { words(x, y + 15.0, anchor, number(value)) }
        </g>
    }
}

/// The LSTM cell at a position.
pub(super) fn lstm(config: &Config, trace: Option<&Trace>, t: usize) -> Html {
    let now = |part: usize| size(trace, part, Some(t));
    let before = |part: usize| size(trace, part, t.checked_sub(1));
    let label = format!(
        "LSTM cell at position {t}, token {}. Means of the gates: forget {}, input {}, output {}. Root mean square: candidate {}, cell state {} before and {} after, hidden state {} before and {} after.",
        token(config, trace, t),
        number(now(0)),
        number(now(1)),
        number(now(3)),
        number(now(2)),
        number(before(4)),
        number(now(4)),
        number(before(5)),
        number(now(5)),
    );
    let [f, i, g, o, ..] = &LSTM_PARTS;
    html! {
        <>
            <h4>{ "LSTM" }</h4>
            <svg class="chart-svg cell-diagram" viewBox="0 0 366 236" role="img" aria-label={label} data-cell="lstm">
                { arrow("arrow-lstm") }
                { wire("M44 34H66", "arrow-lstm") }
                { wire("M89 34H154", "arrow-lstm") }
                { wire("M177 34H322", "arrow-lstm") }
                { wire("M78 128V47", "arrow-lstm") }
                { wire("M138 128V84H153", "arrow-lstm") }
                { wire("M198 128V84H178", "arrow-lstm") }
                { wire("M166 72V47", "arrow-lstm") }
                { wire("M296 34V59", "arrow-lstm") }
                { wire("M296 84V104", "arrow-lstm") }
                { wire("M258 128V116H283", "arrow-lstm") }
                { wire("M308 116H322", "arrow-lstm") }
                { wire("M44 200H258V170", "arrow-lstm") }
                { wire("M78 200V170", "arrow-lstm") }
                { wire("M138 200V170", "arrow-lstm") }
                { wire("M198 200V170", "arrow-lstm") }
                { wire("M108 222V202", "arrow-lstm") }
                { operation(78.0, 34.0, "×") }
                { operation(166.0, 34.0, "+") }
                { operation(166.0, 84.0, "×") }
                { operation(296.0, 116.0, "×") }
                <g class="operation">
                    <rect x="274" y="60" width="44" height="22" rx="11" />
                    <text x="296" y="75" text-anchor="middle">{ "tanh" }</text>
                </g>
                { gate(f, 78.0, 129.0, now(0)) }
                { gate(i, 138.0, 129.0, now(1)) }
                { gate(g, 198.0, 129.0, now(2)) }
                { gate(o, 258.0, 129.0, now(3)) }
                { state("c", "t−1", (40.0, 30.0), "end", before(4)) }
                { state("c", "t", (328.0, 30.0), "start", now(4)) }
                { state("h", "t−1", (40.0, 196.0), "end", before(5)) }
                { state("h", "t", (328.0, 112.0), "start", now(5)) }
                <g data-token={token(config, trace, t)}>
                    { symbol(116.0, 222.0, "start", "x", "t") }
                    { words(132.0, 222.0, "start", format!("= {}", token(config, trace, t))) }
                </g>
            </svg>
        </>
    }
}

/// The RNN cell at a position.
pub(super) fn rnn(config: &Config, trace: Option<&Trace>, t: usize) -> Html {
    let now = |part: usize| size(trace, part, Some(t));
    let before = |part: usize| size(trace, part, t.checked_sub(1));
    // The tanh multiplies a gradient by its slope.
    let slope = now(1).map(|rms| 1.0 - rms * rms);
    let label = format!(
        "RNN cell at position {t}, token {}. Root mean square: pre-activation {}, hidden state {} before and {} after. Mean slope of the tanh {}.",
        token(config, trace, t),
        number(now(0)),
        number(before(1)),
        number(now(1)),
        number(slope),
    );
    let [a, _] = &RNN_PARTS;
    html! {
        <>
            <h4>{ "RNN" }</h4>
            <svg class="chart-svg cell-diagram" viewBox="0 0 272 236" role="img" aria-label={label} data-cell="rnn">
                { arrow("arrow-rnn") }
                { wire("M44 116H80", "arrow-rnn") }
                { wire("M136 116H158", "arrow-rnn") }
                { wire("M204 116H228", "arrow-rnn") }
                { wire("M108 200V138", "arrow-rnn") }
                { gate(a, 108.0, 96.0, now(0)) }
                <g class="operation">
                    <rect x="159" y="105" width="44" height="22" rx="11" />
                    <text x="181" y="120" text-anchor="middle">{ "tanh" }</text>
                </g>
                { words(181.0, 146.0, "middle", "slope 1 − h²".to_owned()) }
                <g data-state-of="slope" data-value={slope.map(|slope| slope.to_string())}>
                    { words(181.0, 161.0, "middle", number(slope)) }
                </g>
                { state("h", "t−1", (40.0, 112.0), "end", before(1)) }
                { state("h", "t", (234.0, 112.0), "start", now(1)) }
                <g data-token={token(config, trace, t)}>
                    { symbol(96.0, 216.0, "start", "x", "t") }
                    { words(112.0, 216.0, "start", format!("= {}", token(config, trace, t))) }
                </g>
                { words(108.0, 56.0, "middle", "a = x Wₓ + h Wₕ + b".to_owned()) }
            </svg>
        </>
    }
}
