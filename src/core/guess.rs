//! Predictions, and the keys that grade them.
//!
//! `tests/coursework/grading.json` has cases that the Python package grades the same way.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A student's prediction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Guessed {
    /// A number.
    Number(f64),
    /// One of the offered answers.
    Choice(String),
    /// Fractions of the run and values.
    Curve(Vec<(f64, f64)>),
}

/// The right answer to a question.
#[derive(Clone, Debug, PartialEq)]
pub enum RightAnswer {
    /// This number, within the tolerance.
    Number(f64),
    /// Any number from the first to the second.
    Range(f64, f64),
    /// The measured number or curve, within the tolerance.
    Measured,
    /// The option with this text.
    Choice(String),
    /// The option whose metric is the largest.
    Largest,
    /// The option whose metric is the smallest.
    Smallest,
}

/// The time at which a student learns whether the prediction was right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feedback {
    /// After the prediction, if the right answer needs no run.
    Now,
    /// After the run.
    #[default]
    AfterRun,
    /// Never on this page.
    None,
}

impl Feedback {
    /// All values, with their names in addresses.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Now, "now"), (Self::AfterRun, "run"), (Self::None, "none")];

    /// Returns the name in addresses.
    pub fn slug(self) -> &'static str {
        Self::ALL.iter().find(|(one, _)| *one == self).map_or("run", |(_, slug)| slug)
    }
}

/// The key by which a prediction is graded.
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerKey {
    /// The right answer.
    pub right: RightAnswer,
    /// The maximum distance of a right number, in its unit, or the maximum mean distance of a right curve; `None` for the
    /// default.
    pub tolerance: Option<f64>,
}

/// The grade of a prediction in one word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// Right for every seed.
    Right,
    /// Right for some seeds.
    Partly,
    /// Right for no seed.
    Wrong,
    /// There is no key, or nothing was measured.
    #[default]
    Open,
}

impl Grade {
    /// Returns the name in files and messages.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::Right => "right",
            Self::Partly => "partly",
            Self::Wrong => "wrong",
            Self::Open => "open",
        }
    }
}

/// The comparison of a prediction with the measurement, or with the key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The grade.
    #[serde(default, rename = "result")]
    pub grade: Grade,
    /// The score from 0 to 1; `None` if the grade is open.
    #[serde(default)]
    pub score: Option<f64>,
    /// The distance of a predicted number from the right one; of a curve, the mean distance.
    #[serde(default)]
    pub off: Option<f64>,
    /// The number of seeds that were measured.
    #[serde(default)]
    pub seeds: usize,
    /// The number of seeds for which the prediction is right, if each seed was graded.
    #[serde(default)]
    pub right: Option<usize>,
}

/// The measurements that a question asks for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Measured<'a> {
    /// The metrics of the question, in its order; `None` for one that was not measured.
    pub numbers: &'a [Option<f64>],
    /// The predicted curve, as steps and values.
    pub curve: Option<&'a [(f64, f64)]>,
    /// The offered answers, in the order of the metrics.
    pub options: &'a [String],
    /// The length of the axis on which a curve was drawn.
    pub axis: f64,
    /// The number of seeds.
    pub seeds: usize,
}

/// The tolerance of a number without one, as a fraction of the right number.
const TOLERANCE: f64 = 0.05;
/// The tolerance of a curve without one, as a fraction of the axis.
const CURVE_TOLERANCE: f64 = 0.1;
/// The allowance for numbers at the edge of a tolerance: 0.95 counts as within 0.05 of 0.9.
const ROUNDING: f64 = 1e-9;

impl AnswerKey {
    /// Returns true if the right answer is known without a run.
    pub const fn is_fixed(&self) -> bool {
        matches!(self.right, RightAnswer::Number(_) | RightAnswer::Range(..) | RightAnswer::Choice(_))
    }

    /// Returns the right answer as an address has it.
    pub fn slug(&self) -> Cow<'static, str> {
        match &self.right {
            RightAnswer::Number(number) => number.to_string().into(),
            RightAnswer::Range(low, high) => format!("{low}..{high}").into(),
            RightAnswer::Measured => "measured".into(),
            RightAnswer::Choice(words) => words.clone().into(),
            RightAnswer::Largest => "largest".into(),
            RightAnswer::Smallest => "smallest".into(),
        }
    }

    /// Returns true if the prediction is right, or `None` if that is not known: something was not measured, or the key does not
    /// fit this kind of prediction.
    fn is_right(&self, guess: &Guessed, measured: Measured<'_>, off: Option<f64>) -> Option<bool> {
        let within = |off: f64, allowed: f64| off <= allowed + ROUNDING * allowed.abs().max(1.0);
        match (guess, &self.right) {
            (Guessed::Number(number), RightAnswer::Range(low, high)) => {
                let room = ROUNDING * low.abs().max(high.abs()).max(1.0);
                Some((low - room..=high + room).contains(number))
            }
            (Guessed::Number(_), RightAnswer::Number(right)) => {
                Some(within(off?, self.tolerance.unwrap_or(TOLERANCE * right.abs())))
            }
            (Guessed::Number(_), RightAnswer::Measured) => {
                let right = measured.numbers.first().copied().flatten()?;
                Some(within(off?, self.tolerance.unwrap_or(TOLERANCE * right.abs())))
            }
            (Guessed::Choice(words), RightAnswer::Choice(right)) => Some(words == right),
            (Guessed::Choice(words), RightAnswer::Largest | RightAnswer::Smallest) => {
                let numbers: Option<Vec<f64>> = measured
                    .numbers
                    .iter()
                    .map(|number| number.filter(|number| number.is_finite()))
                    .collect();
                let numbers = numbers.filter(|numbers| numbers.len() == measured.options.len())?;
                let sign = if self.right == RightAnswer::Largest { 1.0 } else { -1.0 };
                let best = numbers.iter().map(|number| sign * number).reduce(f64::max)?;
                let at = measured.options.iter().position(|option| option == words)?;
                numbers.get(at).map(|number| sign * number == best)
            }
            (Guessed::Curve(_), RightAnswer::Measured) => {
                Some(within(off?, self.tolerance.unwrap_or(CURVE_TOLERANCE * measured.axis)))
            }
            _ => None,
        }
    }
}

