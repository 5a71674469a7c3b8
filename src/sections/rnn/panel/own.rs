//! The user's own lines: what both networks say about held-out lines, character by character.

use super::names::Names;
use crate::charts::Reference;
use crate::charts::Table;
use crate::charts::color::class_color;
use crate::charts::scale::format_exact;
use crate::panel::{CurveFigure, CurveSpec, PtrEq};
use crate::sections::rnn::{Config, LSTM, RNN, Record, chance, chance_level};
use crate::ui::figure::Figure;
use yew::prelude::*;

/// A held-out line, and the answers of both networks at every position, `[seq_len, n_classes]`.
#[derive(Clone)]
struct Line {
    tokens: Vec<u8>,
    label: usize,
    answers: [Vec<f32>; 2],
}

/// The names of the networks, in the order of the arms.
const NETWORKS: [&str; 2] = ["RNN", "LSTM"];

/// Returns the probability and the class of an answer.
fn best(answer: &[f32]) -> Option<(usize, f32)> {
    let best = answer.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    best.filter(|(_, probability)| probability.is_finite())
}

impl Line {
    fn n_classes(&self, arm: usize) -> usize {
        self.answers[arm].len() / self.tokens.len().max(1)
    }

    /// Returns the probabilities of a network at a position.
    fn answer(&self, arm: usize, t: usize) -> &[f32] {
        let n = self.n_classes(arm);
        self.answers[arm].get(t * n..(t + 1) * n).unwrap_or_default()
    }

    /// Returns the class that a network names at the end, and its probability.
    fn last(&self, arm: usize) -> Option<(usize, f32)> {
        best(self.answer(arm, self.tokens.len().checked_sub(1)?))
    }

    /// Returns the first position that is not padding.
    fn start(&self, is_padded: bool) -> usize {
        let padding = self.tokens.iter().take_while(|token| is_padded && **token == 0);
        padding.count()
    }

    fn text(&self, names: &Names) -> String {
        self.tokens.iter().skip(self.start(names.are_lines())).map(|token| names.token(*token)).collect()
    }
}

/// Returns the held-out lines of a record, or the traced sequence in the task of recall.
fn lines(names: &Names, record: &Record) -> Vec<Line> {
    let Some(set) = names.lines() else {
        let traces = [RNN, LSTM].map(|arm| record.trace(arm));
        let [Some(rnn), Some(lstm)] = traces else { return Vec::new() };
        let label = names.label(lstm);
        return vec![Line {
            tokens: lstm.tokens.clone(),
            label,
            answers: [rnn.answers.clone(), lstm.answers.clone()],
        }];
    };
    let line = |(at, (tokens, label)): (usize, &(Vec<u8>, u8))| {
        let answers = [RNN, LSTM]
            .map(|arm| record.answers(arm).map(|answers| answers.line(at).to_vec()).unwrap_or_default());
        Line { tokens: tokens.clone(), label: usize::from(*label), answers }
    };
    set.shown.iter().enumerate().map(line).collect()
}

#[derive(PartialEq, Properties)]
pub(super) struct LinesProps {
    pub(super) config: Config,
    pub(super) record: PtrEq<Record>,
}

