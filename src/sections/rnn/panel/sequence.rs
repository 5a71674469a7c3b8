//! The opening figure: one sequence of the task, and the gradient that reaches each of its positions.

mod strip;

use super::latest::{NetGradients, when};
use super::names::Names;
use crate::charts::color;
use crate::charts::layout::text_width;
use crate::charts::measure::{pointer_in, use_width};
use crate::charts::scale::{format_exact, format_number};
use crate::charts::{Table, chart_svg, readout, step_along, use_cursor};
use crate::panel::PtrEq;
use crate::sections::rnn::{Config, LSTM, RNN, Record, Trace};
use crate::ui::figure::Figure;
use strip::{Cells, Strip, aligned, fitting};
use web_sys::MouseEvent;
use yew::prelude::*;

#[derive(PartialEq, Properties)]
pub(super) struct SequenceProps {
    config: Config,
    names: Names,
    networks: [Network; 2],
}

/// The measurements of a network that the figure draws.
#[derive(Clone, PartialEq)]
struct Network {
    title: &'static str,
    /// The index of its color.
    color: usize,
    gradients: NetGradients,
    trace: Option<PtrEq<Trace>>,
}

/// Returns the figure for a record.
pub(super) fn sequence_figure(config: &Config, record: &Record) -> Html {
    let network = |title, arm| Network {
        title,
        color: arm,
        gradients: NetGradients::of(record, arm),
        trace: record.trace(arm).cloned().map(PtrEq),
    };
    let networks = [network("RNN", RNN), network("LSTM", LSTM)];
    html! { <SequenceFigure config={config.clone()} names={Names::of(config, record)} {networks} /> }
}

impl Network {
    fn norms(&self) -> &[f32] {
        self.gradients.latest().map(|row| row.memory()).unwrap_or_default()
    }

    /// Returns the answer after the last token, with its probability.
    fn answer(&self, names: &Names) -> Option<String> {
        let trace = self.trace.as_ref()?;
        let answers = trace.answer(trace.seq_len().checked_sub(1)?);
        let (class, share) = answers.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
        Some(format!(
            "{} {:.0}%",
            names.class(class).chars().take(MAX_NAME).collect::<String>(),
            100.0 * share
        ))
    }
}

/// The tokens and two strips, with a cursor that reads a position.
#[component]
fn SequenceFigure(props: &SequenceProps) -> Html {
    let SequenceProps { config, names, networks } = props;
    let (node, width) = use_width();
    let view = View::new(config, names, networks, width);
    let cells = view.cells;
    let locate = {
        let node = node.clone();
        move |event: &MouseEvent| cells.at(pointer_in(&node, event)?.0)
    };
    let last = cells.count.checked_sub(1);
    let cursor = use_cursor(locate, move |key: &str, at| step_along(key, at, last?), None);
    // A reading of the sequence before the settings changed would be wrong.
    let at = cursor.at.filter(|t| *t < cells.count && !view.is_stale);
    let about = format!(
        "One sequence of {} tokens, and the gradient at every position of the RNN and the LSTM. Arrow keys read positions.",
        cells.count
    );
    let drawing = html! {
        <>
            { view.sequence() }
            { view.strips() }
            if at.is_none() {
                { view.axis() }
            }
            { at.map(|t| view.cursor(t)) }
        </>
    };
    let title = format!("The gradient at each token, {}", when([0, 1].map(|arm| &networks[arm].gradients)));
    let look_for =
        html! { "Paler means a smaller gradient. Next to the largest, 10⁻⁷ of it is lost in rounding." };
    html! {
        <Figure name="sequence" {title} {look_for} table={table(config, names, networks)}>
            <div class="chart sequence" ref={node} data-positions={cells.count.to_string()} data-stale={view.is_stale.then_some("")}>
                { chart_svg(&cursor, "sequence", (width, HEIGHT), about, drawing) }
                { readout(at.map(|t| view.reading(t)), cursor.spoken) }
            </div>
        </Figure>
    }
}

