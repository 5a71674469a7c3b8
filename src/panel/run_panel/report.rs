//! The report of a prediction to the embedding page: the prediction, and after the run its comparison with the
//! measurement. Everything that a gradebook needs is in it as data.

use crate::core::schema::Values;
use crate::core::sweep::seed;
use crate::coursework::{Asked, Attempt, Outcome};
use crate::panel::now;
use crate::panel::work::Work;
use crate::saved_runs::{DeviceUsed, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The state of the panel that a report quotes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ReportContext {
    /// The settings of the run.
    pub(super) config: Rc<Values>,
    /// The number of seeds of the run.
    pub(super) seeds: u32,
    /// The device of the run, if it is known already.
    pub(super) device: Option<DeviceUsed>,
}

impl ReportContext {
    /// Returns an outcome of a run with these settings, without its verdict.
    pub(super) fn outcome(&self, measured: BTreeMap<String, Option<f64>>, now: Timestamp) -> Outcome {
        Outcome {
            measured,
            settings: (*self.config).clone(),
            seed: seed(&self.config),
            seeds: self.seeds,
            device: self.device.clone(),
            ..Outcome::at(now)
        }
    }

    /// Returns the message `guess` or `outcome` about the latest attempt, with `null` for the outcome until there is one.
    pub(super) fn message(&self, asked: &Asked, (attempt, number): (&Attempt, usize), work: &Work) -> Value {
        let outcome = attempt.outcome.as_ref();
        let numbers = outcome.map(|outcome| &outcome.measured);
        json!({
            "id": asked.id,
            "question": asked.question,
            "guess": attempt.guess,
            "attempt": number,
            "outcome": numbers,
            "verdict": outcome.map(|outcome| &outcome.verdict),
            "settings": outcome.map_or(&*self.config, |outcome| &outcome.settings),
            "seed": outcome.map_or_else(|| seed(&self.config), |outcome| outcome.seed),
            "seeds": outcome.map_or(self.seeds, |outcome| outcome.seeds),
            "device": outcome.map_or(self.device.as_ref(), |outcome| outcome.device.as_ref()),
            "time": outcome.map_or(attempt.time, |outcome| outcome.time).to_string(),
            "lab": env!("CARGO_PKG_VERSION"),
            "lesson": work.sheet.lesson.as_ref().map(|lesson| &lesson.id),
            "record": work.sheet.to_value(now()),
        })
    }
}
