//! A question that a student answers before the run, and that the run answers.

use crate::assignment::is_name;
use crate::core::query::{Query, shorten};
use serde::Serialize;

const MAX_TEXT: usize = 400;
const MAX_OPTIONS: usize = 8;
const MAX_OPTION: usize = 80;
const MAX_METRICS: usize = 4;

/// A question to the student.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The text of the question.
    pub text: String,
    /// The kind of prediction required before training may start.
    pub guess: Guess,
    /// The metrics that answer the question, by their `data-metric`. A prediction of a curve is about the
    /// first.
    pub metrics: Vec<String>,
}

/// The kind of a prediction.
#[derive(Clone, Debug, PartialEq)]
pub enum Guess {
    /// No prediction; training does not wait for an answer.
    None,
    /// A number.
    Number,
    /// One of these answers.
    Choice(Vec<String>),
    /// A curve over the steps of the run.
    Curve {
        /// The minimum of the y axis.
        low: f64,
        /// The maximum of the y axis.
        high: f64,
    },
}

/// A student's prediction.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// A number.
    Number(f64),
    /// One of the offered answers.
    Choice(String),
    /// Steps and values.
    Curve(Vec<(f64, f64)>),
}

impl Question {
    /// Reads a question from an address, or returns `None` if there is none. Also returns a warning if its
    /// prediction was ignored.
    pub(super) fn from_query(query: &Query) -> (Option<Self>, Option<String>) {
        let text = clean(query.get("ask").unwrap_or_default(), MAX_TEXT);
        if text.is_empty() {
            return (None, None);
        }
        let metrics: Vec<String> = query
            .get("ask_metric")
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|name| is_name(name))
            .take(MAX_METRICS)
            .map(str::to_owned)
            .collect();
        let (guess, warning) = read_guess(query, !metrics.is_empty());
        let metrics = if guess == Guess::None { Vec::new() } else { metrics };
        (Some(Self { text, guess, metrics }), warning)
    }

    pub(super) fn write(&self, put: &mut impl FnMut(&str, String)) {
        put("ask", self.text.clone());
        match &self.guess {
            Guess::None => return,
            Guess::Number => put("ask_guess", "number".to_owned()),
            Guess::Choice(options) => {
                put("ask_guess", "choice".to_owned());
                put("ask_options", options.join("|"));
            }
            Guess::Curve { low, high } => {
                put("ask_guess", "curve".to_owned());
                put("ask_range", format!("{low},{high}"));
            }
        }
        if !self.metrics.is_empty() {
            put("ask_metric", self.metrics.join(","));
        }
    }
}

fn read_guess(query: &Query, measured: bool) -> (Guess, Option<String>) {
    let bad =
        |words: &str| (Guess::None, Some(format!("{words} The question is shown without a prediction.")));
    match query.get("ask_guess") {
        None | Some("" | "none") => (Guess::None, None),
        Some("choice") => {
            let mut options: Vec<String> = Vec::new();
            for option in query.get("ask_options").unwrap_or_default().split('|') {
                let option = clean(option, MAX_OPTION);
                if !option.is_empty() && options.len() < MAX_OPTIONS && !options.contains(&option) {
                    options.push(option);
                }
            }
            if options.len() < 2 {
                return bad("A choice needs at least two answers in ask_options, with | between them.");
            }
            (Guess::Choice(options), None)
        }
        Some("number" | "curve") if !measured => {
            bad("A prediction needs ask_metric: the number that answers it.")
        }
        Some("number") => (Guess::Number, None),
        Some("curve") => {
            let range = query.get("ask_range").unwrap_or("0,1");
            let ends = range.split_once(',').and_then(|(low, high)| {
                Some((low.trim().parse::<f64>().ok()?, high.trim().parse::<f64>().ok()?))
            });
            match ends {
                Some((low, high)) if low < high && (high - low).is_finite() => {
                    (Guess::Curve { low, high }, None)
                }
                _ => bad(&format!("ask_range={} is not two rising numbers.", shorten(range))),
            }
        }
        Some(other) => bad(&format!("ask_guess={} is not number, choice or curve.", shorten(other))),
    }
}

/// Returns the text without control characters and surrounding whitespace, cut to `length` characters.
fn clean(text: &str, length: usize) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    let text: String = text.trim().chars().take(length).collect();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use crate::assignment::Assignment;
    use crate::assignment::question::*;

    fn ask(pairs: &[(&str, &str)]) -> (Option<Question>, Vec<String>) {
        let (assignment, warnings) = Assignment::from_query(&pairs.iter().copied().collect());
        (assignment.question, warnings)
    }

    #[test]
    fn an_unanswerable_question_is_shown_without_a_prediction() {
        for (pairs, warns) in [
            (&[("ask", "Why?")][..], false),
            (&[("ask", "How much?"), ("ask_guess", "number")], true),
            (&[("ask", "Which?"), ("ask_guess", "choice"), ("ask_options", "one")], true),
            (&[("ask", "Draw"), ("ask_guess", "curve"), ("ask_metric", "loss"), ("ask_range", "3,1")], true),
            (&[("ask", "Draw"), ("ask_guess", "song")], true),
        ] {
            let (question, warnings) = ask(pairs);
            assert_eq!(question.map(|question| question.guess), Some(Guess::None), "{pairs:?}");
            assert_eq!(!warnings.is_empty(), warns, "{pairs:?}");
        }
        assert_eq!(ask(&[("ask", "  ")]), (None, Vec::new()));
    }

    #[test]
    fn options_are_trimmed_and_unique() {
        let (question, _) =
            ask(&[("ask", "Which?"), ("ask_guess", "choice"), ("ask_options", " RNN |LSTM||RNN")]);
        assert_eq!(question.expect("asked").guess, Guess::Choice(vec!["RNN".into(), "LSTM".into()]));
    }
}
