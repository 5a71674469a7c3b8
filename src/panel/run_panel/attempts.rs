//! The attempts at the question of a panel, which are kept in the answer sheet.

use crate::assignment::{Assignment, Guess, Question};
use crate::core::guess::{Feedback, Guessed, Measured, grade};
use crate::coursework::{Asked, Attempt, Outcome, WorkKind};
use crate::panel::run_panel::measured::named_metrics;
use crate::panel::run_panel::props::RunPanelProps;
use crate::panel::run_panel::report::ReportContext;
use crate::panel::work::{Work, attempt_id};
use crate::panel::{RunView, now};
use crate::protocol::RunState;
use serde_json::Value;
use std::collections::BTreeMap;
use yew::prelude::*;

/// The maximum number of points of a measured curve in an answer sheet.
const MAX_POINTS: usize = 60;

/// The question of a panel with the reader's attempts.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::panel) struct Attempts {
    /// The question, if it asks for a prediction.
    pub(in crate::panel) asked: Option<Asked>,
    /// The latest attempt; `None` before the first one, and while the reader predicts again.
    pub(in crate::panel) latest: Option<Attempt>,
    /// The number of attempts so far.
    pub(in crate::panel) count: usize,
    /// The first guess, if there are several attempts.
    pub(in crate::panel) first: Option<Guessed>,
    /// The number of the run at the time of the prediction. Its result is not compared with the prediction.
    pub(in crate::panel) before: u32,
    /// Submits a prediction, or withdraws it.
    pub(in crate::panel) on_answer: Callback<Option<Guessed>>,
}

impl Attempts {
    /// Returns the prediction.
    pub(in crate::panel) fn guess(&self) -> Option<Guessed> {
        self.latest.as_ref()?.guess.clone()
    }

    /// Returns the result of the latest attempt.
    pub(in crate::panel) fn outcome(&self) -> Option<&Outcome> {
        self.latest.as_ref()?.outcome.as_ref()
    }
}

/// Returns the attempts at a question. Those of an earlier visit count.
#[hook]
pub(super) fn use_attempts(
    props: &RunPanelProps,
    assignment: &Assignment,
    question: Option<&Question>,
    report: &ReportContext,
) -> Attempts {
    let work = &props.work;
    let asks = question.filter(|question| question.guess != Guess::None);
    let asked = asks.map(|question| asked(props, question));
    let answered = asked.as_ref().and_then(|asked| work.sheet.get(&asked.id));
    let last = answered.and_then(|answered| answered.last());
    // The attempt after which the reader wants to predict again.
    let reopened = use_state_eq(|| None::<String>);
    let before = use_state_eq(|| props.run);
    let latest = last.filter(|attempt| reopened.as_ref() != Some(&attempt.id)).cloned();
    let on_answer = {
        let (reopened, before, run) = (reopened.setter(), before.setter(), props.run);
        let (asked, work, last) = (asked.clone(), work.clone(), last.map(|attempt| attempt.id.clone()));
        let fixed = asks.cloned().filter(|question| {
            let is_fixed = question.key.as_ref().is_some_and(|key| key.is_fixed());
            // Without Train, no run will come.
            is_fixed && (question.feedback == Feedback::Now || assignment.hides("train"))
        });
        Callback::from(move |guess: Option<Guessed>| {
            before.set(run);
            let (Some(guess), Some(asked)) = (guess, asked.clone()) else {
                reopened.set(last.clone());
                return;
            };
            let verdict =
                fixed.as_ref().map(|question| grade(question.key.as_ref(), &guess, Measured::default()));
            let outcome = verdict.map(|verdict| Outcome { verdict, ..Outcome::at(now()) });
            let attempt = Attempt { id: attempt_id(), time: now(), guess: Some(guess), outcome };
            work.change(move |sheet| sheet.add(&asked, attempt.clone()));
        })
    };
    let attempts = Attempts {
        count: answered.map_or(0, |answered| answered.attempts.len()),
        first: answered
            .filter(|answered| answered.attempts.len() > 1)
            .and_then(|all| all.first()?.guess.clone()),
        before: *before,
        asked,
        latest,
        on_answer,
    };
    use_settled(props, &attempts, question, report);
    attempts
}