/// One line with both networks' answers after each of its characters, and a table of some held-out lines.
#[component]
pub(super) fn LinesFigure(props: &LinesProps) -> Html {
    let LinesProps { config, record } = props;
    let names = Names::of(config, record);
    let lines = lines(&names, record);
    let chosen = use_state_eq(|| 0usize);
    let at = (*chosen).min(lines.len().saturating_sub(1));
    let Some(line) = lines.get(at) else {
        return html! {
            <Figure name="line" title="A held-out line, character by character" table={Callback::from(|()| Table::default())}>
                <p class="muted">{ "Add lines below, each with a label. For example: " }<code>{ "What a lovely film, positive" }</code></p>
            </Figure>
        };
    };
    let step = [RNN, LSTM].iter().filter_map(|arm| {
        let answers = record.answers(*arm).map(|answers| answers.step);
        if names.are_lines() { answers } else { record.trace(*arm).map(|trace| trace.step) }
    });
    let when = step
        .max()
        .filter(|step| *step > 0)
        .map_or_else(|| "untrained".to_owned(), |step| format!("after {step} steps"));
    let kind = if names.are_lines() {
        "A held-out line, character by character"
    } else {
        "The recall task, token by token"
    };
    let look_for = html! { "The color behind a character is the class that the network would name if the line ended there; the stronger the color, the more certain. Only the last answer counts." };
    let classes = (0..config.classes() as usize).map(|class| {
        html! {
            <li><span class="swatch" ~style={background(class, 0.6)} />{ names.class(class) }</li>
        }
    });
    let row = |(index, one): (usize, &Line)| {
        let choose = chosen.setter();
        html! {
            <tr>
                <td>
                    <button type="button" class="line-choice" aria-pressed={(index == at).to_string()} onclick={move |_| choose.set(index)}>{ one.text(&names) }</button>
                </td>
                <td>{ names.class(one.label) }</td>
                { for [RNN, LSTM].map(|arm| html! { <td>{ answer(&names, one, arm) }</td> }) }
            </tr>
        }
    };
    html! {
        <Figure name="line" title={format!("{kind}, {when}")} {look_for} table={table(&names, line)}>
            <div class="own-lines" data-line={at.to_string()}>
                <p class="line-label">{ "Label: " }<strong>{ names.class(line.label) }</strong></p>
                { for [RNN, LSTM].map(|arm| strip(&names, line, arm)) }
                <ul class="line-classes" aria-label="Colors of the classes">{ for classes }</ul>
                if lines.len() > 1 {
                    <div class="line-table" tabindex="0" role="region" aria-label="Held-out lines">
                        <table>
                            <thead><tr><th scope="col">{ "Held-out line" }</th><th scope="col">{ "Label" }</th>{ for NETWORKS.map(|network| html! { <th scope="col">{ network }</th> }) }</tr></thead>
                            <tbody>{ for lines.iter().enumerate().map(row) }</tbody>
                        </table>
                    </div>
                }
            </div>
        </Figure>
    }
}

/// Returns a network's answer at the end of a line, such as "positive 98% ✓".
fn answer(names: &Names, line: &Line, arm: usize) -> String {
    line.last(arm).map_or_else(
        || "–".to_owned(),
        |(class, share)| {
            format!(
                "{} {:.0}% {}",
                names.class(class),
                100.0 * share,
                if class == line.label { "✓" } else { "✗" }
            )
        },
    )
}

/// Returns the style of the background of a class. It is pale in both themes, so that dark letters are legible.
fn background(class: usize, share: f32) -> String {
    let [red, green, blue] = class_color(class, share);
    format!("background:rgb({red},{green},{blue})")
}

/// The maximum strength of a background.
const STRENGTH: f32 = 0.6;

/// Returns the characters of a line on the colors of a network's answers.
fn strip(names: &Names, line: &Line, arm: usize) -> Html {
    let chance = 1.0 / line.n_classes(arm).max(1) as f32;
    let character = |t: usize| {
        let style = best(line.answer(arm, t))
            .map(|(class, p)| background(class, STRENGTH * (p - chance) / (1.0 - chance).max(f32::EPSILON)));
        let name = line.tokens.get(t).map(|token| names.token(*token)).unwrap_or_default();
        html! { <span ~style={style.unwrap_or_default()}>{ name }</span> }
    };
    let answer = answer(names, line, arm);
    let spoken = format!("{}: {answer} after the last character", NETWORKS[arm]);
    html! {
        <div class="line-strip" data-strip={NETWORKS[arm].to_lowercase()} data-answer={answer.clone()}>
            <span class="line-network">{ NETWORKS[arm] }</span>
            <span class="line-characters" role="img" aria-label={spoken}>{ for (line.start(names.are_lines())..line.tokens.len()).map(character) }</span>
            <span class="line-answer">{ answer }</span>
        </div>
    }
}

