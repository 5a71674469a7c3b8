//! Output sizes: a drawing that steps through the kernel positions, and a table of well-known convolutions.

use super::text;
use crate::charts::Table;
use crate::sections::cnn::{ConvShape, KNOWN_SHAPES, effective_kernel, output_size, taps};
use crate::ui::figure::Figure;
use gloo::timers::callback::Timeout;
use gloo::utils::window;
use std::fmt::Write;
use std::rc::Rc;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct DrawingProps {
    pub(super) shape: ConvShape,
}

/// Input, padding and kernel on the left, output on the right; one kernel position at a time.
#[component]
pub(super) fn Drawing(props: &DrawingProps) -> Html {
    let shape = props.shape;
    let out = output_size(shape);
    let n_positions = out.map_or(0, |out| (out * out) as usize);
    let at = use_state_eq(|| 0);
    let playing = use_state_eq(|| false);
    // Other settings may have fewer positions.
    let position = (*at).min(n_positions.saturating_sub(1));
    let reduced_motion = prefers_reduced_motion();
    use_effect_with((*playing && !reduced_motion, position, n_positions), {
        let at = at.setter();
        move |&(playing, position, n_positions)| {
            // A large output plays in about the same time as a small one.
            let pause = (8000 / n_positions.max(1)).clamp(60, 500) as u32;
            let timer = (playing && n_positions > 1)
                .then(|| Timeout::new(pause, move || at.set((position + 1) % n_positions)));
            move || drop(timer)
        }
    });
    let go = |to: usize| {
        let (at, playing) = (at.setter(), playing.setter());
        Callback::from(move |_: MouseEvent| {
            playing.set(false);
            at.set(to);
        })
    };
    let oninput = {
        let (at, playing) = (at.setter(), playing.setter());
        Callback::from(move |event: InputEvent| {
            playing.set(false);
            if let Ok(to) = event.target_unchecked_into::<web_sys::HtmlInputElement>().value().parse() {
                at.set(to);
            }
        })
    };
    let play = {
        let playing = playing.clone();
        Callback::from(move |_: MouseEvent| playing.set(!*playing))
    };
    let last = n_positions.saturating_sub(1);
    let words = out.map(|out| position_words(shape, out, position));
    let table = Callback::from(move |()| positions_table(shape));
    let look_for = html! {
        <>{ "Each kernel position gives one output pixel. The stride is the distance between positions; the dilation is the distance between the weights of the kernel; padding adds zeros around the input." }</>
    };
    html! {
        <Figure name="output-size" {look_for} {table}>
            <div class="cnn-shape">
                <Plot {shape} {position} />
                <div>
                    <ul class="cnn-legend">
                        <li data-part="input">{ format!("input, {0} × {0}", shape.size) }</li>
                        <li data-part="padding">{ format!("padding, {}", shape.padding) }</li>
                        <li data-part="kernel">{ format!("weights, {0} × {0}", shape.kernel) }</li>
                        <li data-part="output">{ out.map_or_else(|| "no output".to_owned(), |out| format!("output, {out} × {out}")) }</li>
                    </ul>
                    if let Some(words) = words.clone() {
                        <p class="cnn-words" data-stop={position.to_string()}>{ words }</p>
                        <p class="cnn-words">{ text::left_over(shape) }</p>
                        <div class="formula">{ text::size_formula(shape) }</div>
                    } else {
                        <p class="notice" data-kind="warn">{ text::impossible(shape) }</p>
                    }
                </div>
            </div>
            if let Some(words) = words {
                <div class="cnn-stops" role="group" aria-label="Kernel positions">
                    <button type="button" data-action="stop-back" disabled={position == 0} onclick={go(position.saturating_sub(1))}>{ "Back" }</button>
                    <input type="range" min="0" max={last.to_string()} value={position.to_string()} {oninput}
                        aria-label="Kernel position" aria-valuetext={words} />
                    <button type="button" data-action="stop-next" disabled={position >= last} onclick={go((position + 1).min(last))}>{ "Next" }</button>
                    if !reduced_motion {
                        <button type="button" data-action="stop-play" disabled={n_positions < 2} onclick={play}>{ if *playing { "Pause" } else { "Play" } }</button>
                    }
                </div>
            }
        </Figure>
    }
}