/// Gives the result of a complete run to the attempts that wait for one. An experiment tells its own result.
#[hook]
fn use_settled(
    props: &RunPanelProps,
    attempts: &Attempts,
    question: Option<&Question>,
    report: &ReportContext,
) {
    let view = use_context::<RunView>();
    let is_over = props.state == RunState::Done { stopped: false } && props.run != attempts.before;
    let waits = attempts
        .latest
        .as_ref()
        .is_some_and(|attempt| attempt.outcome.as_ref().is_none_or(|outcome| !outcome.is_measured()));
    let is_question = attempts.asked.as_ref().is_some_and(|asked| asked.kind == WorkKind::Question);
    let settles = is_question && waits && is_over;
    use_effect_with((settles, attempts.asked.clone()), {
        let (question, report) = (question.cloned(), report.clone());
        let (work, series) = (props.work.clone(), props.series.clone());
        move |(settles, asked)| {
            if let (true, Some(asked), Some(question)) = (*settles, asked, question) {
                let measured =
                    named_metrics(view.as_ref(), |name| question.metrics.iter().any(|one| one == name));
                let measured = measured.into_iter().map(|(name, value)| (name, value.as_f64())).collect();
                let first = question.metrics.first().cloned().unwrap_or_default();
                let is_curve = matches!(question.guess, Guess::Curve { .. });
                let all = if is_curve { series.emit(()) } else { Vec::new() };
                let curve = all.into_iter().find(|curve| curve.metric == *first).map(|curve| curve.points);
                settle(&work, asked, &question, &report, (measured, curve.as_deref().map(Vec::as_slice)));
            }
        }
    });
}

/// The measured numbers, by name, and the measured curve.
type Found<'a> = (BTreeMap<String, Option<f64>>, Option<&'a [(f64, f64)]>);

fn settle(
    work: &Work,
    asked: &Asked,
    question: &Question,
    report: &ReportContext,
    (measured, curve): Found<'_>,
) {
    let numbers: Vec<Option<f64>> =
        question.metrics.iter().map(|name| measured.get(name).copied().flatten()).collect();
    let base = Outcome { curve: curve.map(thinned), ..report.outcome(measured, now()) };
    // Graded as recorded, so that a class view, which has only the record, agrees.
    let recorded = |(x, y): &(f64, Option<f64>)| (*x, y.unwrap_or(f64::NAN));
    let curve: Option<Vec<_>> = base.curve.as_ref().map(|points| points.iter().map(recorded).collect());
    let (question, id) = (question.clone(), asked.id.clone());
    work.change(move |sheet| {
        sheet.settle(&id, |guess| {
            let (options, axis) = match &question.guess {
                Guess::Choice(options) => (options.as_slice(), 0.0),
                Guess::Curve { low, high } => (&[][..], high - low),
                Guess::None | Guess::Number => (&[][..], 0.0),
            };
            let seeds = base.seeds as usize;
            let measured = Measured { numbers: &numbers, curve: curve.as_deref(), options, axis, seeds };
            let verdict =
                guess.map(|guess| grade(question.key.as_ref(), guess, measured)).unwrap_or_default();
            Outcome { verdict, ..base.clone() }
        });
    });
}

/// Returns a curve with at most [`MAX_POINTS`] points, among them the first and the last.
pub(in crate::panel) fn thinned(points: &[(f64, f64)]) -> Vec<(f64, Option<f64>)> {
    let last = points.len().saturating_sub(1);
    let every = last.div_ceil(MAX_POINTS - 1).max(1);
    let kept = points.iter().enumerate().filter(|(at, _)| at % every == 0 || *at == last);
    kept.map(|(_, (x, y))| (*x, y.is_finite().then_some(*y))).collect()
}

/// Returns the question as the answer sheet has it.
fn asked(props: &RunPanelProps, question: &Question) -> Asked {
    let (name, kind) = match &props.guided {
        Some(guided) => (guided.info.slug.to_owned(), WorkKind::Experiment),
        None => (question.name(), WorkKind::Question),
    };
    Asked {
        id: format!("{}/{name}", props.slug),
        section: props.slug.to_owned(),
        kind,
        question: question.text.clone(),
    }
}

/// Returns measured numbers as the answer sheet has them.
pub(in crate::panel) fn numbers(measured: &serde_json::Map<String, Value>) -> BTreeMap<String, Option<f64>> {
    measured.iter().map(|(name, value)| (name.clone(), value.as_f64())).collect()
}