/// Returns the data table of a line, with one row per character.
fn table(names: &Names, line: &Line) -> Callback<(), Table> {
    let (names, line) = (names.clone(), line.clone());
    Callback::from(move |()| {
        let mut columns = vec!["position".to_owned(), "character".to_owned()];
        for (arm, network) in NETWORKS.iter().enumerate() {
            columns.extend(
                (0..line.n_classes(arm)).map(|class| format!("{network}, P({})", names.class(class))),
            );
        }
        let row = |t: usize| {
            let token = line.tokens.get(t).map(|token| names.token(*token).to_string());
            let mut row = vec![t.to_string(), token.unwrap_or_default()];
            row.extend(
                [RNN, LSTM].iter().flat_map(|arm| line.answer(*arm, t)).map(|p| format_exact((*p).into())),
            );
            row
        };
        Table { columns, rows: (line.start(names.are_lines())..line.tokens.len()).map(row).collect() }
    })
}

/// The accuracy on lines that are trained on, and on held-out ones.
pub(super) fn accuracy_figure(config: &Config, record: &Record) -> Html {
    const ACCURACIES: &[CurveSpec] = &[
        CurveSpec::new("accuracy", "held out"),
        CurveSpec { dashed: true, ..CurveSpec::new("accuracy_train", "training") },
    ];
    let references = vec![Reference { label: "chance".into(), y: chance_level(config, record) }];
    html! {
        <CurveFigure name="line-accuracy" lines={ACCURACIES} y_label="accuracy" {references}
            look_for={html! { "Dashed lines: lines that the networks train on. Solid lines: held-out lines. A gap between them is overfitting." }}
            x_max={Some(f64::from(config.steps))} y_range={Some((0.0, 1.0))} markers={true} empty="Curves appear here during training." />
    }
}

/// The task, in a sentence.
pub(super) fn lead(names: &Names) -> Html {
    let words = match names.lines() {
        Some(lines) => {
            let count = |counts: &[u32]| counts.iter().sum::<u32>();
            format!(
                "Both networks read a line one character at a time and name its label at the end. They train on {} lines of “{}”; {} are held out.",
                count(&lines.train),
                lines.title,
                count(&lines.test)
            )
        }
        None => "Give both networks short lines with labels, such as sentences with their sentiment. Until then you see the task of recall.".to_owned(),
    };
    html! { <p class="lead">{ words }</p> }
}

/// Accuracies on training and held-out lines in words, and what they mean.
pub(super) fn overfitting(config: &Config, record: &Record) -> Html {
    let names = Names::of(config, record);
    let measured = |arm: usize| {
        let net = record.arms.get(arm)?;
        let (train, test) = (net.train_accuracy.last_y()?, net.accuracy.last_y()?);
        Some(format!(
            "{}: {:.0}% of the training lines, {:.0}% of the held-out lines. ",
            NETWORKS[arm],
            100.0 * train,
            100.0 * test
        ))
    };
    let measured: String = [RNN, LSTM].into_iter().filter_map(measured).collect();
    let chance = names.lines().map_or_else(|| chance(config), |_| chance_level(config, record));
    html! {
        <>
            <p data-text="overfitting">
                { "A few dozen lines are easily learned by heart: the networks have thousands of weights. " }
                { "A network that has found words that matter also classifies held-out lines; one that has memorized its lines does not. " }
                { format!("Always naming the most frequent label gets {:.0}% right.", 100.0 * chance) }
            </p>
            if !measured.is_empty() {
                <p data-text="line-accuracies">{ measured }</p>
            }
            <p>
                { "More lines help most. A smaller hidden size and fewer steps help a little. With ten held-out lines, each line is ten percentage points." }
            </p>
        </>
    }
}