/// The maximum length of a class's name next to a strip, in characters.
const MAX_NAME: usize = 6;
const HEIGHT: f64 = 126.0;
/// The top and the height of the row of tokens.
const TOKENS: (f64, f64) = (2.0, 24.0);
/// The tops of the strips.
const STRIPS: [f64; 2] = [50.0, 80.0];
const STRIP_HEIGHT: f64 = 24.0;
/// The baselines of the text below the tokens, and of the axis.
const TOKEN_TEXT: f64 = 41.0;
const AXIS_TEXT: f64 = 121.0;
/// Letters are drawn in cells from this width on.
const LETTER_PITCH: f64 = 13.0;

/// Everything in the figure that does not depend on the cursor.
struct View<'a> {
    names: &'a Names,
    networks: &'a [Network; 2],
    /// The tokens, once they are known.
    tokens: &'a [u8],
    cells: Cells,
    /// True while the measurements are those of another sequence length.
    is_stale: bool,
}

impl<'a> View<'a> {
    fn new(config: &'a Config, names: &'a Names, networks: &'a [Network; 2], width: f64) -> Self {
        let (left, right) = if width < 560.0 { (44.0, 62.0) } else { (56.0, 82.0) };
        let count = config.length() as usize;
        let tokens = networks[RNN].trace.as_ref().map_or(&[][..], |trace| &trace.tokens);
        let lengths = networks.iter().map(|network| network.norms().len()).chain([tokens.len()]);
        Self {
            names,
            networks,
            is_stale: lengths.into_iter().any(|length| length > 0 && length != count),
            tokens: if tokens.len() == count { tokens } else { &[] },
            cells: Cells { left, right: (width - right).max(left + 40.0), count },
        }
    }

    /// The label of the user's line, shortened.
    fn label(&self) -> Option<String> {
        let trace = self.networks[RNN].trace.as_ref()?;
        Some(self.names.class(self.names.label(trace)).chars().take(2 * MAX_NAME).collect())
    }

    fn letter(&self, t: usize) -> Option<char> {
        self.tokens.get(t).map(|token| self.names.token(*token))
    }

    /// The tokens, with the first one marked, and the question at the end.
    fn sequence(&self) -> Html {
        let cells = self.cells;
        let (top, height) = TOKENS;
        let gap = if cells.pitch() >= 3.0 { 1.0 } else { 0.0 };
        let from = usize::from(!self.names.are_lines());
        let noise: String = (from..cells.count)
            .map(|t| {
                let width = cells.edge(t + 1) - cells.edge(t) - gap;
                if width > 0.0 {
                    format!("M{} {top}h{width}v{height}h-{width}z", cells.edge(t))
                } else {
                    String::new()
                }
            })
            .collect();
        let letters = (0..cells.count).filter(|_| cells.pitch() >= LETTER_PITCH).filter_map(|t| {
            let class = if t == 0 && !self.names.are_lines() { "letter first" } else { "letter" };
            let x = cells.center(t) - gap / 2.0;
            Some(html! { <text {class} x={x.to_string()} y="18.5" text-anchor="middle">{ self.letter(t)? }</text> })
        });
        let first_width = (cells.edge(1) - cells.left - gap).max(4.0);
        let first = if self.names.are_lines() {
            self.label().map_or_else(String::new, |label| format!("label: {label}"))
        } else {
            self.letter(0).map_or_else(|| "first token".to_owned(), |name| format!("first token: {name}"))
        };
        let end = cells.right + 32.0;
        let questions: &[&'static str] = if self.names.are_lines() {
            &["then: what is its label?", "what label?"]
        } else {
            &["then: what was the first?", "what was the first?", "the first?"]
        };
        let question = fitting(questions, end - cells.left - text_width(&first) - 12.0);
        let noise_text = if self.names.are_lines() {
            format!("{} characters", self.tokens.iter().filter(|token| **token > 0).count())
        } else {
            format!("{} tokens of noise", cells.count.saturating_sub(1))
        };
        let room = end - cells.left - text_width(&first) - question.map_or(0.0, text_width);
        let middle = (cells.left + text_width(&first) + end - question.map_or(0.0, text_width)) / 2.0;
        html! {
            <>
                <text class="row-name" x="0" y="18.5">{ "input" }</text>
                <path class="noise" d={noise} />
                if !self.names.are_lines() {
                    <rect class="first" x={cells.left.to_string()} y={(top - 2.0).to_string()} width={first_width.to_string()} height={(height + 4.0).to_string()} rx="1" />
                }
                { for letters }
                <rect class="question" x={(cells.right + 8.5).to_string()} y={(top + 0.5).to_string()} width="23" height={(height - 1.0).to_string()} rx="3" />
                <text class="letter" x={(cells.right + 20.0).to_string()} y="18.5" text-anchor="middle">{ "?" }</text>
                <text class="first-name" x={cells.left.to_string()} y={TOKEN_TEXT.to_string()}>{ first }</text>
                if room > text_width(&noise_text) + 40.0 {
                    <text x={middle.to_string()} y={TOKEN_TEXT.to_string()} text-anchor="middle">{ noise_text }</text>
                }
                if let Some(question) = question {
                    <text x={end.to_string()} y={TOKEN_TEXT.to_string()} text-anchor="end">{ question }</text>
                }
            </>
        }
    }

