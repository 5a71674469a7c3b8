//! Predictions are graded in the same way here and in the Python package: both read the cases in
//! tests/coursework/grading.json.

use nn_lab::assignment::{Assignment, Guess};
use nn_lab::core::guess::{Guessed, Measured, Verdict, grade};
use nn_lab::core::query::Query;
use serde::Deserialize;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Case {
    name: String,
    keys: BTreeMap<String, String>,
    guess: Option<Guessed>,
    measured: Option<BTreeMap<String, Option<f64>>>,
    curve: Option<Vec<(f64, Option<f64>)>>,
    expected: Verdict,
}

#[test]
fn every_case_gets_its_grade() {
    let cases: Vec<Case> = serde_json::from_str(include_str!("coursework/grading.json")).expect("the cases");
    assert!(cases.len() > 50, "{} cases", cases.len());
    let mut wrong = Vec::new();
    for Case { name, keys, guess, measured, curve, expected } in cases {
        let query: Query = keys.into_iter().collect();
        let question = Assignment::from_query(&query).0.question.expect("a question");
        let measured = measured.unwrap_or_default();
        let numbers: Vec<Option<f64>> =
            question.metrics.iter().map(|name| measured.get(name).copied().flatten()).collect();
        let curve: Option<Vec<(f64, f64)>> =
            curve.map(|points| points.into_iter().map(|(x, y)| (x, y.unwrap_or(f64::NAN))).collect());
        let (options, axis) = match &question.guess {
            Guess::Choice(options) => (options.as_slice(), 0.0),
            Guess::Curve { low, high } => (&[][..], high - low),
            Guess::None | Guess::Number => (&[][..], 0.0),
        };
        let Some(guess) = guess else { continue };
        let measured = Measured { numbers: &numbers, curve: curve.as_deref(), options, axis, seeds: 0 };
        let found = grade(question.key.as_ref(), &guess, measured);
        let is_off_right = match (found.off, expected.off) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-9,
            (found, expected) => found == expected,
        };
        if (found.grade, found.score) != (expected.grade, expected.score) || !is_off_right {
            wrong.push(format!("{name}: {found:?}, expected {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
