//! The report of a prediction to the embedding page: the prediction, and after the run its comparison with the
//! measurement. Everything that a gradebook needs is in it as data.

use crate::assignment::{Answer, Question};
use crate::core::schema::Values;
use crate::core::sweep::seed;
use crate::saved_runs::{DeviceUsed, Timestamp};
use serde::Serialize;
use serde_json::{Map, Value};
use std::rc::Rc;

/// The comparison of a prediction with the measurement.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(in crate::panel) struct Verdict {
    /// The number of seeds that give an answer.
    pub(in crate::panel) seeds: usize,
    /// The number of seeds for which the chosen answer is right; `None` if no answer is known to be right.
    pub(in crate::panel) right: Option<usize>,
    /// The distance of a predicted number from the nearest measured one; of a curve, the mean distance.
    pub(in crate::panel) off: Option<f64>,
}

/// The result of the run that answers a question.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panel) struct Outcome {
    /// The measured numbers, by name.
    pub(in crate::panel) numbers: Map<String, Value>,
    pub(in crate::panel) verdict: Verdict,
}

/// The state of the panel that a report quotes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReportContext {
    /// The section.
    pub(super) section: &'static str,
    /// The open experiment, if there is one.
    pub(super) experiment: Option<&'static str>,
    /// The settings of the run.
    pub(super) config: Rc<Values>,
    /// The number of seeds of the run.
    pub(super) seeds: u32,
    /// The device of the run, if it is known already.
    pub(super) device: Option<DeviceUsed>,
}

#[derive(Serialize)]
struct Report<'a> {
    id: &'a str,
    question: &'a str,
    guess: &'a Answer,
    attempt: u32,
    outcome: Option<&'a Map<String, Value>>,
    verdict: Option<&'a Verdict>,
    settings: &'a Values,
    seed: u64,
    seeds: u32,
    device: Option<&'a DeviceUsed>,
    time: String,
    lab: &'static str,
}

impl ReportContext {
    /// Returns the id of the question: `rnn/forget-bias` for an experiment, otherwise `rnn/ask`.
    pub(super) fn id(&self) -> String {
        format!("{}/{}", self.section, self.experiment.unwrap_or("ask"))
    }

    /// Returns the message `guess`, with `null` for the outcome until there is one.
    pub(super) fn message(
        &self,
        (question, guess, attempt): (&Question, &Answer, u32),
        outcome: Option<&Outcome>,
        now: Timestamp,
    ) -> Value {
        let report = Report {
            id: &self.id(),
            question: &question.text,
            guess,
            attempt,
            outcome: outcome.map(|outcome| &outcome.numbers),
            verdict: outcome.map(|outcome| &outcome.verdict),
            settings: &self.config,
            seed: seed(&self.config),
            seeds: self.seeds,
            device: self.device.as_ref(),
            time: now.to_string(),
            lab: env!("CARGO_PKG_VERSION"),
        };
        serde_json::to_value(report).unwrap_or_default()
    }
}

/// Returns the verdict on the prediction of an assignment's question, whose right answer the panel does not
/// know. `measured` is the first metric of the question.
pub(super) fn verdict(
    guess: &Answer,
    seeds: u32,
    measured: Option<f64>,
    curve: Option<&[(f64, f64)]>,
) -> Verdict {
    let off = match guess {
        Answer::Number(number) => measured.map(|measured| (measured - number).abs()),
        Answer::Choice(_) => None,
        Answer::Curve(drawn) => curve.and_then(|curve| mean_distance(drawn, curve)),
    };
    Verdict { seeds: seeds as usize, right: None, off }
}

/// Returns the mean vertical distance of a drawn curve, over fractions of the run, from a measured one.
pub(in crate::panel) fn mean_distance(drawn: &[(f64, f64)], measured: &[(f64, f64)]) -> Option<f64> {
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
    use crate::assignment::Guess;
    use crate::panel::run_panel::report::*;
    use serde_json::json;

    #[test]
    fn a_report_has_everything_that_a_gradebook_needs() {
        let context = ReportContext {
            section: "rnn",
            experiment: Some("forget-bias"),
            config: Rc::new(Map::from_iter([
                ("seed".to_owned(), json!(7)),
                ("seq_len".to_owned(), json!(20)),
            ])),
            seeds: 3,
            device: None,
        };
        let question = Question { text: "Which?".to_owned(), guess: Guess::Number, metrics: Vec::new() };
        let guess = Answer::Number(0.5);
        let asked = (&question, &guess, 2);
        let before = context.message(asked, None, Timestamp(0));
        assert_eq!((&before["outcome"], &before["verdict"]), (&Value::Null, &Value::Null));
        let outcome = Outcome {
            numbers: Map::from_iter([("accuracy".to_owned(), json!(0.75))]),
            verdict: verdict(&guess, 3, Some(0.75), None),
        };
        let after = context.message(asked, Some(&outcome), Timestamp(0));
        assert_eq!(
            after,
            json!({
                "id": "rnn/forget-bias", "question": "Which?", "guess": {"number": 0.5}, "attempt": 2,
                "outcome": {"accuracy": 0.75}, "verdict": {"seeds": 3, "right": null, "off": 0.25},
                "settings": {"seed": 7, "seq_len": 20}, "seed": 7, "seeds": 3, "device": null,
                "time": "1970-01-01T00:00:00.000Z", "lab": env!("CARGO_PKG_VERSION"),
            })
        );
    }

    #[test]
    fn a_drawn_curve_is_compared_with_the_latest_measurement_before_each_point() {
        let drawn = [(0.0, 9.0), (0.5, 2.0), (1.0, 2.0)];
        let measured = [(1.0, 4.0), (5.0, 3.0), (10.0, 1.0)];
        assert_eq!(mean_distance(&drawn, &measured), Some(1.0));
        assert_eq!(mean_distance(&drawn, &[]), None);
    }
}