/// Returns true if the visitor's system asks for reduced motion.
fn prefers_reduced_motion() -> bool {
    let query = window().match_media("(prefers-reduced-motion: reduce)").ok().flatten();
    query.is_some_and(|query| query.matches())
}

/// Returns a sentence about a kernel position. Like in the figure of the products, rows and columns count from
/// 1; those outside of the input are padding.
fn position_words(shape: ConvShape, out: u32, position: usize) -> String {
    let (row, col) = (position as u32 / out.max(1) + 1, position as u32 % out.max(1) + 1);
    let taps_words = |one: &str, several: &str, output: u32| {
        let taps: Vec<i64> = taps(shape, output).collect();
        match taps.as_slice() {
            [only] => format!("{one} {}", minus(*only)),
            [first, .., last] if shape.dilation == 1 => {
                format!("{several} {} to {}", minus(*first), minus(*last))
            }
            [first @ .., last] => {
                let first: Vec<String> = first.iter().map(|tap| minus(*tap)).collect();
                format!("{several} {} and {}", first.join(", "), minus(*last))
            }
            [] => String::new(),
        }
    };
    let padding = match shape.padding {
        0 => String::new(),
        _ => format!(" Positions below 1 or above {} are padding.", shape.size),
    };
    format!(
        "Position {} of {}: output row {row}, column {col} is a sum over input {} and {}.{padding}",
        position + 1,
        out * out,
        taps_words("row", "rows", row),
        taps_words("column", "columns", col)
    )
}

fn minus(number: i64) -> String {
    number.to_string().replace('-', "−")
}

fn positions_table(shape: ConvShape) -> Table {
    let row = |output: u32| {
        let taps = taps(shape, output).map(|tap| tap.to_string());
        vec![output.to_string(), taps.collect::<Vec<_>>().join(" ")]
    };
    let rows = match output_size(shape) {
        Some(out) => (1..=out).map(row).collect(),
        None => vec![vec!["none".to_owned(), "the kernel does not fit".to_owned()]],
    };
    Table {
        columns: vec![
            "output row".to_owned(),
            "input rows that it reads (outside 1 to H: padding)".to_owned(),
        ],
        rows,
    }
}

/// Width and height of each half of the drawing.
const HALF: f64 = 300.0;
const GAP: f64 = 36.0;
const EDGE: f64 = 2.0;

#[derive(PartialEq, Properties)]
struct PlotProps {
    shape: ConvShape,
    position: usize,
}

