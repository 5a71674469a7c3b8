//! A question that a student answers before the run, and that the run answers.

use crate::assignment::is_name;
use crate::core::guess::{AnswerKey, Feedback, RightAnswer};
use crate::core::query::{Query, shorten};
use crate::core::split_mix::mixed;

const MAX_TEXT: usize = 400;
const MAX_OPTIONS: usize = 8;
const MAX_OPTION: usize = 80;
const MAX_METRICS: usize = 4;

/// A question to the student.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Question {
    /// The text of the question.
    pub text: String,
    /// The kind of prediction required before training may start.
    pub guess: Guess,
    /// The metrics that answer the question, by their `data-metric`. A prediction of a curve is about the
    /// first.
    pub metrics: Vec<String>,
    /// The name that the author gave to the question, if any; see [`Question::name`].
    pub id: Option<String>,
    /// The key by which a prediction is graded, if the author gave one.
    pub key: Option<AnswerKey>,
    /// The time at which the student learns whether the prediction was right.
    pub feedback: Feedback,
}

/// The kind of a prediction.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Guess {
    /// No prediction; training does not wait for an answer.
    #[default]
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

impl Question {
    /// Reads a question from an address, or returns `None` if there is none. Also returns a warning for
    /// each part that was ignored.
    pub(super) fn from_query(query: &Query) -> (Option<Self>, Vec<String>) {
        let text = clean(query.get("ask").unwrap_or_default(), MAX_TEXT);
        if text.is_empty() {
            return (None, Vec::new());
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
        let mut warnings: Vec<String> = warning.into_iter().collect();
        if guess == Guess::None {
            return (Some(Self { text, ..Self::default() }), warnings);
        }
        let id = query.get("ask_id").map(str::trim).filter(|id| !id.is_empty());
        if let Some(id) = id.filter(|id| !is_name(id)) {
            warnings.push(format!(
                "ask_id={} is not a name of small letters, digits, - and _; it was ignored.",
                shorten(id)
            ));
        }
        let id = id.filter(|id| is_name(id)).map(str::to_owned);
        let (key, warning) = read_key(query, &guess, metrics.len());
        warnings.extend(warning);
        let feedback = match query.get("ask_feedback") {
            None | Some("") => Feedback::default(),
            Some(text) => Feedback::ALL.iter().find(|(_, slug)| *slug == text).map_or_else(
                || {
                    warnings.push(format!(
                        "ask_feedback={} is not now, run or none; it was ignored.",
                        shorten(text)
                    ));
                    Feedback::default()
                },
                |(feedback, _)| *feedback,
            ),
        };
        (Some(Self { text, guess, metrics, id, key, feedback }), warnings)
    }

    /// Returns the name of the question in files and messages: that of its author, or one that follows from the question.
    pub fn name(&self) -> String {
        self.id.clone().unwrap_or_else(|| {
            let mut query = Query::default();
            Self { id: None, key: None, feedback: Feedback::default(), ..self.clone() }
                .write(&mut |key, value| query.push(key, value));
            let hash = query.to_string().bytes().fold(0, |hash, byte| mixed(hash ^ u64::from(byte)));
            format!("ask-{:08x}", hash >> 32)
        })
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
        if let Some(id) = &self.id {
            put("ask_id", id.clone());
        }
        if let Some(key) = &self.key {
            put("ask_answer", key.slug().into_owned());
            if let Some(tolerance) = key.tolerance {
                put("ask_tolerance", tolerance.to_string());
            }
        }
        if self.feedback != Feedback::default() {
            put("ask_feedback", self.feedback.slug().to_owned());
        }
    }
}

/// Reads the key of a question. Also returns a warning if it was ignored.
fn read_key(query: &Query, guess: &Guess, metrics: usize) -> (Option<AnswerKey>, Option<String>) {
    let get = |key| query.get(key).map(str::trim).filter(|text| !text.is_empty());
    let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
    let Some(text) = get("ask_answer") else {
        let warning = get("ask_tolerance")
            .map(|_| "ask_tolerance needs a right answer in ask_answer; it was ignored.".to_owned());
        return (None, warning);
    };
    let bad = |words: &str| {
        (None, Some(format!("ask_answer={} {words}; no answer counts as right.", shorten(text))))
    };
    let right = match (guess, text) {
        (Guess::Choice(options), text) if options.iter().any(|option| option == text) => {
            RightAnswer::Choice(text.to_owned())
        }
        (Guess::Choice(options), "largest" | "smallest") if options.len() != metrics => {
            return bad("needs one metric in ask_metric for each option, in the same order");
        }
        (Guess::Choice(_), "largest") => RightAnswer::Largest,
        (Guess::Choice(_), "smallest") => RightAnswer::Smallest,
        (Guess::Choice(_), _) => return bad("is not one of the options"),
        (_, "measured") => RightAnswer::Measured,
        (Guess::Number, text) => match (number(text), text.split_once("..")) {
            (Some(right), _) => RightAnswer::Number(right),
            (None, Some((low, high))) => match (number(low), number(high)) {
                (Some(low), Some(high)) if low <= high => RightAnswer::Range(low, high),
                _ => return bad("is not a range such as 0.85..0.95"),
            },
            _ => return bad("is not a number, a range such as 0.85..0.95, or \"measured\""),
        },
        _ => return bad("is not \"measured\""),
    };
    let tolerance = match get("ask_tolerance") {
        _ if matches!(
            right,
            RightAnswer::Choice(_) | RightAnswer::Largest | RightAnswer::Smallest | RightAnswer::Range(..)
        ) =>
        {
            None
        }
        None => None,
        Some(text) => match number(text).filter(|number| *number >= 0.0) {
            Some(tolerance) => Some(tolerance),
            None => {
                let warning =
                    format!("ask_tolerance={} is not a number from 0; it was ignored.", shorten(text));
                return (Some(AnswerKey { right, tolerance: None }), Some(warning));
            }
        },
    };
    (Some(AnswerKey { right, tolerance }), None)
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
    fn a_key_that_does_not_fit_the_question_is_reported() {
        let number = [("ask", "How much?"), ("ask_guess", "number"), ("ask_metric", "loss")];
        let choice =
            [("ask", "Which?"), ("ask_guess", "choice"), ("ask_options", "RNN|LSTM"), ("ask_metric", "a,b")];
        let curve = [("ask", "Draw"), ("ask_guess", "curve"), ("ask_metric", "loss")];
        let key = |base: &[(&'static str, &'static str)], more: &[(&'static str, &'static str)]| {
            let (question, warnings) = ask(&[base, more].concat());
            (question.and_then(|question| question.key).map(|key| key.right), warnings.len())
        };
        assert_eq!(
            key(&number, &[("ask_answer", "0.9"), ("ask_tolerance", "0.1")]),
            (Some(RightAnswer::Number(0.9)), 0)
        );
        assert_eq!(key(&number, &[("ask_answer", "0.8..0.9")]), (Some(RightAnswer::Range(0.8, 0.9)), 0));
        assert_eq!(
            key(&number, &[("ask_answer", "measured"), ("ask_tolerance", "-1")]),
            (Some(RightAnswer::Measured), 1)
        );
        for wrong in ["0.9..0.8", "1..", "LSTM", "NaN", "inf"] {
            assert_eq!(key(&number, &[("ask_answer", wrong)]), (None, 1), "{wrong}");
        }
        assert_eq!(key(&choice, &[("ask_answer", "LSTM")]), (Some(RightAnswer::Choice("LSTM".into())), 0));
        assert_eq!(key(&choice, &[("ask_answer", "largest")]), (Some(RightAnswer::Largest), 0));
        assert_eq!(key(&choice[..3], &[("ask_answer", "largest")]), (None, 1));
        assert_eq!(key(&choice, &[("ask_answer", "GRU")]), (None, 1));
        assert_eq!(key(&curve, &[("ask_answer", "measured")]), (Some(RightAnswer::Measured), 0));
        assert_eq!(key(&curve, &[("ask_answer", "0.5")]), (None, 1));
        assert_eq!(key(&number, &[("ask_tolerance", "0.1")]), (None, 1));
    }

    #[test]
    fn a_question_without_a_name_gets_one_that_follows_from_it() {
        let name = |text: &'static str, more: &[(&'static str, &'static str)]| {
            let base = [("ask", text), ("ask_guess", "number"), ("ask_metric", "loss")];
            ask(&[&base, more].concat()).0.expect("asked").name()
        };
        assert_eq!(
            name("How much?", &[]),
            name("How much?", &[("ask_answer", "3"), ("ask_feedback", "none")])
        );
        assert_ne!(name("How much?", &[]), name("How many?", &[]));
        assert_eq!(name("How much?", &[("ask_id", "q1")]), "q1");
    }

    #[test]
    fn options_are_trimmed_and_unique() {
        let (question, _) =
            ask(&[("ask", "Which?"), ("ask_guess", "choice"), ("ask_options", " RNN |LSTM||RNN")]);
        assert_eq!(question.expect("asked").guess, Guess::Choice(vec!["RNN".into(), "LSTM".into()]));
    }
}
