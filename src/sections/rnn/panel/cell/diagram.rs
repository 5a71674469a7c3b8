//! Diagrams of the two cells with their values at one position.

use crate::charts::scale::format_number;
use crate::sections::rnn::panel::names::Names;
use crate::sections::rnn::{LSTM_PARTS, Part, PartKind, RNN_PARTS, Trace};
use yew::prelude::*;

/// Returns the name of the token at a position.
fn token(names: &Names, trace: Option<&Trace>, t: usize) -> String {
    let token = trace.and_then(|trace| trace.tokens.get(t));
    token.map_or_else(String::new, |token| names.token(*token).to_string())
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

/// A box with a value. A gate is filled as far as it is open, with its name and its verb below.
fn gate(part: &Part, x: f64, y: f64, value: Option<f32>) -> Html {
    const WIDTH: f64 = 58.0;
    const HEIGHT: f64 = 40.0;
    // Only a gate can be open; the candidate and the pre-activation are drawn as empty boxes.
    let open = value.filter(|_| part.kind == PartKind::Gate);
    let share = f64::from(open.unwrap_or(0.0)).clamp(0.0, 1.0);
    let level = HEIGHT * share;
    let [name, verb] = part.role;
    html! {
        <g class="gate" data-gate={part.symbol} data-value={value.map(|value| value.to_string())}>
            <title>{ part.title }</title>
            <rect class="gate-box" x={(x - WIDTH / 2.0).to_string()} y={y.to_string()} width={WIDTH.to_string()} height={HEIGHT.to_string()} rx="6" />
            <rect class="gate-level" x={(x - WIDTH / 2.0).to_string()} y={format!("{:.1}", y + HEIGHT - level)} width={WIDTH.to_string()} height={format!("{level:.1}")} rx="3" />
            { symbol(x, y + 17.0, "middle", part.symbol, "t") }
            { words(x, y + 33.0, "middle", number(value)) }
            <text class="gate-name" x={(x + 5.0).to_string()} y={(y + HEIGHT + 17.0).to_string()}>{ name }</text>
            <text class="gate-verb" x={(x + 5.0).to_string()} y={(y + HEIGHT + 31.0).to_string()}>{ verb }</text>
        </g>
    }
}

/// A network's answer if the sequence ended at the position.
fn answer(names: &Names, trace: Option<&Trace>, t: usize, slug: &'static str, (x, y): (f64, f64)) -> Html {
    let best = trace.and_then(|trace| {
        let (class, share) = trace.answer(t).iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        Some((names.class(class), *share, names.label(trace) == class))
    });
    let Some((name, share, is_right)) = best else { return Html::default() };
    html! {
        <g class="cell-answer" data-asked={slug} data-value={share.to_string()} data-right={is_right.to_string()}>
            <title>{ format!("The answer if the sequence ended here: {name}, {}", if is_right { "correct" } else { "wrong" }) }</title>
            { words(x, y, "start", format!("answer: {name}")) }
            { words(x, y + 14.0, "start", format!("{:.0}% {}", 100.0 * share, if is_right { "✓" } else { "✗" })) }
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
pub(super) fn lstm(names: &Names, trace: Option<&Trace>, t: usize) -> Html {
    let now = |part: usize| size(trace, part, Some(t));
    let before = |part: usize| size(trace, part, t.checked_sub(1));
    let label = format!(
        "LSTM cell at position {t}, token {}. Means of the gates: forget {}, input {}, output {}. Root mean square: candidate {}, cell state {} before and {} after, hidden state {} before and {} after.",
        token(names, trace, t),
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
        <svg class="chart-svg cell-diagram" viewBox="0 0 412 236" role="img" aria-label={label} data-cell="lstm">
            { arrow("arrow-lstm") }
            { wire("M46 30H72", "arrow-lstm") }
            { wire("M96 30H183", "arrow-lstm") }
            { wire("M207 30H366", "arrow-lstm") }
            { wire("M84 124V43", "arrow-lstm") }
            { wire("M158 124V76H183", "arrow-lstm") }
            { wire("M232 124V76H207", "arrow-lstm") }
            { wire("M195 64V43", "arrow-lstm") }
            { wire("M338 30V51", "arrow-lstm") }
            { wire("M338 74V91", "arrow-lstm") }
            { wire("M306 124V104H325", "arrow-lstm") }
            { wire("M350 104H366", "arrow-lstm") }
            { wire("M46 210H306V166", "arrow-lstm") }
            { wire("M84 210V166", "arrow-lstm") }
            { wire("M158 210V166", "arrow-lstm") }
            { wire("M232 210V166", "arrow-lstm") }
            { wire("M121 228V212", "arrow-lstm") }
            { operation(84.0, 30.0, "×") }
            { operation(195.0, 30.0, "+") }
            { operation(195.0, 76.0, "×") }
            { operation(338.0, 104.0, "×") }
            <g class="operation">
                <rect x="316" y="52" width="44" height="22" rx="11" />
                <text x="338" y="67" text-anchor="middle">{ "tanh" }</text>
            </g>
            <text class="cell-title lstm" x="0" y="122">{ "LSTM" }</text>
            { gate(f, 84.0, 125.0, now(0)) }
            { gate(i, 158.0, 125.0, now(1)) }
            { gate(g, 232.0, 125.0, now(2)) }
            { gate(o, 306.0, 125.0, now(3)) }
            { state("c", "t−1", (42.0, 26.0), "end", before(4)) }
            { state("c", "t", (372.0, 26.0), "start", now(4)) }
            { state("h", "t−1", (42.0, 206.0), "end", before(5)) }
            { state("h", "t", (372.0, 100.0), "start", now(5)) }
            { answer(names, trace, t, "lstm", (346.0, 140.0)) }
            <g data-token={token(names, trace, t)}>
                { symbol(129.0, 230.0, "start", "x", "t") }
                { words(145.0, 230.0, "start", format!("= {}", token(names, trace, t))) }
            </g>
        </svg>
    }
}

/// The RNN cell at a position.
pub(super) fn rnn(names: &Names, trace: Option<&Trace>, t: usize) -> Html {
    let now = |part: usize| size(trace, part, Some(t));
    let before = |part: usize| size(trace, part, t.checked_sub(1));
    // The tanh multiplies a gradient by its slope.
    let slope = now(1).map(|rms| 1.0 - rms * rms);
    let label = format!(
        "RNN cell at position {t}, token {}. Root mean square: pre-activation {}, hidden state {} before and {} after. Mean slope of the tanh {}.",
        token(names, trace, t),
        number(now(0)),
        number(before(1)),
        number(now(1)),
        number(slope),
    );
    let [a, _] = &RNN_PARTS;
    html! {
        <svg class="chart-svg cell-diagram" viewBox="0 0 300 236" role="img" aria-label={label} data-cell="rnn">
            { arrow("arrow-rnn") }
            { wire("M46 116H78", "arrow-rnn") }
            { wire("M138 116H160", "arrow-rnn") }
            { wire("M206 116H236", "arrow-rnn") }
            { wire("M108 200V138", "arrow-rnn") }
            { gate(a, 108.0, 96.0, now(0)) }
            <g class="operation">
                <rect x="161" y="105" width="44" height="22" rx="11" />
                <text x="183" y="120" text-anchor="middle">{ "tanh" }</text>
            </g>
            <text class="cell-title rnn" x="0" y="56">{ "RNN" }</text>
            { words(183.0, 146.0, "middle", "slope 1 − h²".to_owned()) }
            <g data-state-of="slope" data-value={slope.map(|slope| slope.to_string())}>
                { words(183.0, 161.0, "middle", number(slope)) }
            </g>
            { state("h", "t−1", (42.0, 112.0), "end", before(1)) }
            { state("h", "t", (242.0, 112.0), "start", now(1)) }
            { answer(names, trace, t, "rnn", (236.0, 152.0)) }
            <g data-token={token(names, trace, t)}>
                { symbol(96.0, 216.0, "start", "x", "t") }
                { words(112.0, 216.0, "start", format!("= {}", token(names, trace, t))) }
            </g>
            { words(64.0, 84.0, "start", "a = x Wₓ + h Wₕ + b".to_owned()) }
        </svg>
    }
}