#[component]
fn Plot(props: &PlotProps) -> Html {
    let PlotProps { shape, position } = *props;
    let ConvShape { size, kernel, padding, dilation, .. } = shape;
    let (padded, out) = (size + 2 * padding, output_size(shape).unwrap_or(0));
    // A kernel that is too large extends beyond the padded input.
    let cell = HALF / f64::from(padded.max(effective_kernel(shape)).max(1));
    let right = EDGE + HALF + GAP;
    let position = position as u32;
    let (row, col) = position.checked_div(out).zip(position.checked_rem(out)).unwrap_or_default();
    let (top, left) = (row * shape.stride, col * shape.stride);
    let taps = (0..kernel * kernel)
        .map(|tap| (top + tap / kernel.max(1) * dilation, left + tap % kernel.max(1) * dilation));
    let done = (0..position).filter_map(|at| Some((at.checked_div(out)?, at.checked_rem(out)?)));
    let box_at = |x: f64, first: u32, side: u32, class: &'static str| {
        let at = cell * f64::from(first);
        let side = cell * f64::from(side);
        html! { <rect {class} x={px(x + at)} y={px(EDGE + at)} width={px(side)} height={px(side)} /> }
    };
    let window = cell * f64::from(effective_kernel(shape));
    let label = match out {
        0 => format!("A kernel that reaches further than an input of {padded} pixels with its padding."),
        _ => format!(
            "A {kernel} by {kernel} kernel over an input of {size} by {size} with padding {padding}; output {out} by {out}."
        ),
    };
    html! {
        <svg class="chart-svg cnn-drawing" viewBox={format!("0 0 {} {}", 2.0 * (EDGE + HALF) + GAP, HALF + 2.0 * EDGE)} role="img" aria-label={label}>
            { box_at(EDGE, 0, padded, "padding") }
            { box_at(EDGE, padding, size, "input") }
            <path class="cells" d={lines(EDGE, padded, cell)} />
            <path class="kernel" data-fits={(out > 0).to_string()} d={squares(EDGE, taps, cell)} />
            <rect class="reach" data-fits={(out > 0).to_string()} x={px(EDGE + cell * f64::from(left))} y={px(EDGE + cell * f64::from(top))}
                width={px(window)} height={px(window)} />
            if out > 0 {
                { box_at(right, 0, out, "empty") }
                <path class="done" d={squares(right, done, cell)} />
                <path class="now" d={squares(right, std::iter::once((row, col)), cell)} />
                <path class="cells" d={lines(right, out, cell)} />
            }
        </svg>
    }
}

fn px(value: f64) -> String {
    format!("{value:.1}")
}

/// Returns the path of a grid of `n` x `n` cells.
fn lines(left: f64, n: u32, cell: f64) -> String {
    let mut path = String::new();
    let side = cell * f64::from(n);
    for i in 0..=n {
        let at = cell * f64::from(i);
        // Writing to a string does not fail.
        let _ = write!(path, "M{:.1} {EDGE}v{side:.1}M{left} {:.1}h{side:.1}", left + at, EDGE + at);
    }
    path
}

/// Returns the path of some cells, given by row and column.
fn squares(left: f64, cells: impl Iterator<Item = (u32, u32)>, cell: f64) -> String {
    let mut path = String::new();
    for (row, col) in cells {
        let (x, y) = (left + cell * f64::from(col), EDGE + cell * f64::from(row));
        let _ = write!(path, "M{x:.1} {y:.1}h{cell:.2}v{cell:.2}h-{cell:.2}z");
    }
    path
}

#[derive(PartialEq, Properties)]
pub(super) struct KnownProps {
    /// The measured output sizes of [`KNOWN_SHAPES`].
    pub(super) known: Rc<Vec<u32>>,
}

/// The formula compared with real convolutions.
#[component]
pub(super) fn Known(props: &KnownProps) -> Html {
    let table = known_table(&props.known);
    let look_for = html! { <>{ "The last column is the height of the output that a convolution of that kind gave on this device." }</> };
    html! {
        <Figure name="known-sizes" picture={false} {look_for}
            table={{ let table = table.clone(); Callback::from(move |()| table.clone()) }}>
            { super::net_table::table_picture(&table, "Well-known convolutions") }
        </Figure>
    }
}

fn known_table(known: &[u32]) -> Table {
    let row = |(index, (name, shape)): (usize, &(&str, ConvShape))| {
        let ConvShape { size, kernel, stride, padding, dilation } = shape;
        let measured = known.get(index).map_or_else(|| "–".to_owned(), u32::to_string);
        let formula = output_size(*shape).map_or_else(|| "none".to_owned(), |size| size.to_string());
        let numbers = [size, kernel, stride, padding, dilation].map(|n| n.to_string());
        std::iter::once((*name).to_owned()).chain(numbers).chain([formula, measured]).collect()
    };
    Table {
        columns: ["convolution", "H", "K", "S", "P", "D", "formula", "measured"].map(str::to_owned).to_vec(),
        rows: KNOWN_SHAPES.iter().enumerate().map(row).collect(),
    }
}
