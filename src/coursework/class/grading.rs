//! Grading again with the keys of a lesson, and settings that differ from the lesson's.

use crate::assignment::{Guess, Question};
use crate::core::guess::{Measured, Verdict, grade};
use crate::core::query::Query;
use crate::core::schema::Values;
use crate::coursework::class::catalog::SectionInfo;
use crate::coursework::lesson::Item;
use crate::coursework::sheet::{Attempt, Outcome};

/// Grades an attempt with the key of a question. `None` if there is no prediction.
pub fn graded(question: &Question, attempt: &Attempt) -> Option<Verdict> {
    let guess = attempt.guess.as_ref()?;
    let outcome = attempt.outcome.as_ref();
    let number = |name: &String| outcome.and_then(|outcome| outcome.measured.get(name).copied().flatten());
    let numbers: Vec<Option<f64>> = question.metrics.iter().map(number).collect();
    let curve = outcome.and_then(curve_of);
    let (options, axis) = match &question.guess {
        Guess::Choice(options) => (options.as_slice(), 0.0),
        Guess::Curve { low, high } => (&[][..], high - low),
        Guess::None | Guess::Number => (&[][..], 0.0),
    };
    let measured = Measured {
        numbers: &numbers,
        curve: curve.as_deref(),
        options,
        axis,
        seeds: outcome.map_or(0, |outcome| outcome.seeds as usize),
    };
    Some(grade(question.key.as_ref(), guess, measured))
}

/// Returns the measured curve. Values that are not finite are NaN.
pub fn curve_of(outcome: &Outcome) -> Option<Vec<(f64, f64)>> {
    let curve = outcome.curve.as_ref()?;
    Some(curve.iter().map(|(x, y)| (*x, y.unwrap_or(f64::NAN))).collect())
}

/// Returns the settings that an item of a lesson asks for.
pub fn expected(section: &SectionInfo, item: &Item) -> Values {
    let experiment = item.experiment(|name| section.experiment(name).is_some());
    let (_, base, _) = section.schema.base(&item.keys);
    let base = match experiment.and_then(|name| section.experiment(&name)) {
        Some((_, info)) => section.schema.read(&base, &info.values.iter().copied().collect()).0,
        None => base,
    };
    section.schema.read(&base, &item.keys).0
}

/// Returns the settings of a run that differ from those of the lesson. The seed counts only if the lesson sets it.
pub fn differences(section: &SectionInfo, item: &Item, settings: &Values) -> Query {
    if settings.is_empty() {
        return Query::default();
    }
    let Ok(values) = section.settings(settings) else { return Query::default() };
    let sets_seed = item.keys.get("seed").is_some();
    section.schema.difference(&values, &expected(section, item)).keep(|key| key != "seed" || sets_seed)
}
