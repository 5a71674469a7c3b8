//! The metrics of section 1.

use super::{
    Config, LINEAR, Mlp, NONLINEAR, Record, ReluSum, chance, error_bound, params_formula, rank_bound,
};
use crate::core::metric::Metric;
use crate::run::Experiment;
use crate::run::arm::per_arm;

pub(super) fn metrics(config: &Config, record: &Record) -> Vec<Metric> {
    let (arms, nets) = (Mlp::ARMS, &record.arms);
    let chance_level = format!("chance level: {}", chance(config.dataset));
    let constructed = ReluSum::interpolating(config.target, config.pieces);
    let trained = record.pieces.as_ref().map(|pieces| pieces.sum.max_error(config.target));
    let collapse = record.collapse.as_deref();
    let output = collapse.and_then(|collapse| collapse.layers.last());
    let difference = collapse.map(|c| c.max_abs_diff);
    let edits: u32 = nets.iter().filter_map(|net| net.snapshot.as_ref()).map(|net| net.edits).sum();
    let mut metrics = per_arm(arms, nets, |arm, net| {
        let accuracy = arm.metric("accuracy", "Test accuracy", net.accuracy());
        [arm.loss(&net.losses, 20), accuracy.note(chance_level.clone())]
    });
    let pieces_error = constructed.max_error(config.target);
    metrics.extend([
        Metric::new("pieces_error", "Maximum error, by formula", pieces_error).note("closed form"),
        Metric::new("pieces_bound", "Bound, by formula", error_bound(config.target, config.pieces))
            .note("closed form"),
        Metric::new("pieces_trained_error", "Maximum error, trained", trained)
            .note("after 1,000 steps of Adam"),
        Metric::new("rank_linear", "Rank, linear network", output.map(|o| o.linear.rank.into())),
        Metric::new("rank_activated", "Rank, non-linear network", output.map(|o| o.nonlinear.rank.into())),
        Metric::new("rank_bound", "Bound, linear network", f64::from(rank_bound(config))).note("closed form"),
        Metric::new("collapse_max_abs_diff", "Linear network vs. single layer", difference)
            .digits(2)
            .note("max |difference|"),
    ]);
    let ratios = [LINEAR, NONLINEAR].map(|arm| record.gradient_ratio(arm));
    metrics.extend(per_arm(arms, &ratios, |arm, ratio| {
        let ratio = arm.metric("grad_ratio", "First layer / last", *ratio);
        [ratio.digits(2).note("gradient norms at the start")]
    }));
    metrics.extend([
        Metric::new("params_formula", "Formula", params_formula(config) as f64).count().note("closed form"),
        Metric::new("params_counted", "Counted in the model", record.params_counted.map(f64::from)).count(),
        Metric::new("params_edited", "Changed by hand", f64::from(edits)).count().note("weights and biases"),
    ]);
    metrics
}
