//! The numbers of section 1.

use super::{Config, NetRecord, Record, chance, params_formula, rank_bound};
use crate::core::metric::Metric;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let [linear, activated] = &record.arms;
    let loss = |net: &NetRecord| net.losses.recent_mean(20);
    let guess = format!("chance level: {}", chance(config.dataset));
    let collapse = record.collapse.as_deref();
    let output = collapse.and_then(|collapse| collapse.layers.last());
    let edits: u32 = record.arms.iter().filter_map(|net| net.snapshot.as_ref()).map(|net| net.edits).sum();
    vec![
        Metric::new("loss_linear", "Loss, linear", loss(linear)).unit("nats").note("mean of 20 steps"),
        Metric::new("loss_activated", "Loss, non-linear", loss(activated))
            .unit("nats")
            .note("mean of 20 steps"),
        Metric::new("accuracy_linear", "Test accuracy, linear", linear.accuracy()).note(guess.clone()),
        Metric::new("accuracy_activated", "Test accuracy, non-linear", activated.accuracy()).note(guess),
        Metric::new("rank_linear", "Rank, linear network", output.map(|o| o.linear.rank.into())),
        Metric::new("rank_activated", "Rank, non-linear network", output.map(|o| o.activated.rank.into())),
        Metric::new("rank_bound", "Bound, linear network", f64::from(rank_bound(config))).note("closed form"),
        Metric::new(
            "collapse_max_abs_diff",
            "Linear network vs. single matrix",
            collapse.map(|c| c.max_abs_diff),
        )
        .digits(2)
        .note("max |difference|"),
        Metric::new("grad_ratio_linear", "First layer / last, linear", linear.gradient_ratio())
            .digits(2)
            .note("gradient norms at the start"),
        Metric::new("grad_ratio_activated", "First layer / last, non-linear", activated.gradient_ratio())
            .digits(2)
            .note("gradient norms at the start"),
        Metric::new("params_formula", "Formula", params_formula(config) as f64).count().note("closed form"),
        Metric::new("params_counted", "Counted in the model", record.params_counted.map(f64::from)).count(),
        Metric::new("params_edited", "Changed by hand", f64::from(edits)).count().note("weights and biases"),
    ]
}
