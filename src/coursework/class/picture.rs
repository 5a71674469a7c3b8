//! The first predictions of a class for one question, next to what was measured.

use crate::core::guess::{Grade, Guessed};
use crate::core::metric::Spread;
use crate::coursework::class::board::{Board, Cell, Column, Form, Row};
use crate::coursework::class::findings::number;
use crate::coursework::class::grading::curve_of;
use crate::coursework::sheet::Outcome;
use std::collections::BTreeMap;

/// The maximum number of lines for measured numbers.
const MAX_MEASURED: usize = 12;

/// The distribution of the first predictions.
#[derive(Clone, Debug, PartialEq)]
pub enum Picture {
    /// Numbers, each with its student, in ascending order, and the measured numbers with the number of students.
    Numbers {
        /// The predictions.
        guesses: Vec<(f64, String)>,
        /// The measured numbers, the most frequent first.
        measured: Vec<(f64, usize)>,
    },
    /// Options with the students who chose them.
    Choices(Vec<Choice>),
    /// Curves over fractions of the run.
    Curves {
        /// The predictions, each with its student.
        guesses: Vec<(String, Vec<(f64, f64)>)>,
        /// The measured curves, each once, over fractions of the run.
        measured: Vec<Vec<(f64, f64)>>,
    },
    /// Nothing was predicted.
    Nothing,
}

/// An option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The option.
    pub words: String,
    /// The students who chose it.
    pub names: Vec<String>,
    /// True if it was right for at least one student.
    pub is_right: bool,
}

impl Picture {
    /// Returns the distribution for the column with this index.
    pub fn new(board: &Board, at: usize) -> Self {
        let Some(column) = board.columns.get(at) else { return Self::Nothing };
        let cells: Vec<(&Row, &Cell)> =
            board.rows.iter().filter_map(|row| Some((row, row.cells.get(at)?.as_ref()?))).collect();
        match &column.form {
            Form::Number => Self::numbers(column, &cells),
            Form::Choice(options) => Self::choices(options, &cells),
            Form::Curve => Self::curves(&cells),
            Form::Code => Self::Nothing,
        }
    }

    fn numbers(column: &Column, cells: &[(&Row, &Cell)]) -> Self {
        let guess = |(row, cell): &(&Row, &Cell)| match cell.first.attempt.guess {
            Some(Guessed::Number(number)) if number.is_finite() => Some((number, row.name.clone())),
            _ => None,
        };
        let mut guesses: Vec<(f64, String)> = cells.iter().filter_map(guess).collect();
        guesses.sort_by(|a, b| a.0.total_cmp(&b.0));
        if guesses.is_empty() {
            return Self::Nothing;
        }
        let mut counts: BTreeMap<u32, (f64, usize)> = BTreeMap::new();
        let outcomes = cells.iter().filter_map(|(_, cell)| cell.first.attempt.outcome.as_ref());
        for value in outcomes.filter_map(|outcome| measured_of(column, outcome)) {
            counts.entry((value as f32).to_bits()).or_insert((value, 0)).1 += 1;
        }
        let mut measured: Vec<(f64, usize)> = counts.into_values().collect();
        measured.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.total_cmp(&b.0)));
        measured.truncate(MAX_MEASURED);
        Self::Numbers { guesses, measured }
    }

    fn choices(options: &[String], cells: &[(&Row, &Cell)]) -> Self {
        let chosen = |cell: &Cell| match &cell.first.attempt.guess {
            Some(Guessed::Choice(words)) => Some(words.clone()),
            _ => None,
        };
        let mut words: Vec<String> = options.to_vec();
        for other in cells.iter().filter_map(|(_, cell)| chosen(cell)) {
            if !words.contains(&other) {
                words.push(other);
            }
        }
        let choice = |words: String| {
            let chose = |(_, cell): &&(&Row, &Cell)| chosen(cell).as_ref() == Some(&words);
            let is_right = |(_, cell): &(&Row, &Cell)| cell.first.verdict.grade == Grade::Right;
            Choice {
                names: cells.iter().filter(chose).map(|(row, _)| row.name.clone()).collect(),
                is_right: cells.iter().filter(chose).any(is_right),
                words,
            }
        };
        let choices: Vec<Choice> = words.into_iter().map(choice).collect();
        if choices.iter().all(|choice| choice.names.is_empty()) {
            Self::Nothing
        } else {
            Self::Choices(choices)
        }
    }

    fn curves(cells: &[(&Row, &Cell)]) -> Self {
        let guess = |(row, cell): &(&Row, &Cell)| match &cell.first.attempt.guess {
            Some(Guessed::Curve(points)) => Some((row.name.clone(), points.clone())),
            _ => None,
        };
        let guesses: Vec<_> = cells.iter().filter_map(guess).collect();
        if guesses.is_empty() {
            return Self::Nothing;
        }
        let mut measured: Vec<Vec<(f64, f64)>> = Vec::new();
        for outcome in cells.iter().filter_map(|(_, cell)| cell.first.attempt.outcome.as_ref()) {
            let Some(curve) = curve_of(outcome) else { continue };
            let Some(end) = curve.last().map(|(x, _)| *x).filter(|end| *end > 0.0) else { continue };
            let curve: Vec<(f64, f64)> =
                curve.into_iter().filter(|(_, y)| y.is_finite()).map(|(x, y)| (x / end, y)).collect();
            if !measured.contains(&curve) && measured.len() < MAX_MEASURED {
                measured.push(curve);
            }
        }
        Self::Curves { guesses, measured }
    }

    /// Returns the picture in a sentence, for readers who do not see it.
    pub fn sentence(&self) -> String {
        match self {
            Self::Numbers { guesses, measured } => {
                let spread = Spread::of(guesses.iter().map(|(number, _)| *number));
                let guessed = spread.map_or_else(String::new, |spread| {
                    if spread.n == 1 {
                        return format!("One prediction, {}.", number(spread.median));
                    }
                    format!(
                        "{} predictions from {} to {}, median {}.",
                        spread.n,
                        number(spread.low),
                        number(spread.high),
                        number(spread.median)
                    )
                });
                let found: Vec<String> = measured
                    .iter()
                    .take(3)
                    .map(|(value, count)| format!("{} ({count})", number(*value)))
                    .collect();
                match found.as_slice() {
                    [] => format!("{guessed} Nothing was measured."),
                    found => format!("{guessed} Measured: {}.", found.join(", ")),
                }
            }
            Self::Choices(choices) => {
                let part = |choice: &Choice| {
                    let mark = if choice.is_right { ", right" } else { "" };
                    format!("{}: {}{mark}", choice.words, choice.names.len())
                };
                format!("{}.", choices.iter().map(part).collect::<Vec<_>>().join("; "))
            }
            Self::Curves { guesses, measured } => {
                format!("{} predicted curves, {} measured.", guesses.len(), measured.len())
            }
            Self::Nothing => "Nothing was predicted.".to_owned(),
        }
    }
}

/// Returns the measured number that answers a question.
pub fn measured_of(column: &Column, outcome: &Outcome) -> Option<f64> {
    let value = match (column.metrics.first(), outcome.measured.len()) {
        (Some(name), _) if outcome.measured.contains_key(name) => *outcome.measured.get(name)?,
        (None, 1) => *outcome.measured.values().next()?,
        _ => None,
    };
    value.filter(|value| value.is_finite())
}