    fn strips(&self) -> Html {
        let each = self.networks.iter().zip(STRIPS);
        each.map(|(network, top)| self.strip(network, top)).collect()
    }

    /// The gradients of a network, its name and its answer.
    fn strip(&self, network: &Network, top: f64) -> Html {
        let cells = self.cells;
        let fill = format!("fill:{}", color::series(network.color));
        let norms = network.norms();
        let drawn = aligned(norms, if norms.is_empty() { 0 } else { cells.count });
        let Strip { shades, unreached } = Strip::new(&drawn, &cells, top, STRIP_HEIGHT);
        let baseline = top + 16.5;
        let zone = |from: usize, to: usize, texts: &[&'static str]| {
            let (left, right) = (cells.edge(from), cells.edge(to));
            let text = fitting(texts, right - left - 12.0).filter(|_| !self.is_stale)?;
            let x = ((left + right) / 2.0).to_string();
            Some(
                html! { <text class="zone" {x} y={baseline.to_string()} text-anchor="middle">{ text }</text> },
            )
        };
        let below = zone(0, unreached.below, &["below 10⁻³⁸, the 32-bit minimum", "below 10⁻³⁸", "≈ 0"]);
        let lost = zone(unreached.below, unreached.lost, &["lost in rounding", "lost"]);
        let border = |t: usize| {
            let x = (cells.edge(t) + 0.5).to_string();
            let shown = t > 0 && t < cells.count && !self.is_stale;
            shown.then(|| html! { <line class="border" x1={x.clone()} x2={x} y1={top.to_string()} y2={(top + STRIP_HEIGHT).to_string()} /> })
        };
        let arm = if network.color == RNN { "rnn" } else { "lstm" };
        html! {
            <g data-strip={arm} data-below={unreached.below.to_string()} data-lost={unreached.lost.to_string()}>
                <text class="row-name" ~style={fill.clone()} x="0" y={baseline.to_string()}>{ network.title }</text>
                <rect class="strip-paper" ~style={fill.clone()} x={cells.left.to_string()} y={top.to_string()} width={cells.width().to_string()} height={STRIP_HEIGHT.to_string()} />
                { for shades.iter().map(|(opacity, path)| html! {
                    <path class="shade" ~style={fill.clone()} fill-opacity={format!("{:.3}", if self.is_stale { opacity * 0.35 } else { *opacity })} d={path.clone()} />
                }) }
                { border(unreached.below) }
                { below }
                { lost }
                if let Some(answer) = network.answer(self.names).filter(|_| !self.is_stale) {
                    <text class="answer" data-network-answer={arm} x={(cells.right + 8.0).to_string()} y={baseline.to_string()}>{ answer }</text>
                }
            </g>
        }
    }