/// Grades a prediction. Without a key, the grade is open; a number and a curve still get their distance.
pub fn grade(key: Option<&AnswerKey>, guess: &Guessed, measured: Measured<'_>) -> Verdict {
    let right = match key.map(|key| &key.right) {
        Some(RightAnswer::Number(right)) => Some(*right),
        Some(RightAnswer::Range(low, high)) => match guess {
            Guessed::Number(number) => Some(number.clamp(*low, *high)),
            _ => None,
        },
        _ => measured.numbers.first().copied().flatten().filter(|number| number.is_finite()),
    };
    let off = match guess {
        Guessed::Number(number) => right.map(|right| (right - number).abs()),
        Guessed::Choice(_) => None,
        Guessed::Curve(drawn) => measured.curve.and_then(|curve| mean_distance(drawn, curve)),
    };
    let is_right = key.and_then(|key| key.is_right(guess, measured, off));
    let grade = match is_right {
        Some(true) => Grade::Right,
        Some(false) => Grade::Wrong,
        None => Grade::Open,
    };
    Verdict {
        grade,
        score: is_right.map(|is_right| if is_right { 1.0 } else { 0.0 }),
        off: off.filter(|off| off.is_finite()),
        seeds: measured.seeds,
        right: None,
    }
}

/// Returns the mean vertical distance of a drawn curve, over fractions of the run, from a measured one.
pub fn mean_distance(drawn: &[(f64, f64)], measured: &[(f64, f64)]) -> Option<f64> {
    let end = measured.last().map(|(x, _)| *x).filter(|end| *end > 0.0)?;
    let distance = |(x, y): &(f64, f64)| {
        // The measured point before this one; points before the first measurement are not compared.
        let (_, before) = measured.iter().take_while(|(at, _)| *at <= x * end).last()?;
        before.is_finite().then(|| (before - y).abs())
    };
    let distances: Vec<f64> = drawn.iter().filter_map(distance).collect();
    (!distances.is_empty()).then(|| distances.iter().sum::<f64>() / distances.len() as f64)
}

#[cfg(test)]
mod tests {
    use crate::core::guess::*;

    fn number(key: &AnswerKey, guess: f64, measured: Option<f64>) -> Grade {
        let numbers = [measured];
        grade(Some(key), &Guessed::Number(guess), Measured { numbers: &numbers, ..Measured::default() }).grade
    }

    #[test]
    fn numbers_are_graded_by_their_distance() {
        let key = |right, tolerance| AnswerKey { right, tolerance };
        assert_eq!(number(&key(RightAnswer::Number(0.9), Some(0.05)), 0.95, None), Grade::Right);
        assert_eq!(number(&key(RightAnswer::Number(0.9), None), 0.95, None), Grade::Wrong);
        assert_eq!(number(&key(RightAnswer::Range(0.85, 0.95), None), 0.85, None), Grade::Right);
        assert_eq!(number(&key(RightAnswer::Measured, Some(0.1)), 0.5, Some(0.55)), Grade::Right);
        assert_eq!(number(&key(RightAnswer::Measured, Some(0.1)), 0.5, Some(0.75)), Grade::Wrong);
        assert_eq!(number(&key(RightAnswer::Measured, Some(0.1)), 0.5, Some(f64::NAN)), Grade::Open);
        assert_eq!(number(&key(RightAnswer::Choice("a".into()), None), 0.5, None), Grade::Open);
    }

    #[test]
    fn a_choice_may_be_graded_by_its_metric() {
        let options = ["RNN".to_owned(), "LSTM".to_owned()];
        let of = |right: RightAnswer, words: &str, numbers: &[Option<f64>]| {
            let measured = Measured { numbers, options: &options, ..Measured::default() };
            grade(Some(&AnswerKey { right, tolerance: None }), &Guessed::Choice(words.to_owned()), measured)
                .grade
        };
        assert_eq!(of(RightAnswer::Largest, "LSTM", &[Some(0.1), Some(0.9)]), Grade::Right);
        assert_eq!(of(RightAnswer::Smallest, "LSTM", &[Some(0.1), Some(0.9)]), Grade::Wrong);
        assert_eq!(of(RightAnswer::Largest, "RNN", &[Some(0.5), Some(0.5)]), Grade::Right, "a tie");
        assert_eq!(of(RightAnswer::Largest, "RNN", &[Some(0.5), None]), Grade::Open);
        assert_eq!(of(RightAnswer::Choice("RNN".into()), "RNN", &[]), Grade::Right);
    }

    #[test]
    fn a_drawn_curve_is_compared_with_the_latest_measurement_before_each_point() {
        let drawn = [(0.0, 9.0), (0.5, 2.0), (1.0, 2.0)];
        let measured = [(1.0, 4.0), (5.0, 3.0), (10.0, 1.0)];
        assert_eq!(mean_distance(&drawn, &measured), Some(1.0));
        assert_eq!(mean_distance(&drawn, &[]), None);
        let measured = Measured { curve: Some(&measured), axis: 10.0, ..Measured::default() };
        let key = AnswerKey { right: RightAnswer::Measured, tolerance: None };
        assert_eq!(grade(Some(&key), &Guessed::Curve(drawn.to_vec()), measured).grade, Grade::Right);
    }
}
