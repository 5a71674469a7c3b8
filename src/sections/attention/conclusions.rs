//! Sentences about a run of section 5 that depend on its measurements.

use super::{Config, OptimizerKind, Record, Task, solved_below, steps_to_solve};
use crate::core::findings::both;
use crate::core::guided::percent;

/// An accuracy above this counts as learned; chance is 1/8.
const LEARNED: f64 = 0.9;

/// Shown in place of measurements of the scale while the run compares numbers of heads.
const OTHER_TASK: &str = "The run is set up for two look-ups, where both networks scale their scores.";

fn optimizer(config: &Config) -> &'static str {
    match config.optimizer {
        OptimizerKind::Adam => "Adam",
        OptimizerKind::Momentum => "SGD with momentum",
        OptimizerKind::Sgd => "plain SGD",
    }
}

/// Returns the entropies of the weights before the first step.
pub fn start_measured(config: &Config, record: &Record) -> String {
    if config.task != Task::LookUp {
        return OTHER_TASK.to_owned();
    }
    let first = both(|arm| record.arms[arm].entropy.first().map(|(_, entropy)| *entropy));
    first.map_or_else(
        || "Press Train to measure the entropies at the start.".to_owned(),
        |[scaled, unscaled]| {
            let uniform = f64::from(config.n_tokens).ln();
            format!(
                "In this run (d_k = {}, σ = {}) the mean entropy starts at {unscaled:.2} nats without the scale and {scaled:.2} with it. The maximum is {uniform:.2}.",
                config.d_k, config.sigma
            )
        },
    )
}

/// Returns the accuracies at the end of a run, with the steps to learn.
pub fn end_measured(config: &Config, record: &Record) -> String {
    if config.task != Task::LookUp {
        return String::new();
    }
    let ended = |arm: usize| {
        let (step, accuracy) = *record.arms[arm].accuracy.last()?;
        (step >= f64::from(config.steps)).then_some(accuracy)
    };
    let Some([scaled, unscaled]) = both(ended) else {
        return "The accuracies at the end of the run will be compared here.".to_owned();
    };
    let outcome = match (scaled > LEARNED, unscaled > LEARNED) {
        (true, true) => "both networks have learned the task",
        (true, false) => "only the scaled network has learned the task",
        (false, true) => "only the unscaled network has learned the task",
        (false, false) => "neither network has learned the task",
    };
    let steps = both(|arm| steps_to_solve(&record.arms[arm].losses, solved_below(Task::LookUp))).map_or_else(
        String::new,
        |[scaled, unscaled]| {
            format!(
                " The loss was below 0.5 nats after {scaled} steps with the scale and {unscaled} without it."
            )
        },
    );
    format!(
        "After {} steps with {} the accuracy is {} with the scale and {} without it: {outcome}.{steps}",
        config.steps,
        optimizer(config),
        percent(scaled),
        percent(unscaled)
    )
}