    /// The ends of the axis, and the meaning of the shades if there is room.
    fn axis(&self) -> Html {
        const RAMP: f64 = 72.0;
        const STEPS: usize = 12;
        let cells = self.cells;
        let (first, y) = ("position 0", AXIS_TEXT.to_string());
        let last = cells.count.saturating_sub(1);
        let end = if cells.width() > 300.0 {
            format!("position {last}: the loss is here")
        } else {
            format!("{last}: the loss")
        };
        let (low, high) = ("10⁻⁷", "1 × the largest");
        let legend = text_width(low) + RAMP + text_width(high) + 12.0;
        let left = (cells.left + text_width(first) + cells.right - text_width(&end) - legend) / 2.0;
        let fits = left > cells.left + text_width(first) + 20.0;
        let ramp_left = left + text_width(low) + 6.0;
        let ramp = (0..STEPS).map(|step| {
            let x = ramp_left + RAMP * step as f64 / STEPS as f64;
            let opacity = format!("{:.3}", (step + 1) as f64 / STEPS as f64);
            html! { <rect class="ramp" x={format!("{x:.1}")} y={(AXIS_TEXT - 9.0).to_string()} width={(RAMP / STEPS as f64).to_string()} height="9" fill-opacity={opacity} /> }
        });
        html! {
            <>
                <text x={cells.left.to_string()} y={y.clone()}>{ first }</text>
                if fits {
                    <text x={(ramp_left - 6.0).to_string()} y={y.clone()} text-anchor="end">{ low }</text>
                    { for ramp }
                    <text x={(ramp_left + RAMP + 6.0).to_string()} y={y.clone()}>{ high }</text>
                }
                <text x={cells.right.to_string()} {y} text-anchor="end">{ end }</text>
            </>
        }
    }

    fn cursor(&self, t: usize) -> Html {
        let x = self.cells.center(t).to_string();
        html! {
            <g class="cursor" data-export="no">
                <line x1={x.clone()} x2={x} y1="0" y2={(STRIPS[1] + STRIP_HEIGHT + 4.0).to_string()} />
            </g>
        }
    }

    /// Returns the exact values at a position.
    fn reading(&self, t: usize) -> String {
        let token = self.letter(t).map_or_else(String::new, |name| format!(" ({name})"));
        let values = self.networks.iter().filter_map(|network| {
            let norm = network.norms().get(t)?;
            Some(format!("{} {}", network.title, format_number((*norm).into(), 3)))
        });
        let values: Vec<String> = values.collect();
        format!("position {t}{token}: {}", values.join(", "))
    }
}

/// Returns the data table, with one row per position.
fn table(config: &Config, names: &Names, networks: &[Network; 2]) -> Callback<(), Table> {
    let (count, names, networks) = (config.length() as usize, names.clone(), networks.clone());
    Callback::from(move |()| {
        let tokens = networks[RNN].trace.as_ref().map_or(&[][..], |trace| &trace.tokens);
        let [rnn, lstm] = networks.each_ref().map(|network| network.gradients.latest());
        let exact = |norms: Option<&[f32]>, t: usize| {
            norms.and_then(|norms| norms.get(t)).map(|norm| format_exact((*norm).into())).unwrap_or_default()
        };
        let row = |t: usize| {
            vec![
                t.to_string(),
                tokens.get(t).map(|token| names.token(*token).to_string()).unwrap_or_default(),
                exact(rnn.map(|row| &*row.hidden), t),
                exact(lstm.map(|row| &*row.cell), t),
                exact(lstm.map(|row| &*row.hidden), t),
            ]
        };
        let columns = ["position", "token", "RNN, ‖∂L/∂h‖", "LSTM, ‖∂L/∂c‖", "LSTM, ‖∂L/∂h‖"];
        Table { columns: columns.map(str::to_owned).to_vec(), rows: (0..count).map(row).collect() }
    })
}
